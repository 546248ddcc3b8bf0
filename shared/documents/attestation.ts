import { algorithmOf, type Digest, hexOf, parseDigest } from "../model/digest.ts";
import { Failure } from "../model/failure.ts";
import { type Envelope, openEnvelope, parseEnvelope, signStatement } from "../signing/envelope.ts";
import type { SigningKey, VerifyingKey } from "../signing/signing-key.ts";
import { type Evidence, parseEvidence } from "./evidence.ts";

/** What the statement says of its subject: the evidence of its import. */
export const predicateType = "urn:wharfgate:import:v1";
/** Source: https://github.com/sigstore/protobuf-specs, "Sigstore bundle format" 0.3. */
export const bundleType = "application/vnd.dev.sigstore.bundle.v0.3+json";

const statementType = "https://in-toto.io/Statement/v1";
const payloadType = "application/vnd.in-toto+json";

/** An attestation that somebody trusted has signed. */
export interface Attestation {
  readonly subject: Digest;
  readonly evidence: Evidence;
  readonly key: VerifyingKey;
}

/**
 * The evidence of an image as an in-toto statement, signed, in a sigstore bundle: what `cosign verify-attestation --key` reads.
 * Source: https://github.com/in-toto/attestation/blob/main/spec/v1/statement.md
 */
export function attest(evidence: Evidence, key: SigningKey): string {
  const digest = parseDigest(evidence.digest);
  const statement = {
    _type: statementType,
    subject: [{ name: evidence.target, digest: { [algorithmOf(digest)]: hexOf(digest) } }],
    predicateType,
    predicate: evidence,
  };
  const hint = Buffer.from(hexOf(key.public.id), "hex").toString("base64");
  const envelope = signStatement(statement, { payloadType, key });
  return JSON.stringify({
    mediaType: bundleType,
    verificationMaterial: { publicKey: { hint } },
    // Cosign knows the key by no name, and passes over signatures that have one.
    dsseEnvelope: { ...envelope, signatures: envelope.signatures.map((each) => ({ ...each, keyid: "" })) },
  });
}

/** Reads a bundle, or its envelope alone. Throws `protocol` for anything else, `blocked` when nobody trusted has signed it. */
export function verifyAttestation(text: string, trusted: readonly VerifyingKey[], what: string): Attestation {
  const { statement, key } = openEnvelope(envelopeOf(text, what), { payloadType, trusted, what });
  const { _type, subject, predicateType: type, predicate } = statement as Record<string, unknown>;
  if (_type !== statementType || type !== predicateType)
    throw new Failure("protocol", `${what} is a statement of another kind: expected ${predicateType}`);
  const evidence = parseEvidence(predicate);
  const digest = parseDigest(evidence.digest);
  // Whoever reads the subject and whoever reads the predicate must not see two images.
  const named = JSON.stringify(subject);
  const expected = [{ name: evidence.target, digest: { [algorithmOf(digest)]: hexOf(digest) } }];
  if (named !== JSON.stringify(expected))
    throw new Failure("protocol", `${what} is about another image than the evidence in it`);
  return { subject: digest, evidence, key };
}

function envelopeOf(text: string, what: string): Envelope {
  let bundle: unknown;
  try {
    bundle = (JSON.parse(text) as { dsseEnvelope?: unknown } | null)?.dsseEnvelope;
  } catch (error) {
    throw new Failure("protocol", `${what} is not JSON`, { cause: error });
  }
  return parseEnvelope(bundle === undefined ? text : JSON.stringify(bundle), what);
}
