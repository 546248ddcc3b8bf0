import {
  verify as checkSignature,
  createHash,
  type KeyObject,
  timingSafeEqual,
  X509Certificate,
} from "node:crypto";
import type { Bundle } from "@sigstore/bundle";
import type { SignedEntity, Signer } from "@sigstore/verify";
import { digestOf, printable, shortDigest } from "../model/digest.ts";
import { Failure } from "../model/failure.ts";
import type { ReadBundle, SignedDocument } from "./signed-document.ts";
import type { KeylessTrust, KeyTrust, SignatureVerifier } from "./verifier.ts";

/** By whom the signature is, for people; or why it is not good, as the end of a sentence about it. */
export type Checked = { readonly by: string } | { readonly problem: string };

export type Check = (document: SignedDocument) => Checked;

export interface Sigstore {
  readonly readBundle: ReadBundle;
  /** Throws `invalid` when the trusted root cannot be used. */
  checkBy(verifier: Pick<SignatureVerifier, "name" | "trust">): Check;
}

/** The library takes a tenth of a second to load: only those who demand a signature wait for it. */
export async function loadSigstore(): Promise<Sigstore> {
  const [library, { bundleFromJSON }, { TrustedRoot }, { ed25519ph }] = await Promise.all([
    import("@sigstore/verify"),
    import("@sigstore/bundle"),
    import("@sigstore/protobuf-specs"),
    import("@noble/curves/ed25519.js"),
  ]);
  const { toSignedEntity, toTrustMaterial, VerificationError, Verifier } = library;
  const codeOf = (error: unknown) => (error instanceof VerificationError ? error.code : undefined);

  return {
    readBundle: bundleFromJSON,
    checkBy: ({ name, trust }) => (trust.kind === "key" ? byKey(trust) : keyless(name, trust)),
  };

  /** Who is named by key is trusted for all time and needs no log: what the document says of either is left aside. */
  function byKey({ key }: KeyTrust): Check {
    const root = TrustedRoot.fromJSON({ mediaType: "" });
    const material = toTrustMaterial(root, () => ({ publicKey: key, validFor: () => true }));
    const verifier = new Verifier(material, { ctlogThreshold: 0, tlogThreshold: 0, timestampThreshold: 0 });
    const by = `the key ${shortDigest(digestOf(key.export({ type: "spki", format: "der" })))}`;
    return (document) => {
      const entity: SignedEntity = {
        signature: contentOf(document),
        key: { $case: "public-key", hint: "" },
        timestamps: [],
        tlogEntries: [],
      };
      try {
        verifier.verify(entity);
        return { by };
      } catch (error) {
        return { problem: codeOf(error) === "SIGNATURE_ERROR" ? `is not by ${by}` : "cannot be read" };
      }
    };
  }

  function keyless(name: string, trust: KeylessTrust): Check {
    const verifier = new Verifier(materialOf(name, trust), {
      ctlogThreshold: trust.certificateLogEntries,
      tlogThreshold: trust.logEntries,
      timestampThreshold: trust.timestamps,
    });
    return (document) => {
      const certificate = certificateOf(document.bundle);
      if (certificate === undefined)
        return { problem: "has no certificate, so that nobody can tell whose it is" };
      let signer: Signer;
      let entity: SignedEntity | undefined;
      try {
        entity = { ...toSignedEntity(document.bundle), signature: contentOf(document) };
        signer = verifier.verify(entity);
      } catch (error) {
        return { problem: explain(codeOf(error), entity) };
      }
      if (!certificate.keyUsage?.includes(codeSigning))
        return { problem: "has a certificate that is not for signing code" };
      return checkIdentity(signer, trust);
    };
  }

  /** What is signed, by what we have read; the library would take the document's word for the digest of a bare message. */
  function contentOf({ signed, payload, signature }: SignedDocument): SignedEntity["signature"] {
    return {
      signature,
      compareSignature: (other) => same(other, signature),
      compareDigest: (digest) => isDigestOf(payload, digest),
      compareSignedDigest: (digest) => isDigestOf(signed, digest),
      verifySignature: (key) => isSignedBy(key, signed, signature),
    };
  }

  function isSignedBy(key: KeyObject, signed: Buffer, signature: Buffer): boolean {
    if (key.asymmetricKeyType !== "ed25519")
      return hashes.some((hash) => checkSignature(hash, signed, key, signature));
    // Cosign signs a hash with such keys (Ed25519ph of RFC 8032), which Node's own crypto cannot check.
    const { x = "" } = key.export({ format: "jwk" });
    return (
      signature.length === 64 &&
      (checkSignature(null, signed, key, signature) ||
        ed25519ph.verify(signature, signed, Buffer.from(x, "base64url"), { zip215: false }))
    );
  }

  function materialOf(name: string, { root }: KeylessTrust) {
    try {
      return toTrustMaterial(TrustedRoot.fromJSON(root));
    } catch (cause) {
      throw new Failure(
        "invalid",
        `verifiers.${name}.trustedRoot of the policy has a certificate or a key that cannot be read: take the document anew from where it is published`,
        { cause },
      );
    }
  }
}

