import { type Digest, printable } from "../model/digest.ts";
import type { EvidenceReader, Wanted } from "./evidence.ts";
import {
  bundleLayers,
  envelopeLayer,
  readSigned,
  type SignedDocument,
  simpleSigningLayer,
} from "./signed-document.ts";
import { loadSigstore } from "./sigstore.ts";
import { type Claim, signPredicateType } from "./statement.ts";
import { Unusable } from "./untrusted-json.ts";
import type { SignatureVerifier } from "./verifier.ts";

/** What was found of a verifier's signatures on one digest. */
export type Signed =
  | Good
  /** `others`: what is there, but was not asked for. */
  | { readonly kind: "absent"; readonly others: readonly string[] }
  /** Why each is not good, most frequent first; and what could not be read at all. */
  | { readonly kind: "bad"; readonly reasons: readonly string[] };

interface Good {
  readonly kind: "good";
  readonly by: string;
  readonly claim: Claim;
}

const kibi = 1024;

const mediaTypes: ReadonlyMap<string, number> = new Map([
  [simpleSigningLayer, 256 * kibi],
  [envelopeLayer, 48 * kibi * kibi],
  ...bundleLayers.map((type) => [type, 48 * kibi * kibi] as const),
]);

const artifactTypes: ReadonlySet<string> = new Set([
  ...bundleLayers,
  "application/vnd.dev.sigstore.bundle.v0.1+json",
  "application/vnd.dev.sigstore.bundle.v0.2+json",
  "application/vnd.dev.cosign.artifact.sig.v1+json",
  "application/vnd.dev.cosign.artifact.att.v1+json",
]);

/** A good signature, or attestation, of exactly `digest` by what the verifier trusts. */
export async function findSigned(
  verifier: SignatureVerifier,
  digest: Digest,
  options: { readonly reader: EvidenceReader; readonly signal: AbortSignal },
): Promise<Signed> {
  const bad: string[] = [];
  const others = new Set<string>();
  const unseen: string[] = [];
  for await (const judged of judgeSigned(verifier, digest, options)) {
    if (judged.kind === "good") return judged;
    if (judged.kind === "bad") bad.push(judged.reason);
    else if (judged.kind === "other") others.add(judged.reason);
    else unseen.push(judged.reason);
  }
  if (bad.length === 0) return { kind: "absent", others: [...unseen, ...others] };
  return { kind: "bad", reasons: [...unseen, ...counted(bad)] };
}

/** One document's signature: good, bad, not what was asked for, or out of reach. */
export type Judged = Good | { readonly kind: "bad" | "other" | "unseen"; readonly reason: string };

/** Everything that is signed beside `digest`, one after the other. */
export async function* judgeSigned(
  verifier: SignatureVerifier,
  digest: Digest,
  { reader, signal }: { readonly reader: EvidenceReader; readonly signal: AbortSignal },
): AsyncGenerator<Judged> {
  const sigstore = await loadSigstore();
  const check = sigstore.checkBy(verifier);
  for await (const found of reader.beside(digest, wantedBy(verifier), signal)) {
    if (found.kind === "trouble") {
      yield { kind: found.about === "list" ? "unseen" : "bad", reason: found.reason };
      continue;
    }
    let documents: readonly SignedDocument[];
    try {
      documents = readSigned(found.evidence, sigstore.readBundle);
    } catch (error) {
      if (!(error instanceof Unusable)) throw error;
      yield { kind: "bad", reason: error.message };
      continue;
    }
    for (const document of documents) yield judge(document);
  }

  function judge(document: SignedDocument): Judged {
    const { claim } = document;
    const other = otherThanAsked(claim, verifier);
    if (other !== undefined) return { kind: "other", reason: other };
    const problem = claimProblem(claim, digest, verifier);
    if (problem !== undefined) return { kind: "bad", reason: problem };
    const checked = check(document);
    return "by" in checked
      ? { kind: "good", by: checked.by, claim }
      : { kind: "bad", reason: checked.problem };
  }
}

function wantedBy({ predicateType }: SignatureVerifier): Wanted {
  return { tagEndings: [predicateType === undefined ? "sig" : "att"], mediaTypes, artifactTypes };
}

/** An attestation of another type says nothing of whether the one that is asked for will come. */
function otherThanAsked(claim: Claim, { predicateType }: SignatureVerifier): string | undefined {
  if (claim.kind === "image")
    return predicateType === undefined ? undefined : "a signature without attestation";
  if (claim.predicateType === (predicateType ?? signPredicateType)) return undefined;
  return `an attestation of the type ${printable(claim.predicateType)}`;
}

function claimProblem(claim: Claim, digest: Digest, { repository }: SignatureVerifier): string | undefined {
  if (claim.kind === "image" ? claim.digest !== digest : !claim.names(digest)) return "is of another digest";
  if (repository === undefined) return undefined;
  if (claim.kind !== "image") return "does not say of which repository the image is";
  if (repository.test(claim.repository)) return undefined;
  return `is for the repository "${printable(claim.repository)}", not for ${repository.shown}`;
}

export function counted(reasons: readonly string[]): string[] {
  const counts = [...Map.groupBy(reasons, (reason) => reason)].map(
    ([reason, same]) => [reason, same.length] as const,
  );
  counts.sort(([, one], [, other]) => other - one);
  return counts.map(([reason, count]) => (count === 1 ? `one ${reason}` : `each of ${count} ${reason}`));
}