// Extended key usage: https://github.com/sigstore/fulcio/blob/main/docs/certificate-specification.md
const codeSigning = "1.3.6.1.5.5.7.3.3";

// Signers take the hash that fits the curve, or SHA-256 whatever the curve, as cosign did before its version 2.5.
const hashes = ["sha256", "sha384", "sha512"] as const;

function isDigestOf(bytes: Buffer, digest: Buffer): boolean {
  const hash = hashes.find((each) => Number(each.slice(3)) === digest.length * 8);
  return hash !== undefined && same(createHash(hash).update(bytes).digest(), digest);
}

function same(one: Buffer, other: Buffer): boolean {
  return one.length === other.length && timingSafeEqual(one, other);
}

function certificateOf({ verificationMaterial: { content } }: Bundle): X509Certificate | undefined {
  const bytes =
    content.$case === "certificate"
      ? content.certificate.rawBytes
      : content.$case === "x509CertificateChain"
        ? content.x509CertificateChain.certificates[0]?.rawBytes
        : undefined;
  try {
    return bytes && new X509Certificate(bytes);
  } catch {
    return undefined;
  }
}

function checkIdentity({ identity }: Signer, { issuer, subject }: KeylessTrust): Checked {
  const name = identity?.subjectAlternativeName ?? "";
  const vouches = identity?.extensions?.issuer ?? "";
  const by = `"${printable(name)}" as known to "${printable(vouches)}"`;
  if (name !== "" && subject.test(name) && vouches !== "" && issuer.test(vouches)) return { by };
  return { problem: `is by ${by}, not by ${subject.shown} as known to ${issuer.shown}` };
}

/** The library's messages name its own terms; a certificate out of its time is worth telling from one of another root. */
function explain(code: string | undefined, entity: SignedEntity | undefined): string {
  if (code === "SIGNATURE_ERROR") return "does not match its certificate";
  if (code === "TIMESTAMP_ERROR") return "has no timestamp that the trusted root vouches for";
  if (code?.startsWith("TLOG_"))
    return "is not in a transparency log of the trusted root, as far as it shows";
  if (code !== "CERTIFICATE_ERROR" || entity === undefined) return "cannot be read";
  return isOutOfTime(entity)
    ? "has a certificate that was not valid when it was signed"
    : "has a certificate that the trusted root does not vouch for";
}

function isOutOfTime({ key, timestamps }: SignedEntity): boolean {
  if (key.$case !== "certificate") return false;
  return timestamps.some((each) => {
    const at =
      each.$case === "timestamp-authority"
        ? each.timestamp.signingTime
        : new Date(Number(each.tlogEntry.integratedTime) * 1000);
    return !key.certificate.validForDate(at);
  });
}
