import type { Digest } from "../model/digest.ts";
import type { EvidenceReader, Wanted } from "./evidence.ts";
import { largestReport, readScanReport, toScanReport } from "./read-scan-report.ts";
import { dateOf } from "./report-fields.ts";
import type { ScanReport } from "./scan-report.ts";
import type { ScanReports } from "./scan-reports.ts";
import { judgeSigned } from "./signatures.ts";
import type { SubjectImage } from "./subject-images.ts";
import { Unusable } from "./untrusted-json.ts";
import type { ScanVerifier } from "./verifier.ts";

/** A report that was found for an image, or why one that was found is of no use, as the end of a sentence about it. */
export type Candidate =
  | {
      readonly kind: "report";
      readonly report: ScanReport;
      /** The digest that it was kept beside, or under. */
      readonly at: string;
      /** Whose word it is, for people. */
      readonly by: string;
    }
  | { readonly kind: "bad" | "other"; readonly reason: string };

export interface ImageToScan extends SubjectImage {
  /** The digest of its config, by which scanners know images. */
  readonly config: Digest;
}

export interface CandidateSources {
  readonly reader: EvidenceReader;
  readonly reports: ScanReports;
  readonly signal: AbortSignal;
}

/** https://github.com/sigstore/cosign/blob/main/specs/COSIGN_VULN_ATTESTATION_SPEC.md */
export const vulnerabilityType = "https://cosign.sigstore.dev/attestation/vuln/v1";

const reportTypes = ["application/sarif+json", "application/vnd.aquasec.trivy.report+json"];

// What Trivy's plugin for referrers gives reports for cosign; other documents have it, too.
const vagueType = "application/json";

const wanted: Wanted = {
  tagEndings: [],
  mediaTypes: new Map([...reportTypes, vagueType].map((type) => [type, largestReport])),
  artifactTypes: new Set([...reportTypes, vagueType]),
  // Whoever attaches a file by hand often leaves its type at some default.
  mostBytesOfArtifact: largestReport,
};

/** Every report of the image that the verifier may go by. */
export async function* candidatesFor(
  image: ImageToScan,
  { from, signedBy }: ScanVerifier,
  sources: CandidateSources,
): AsyncGenerator<Candidate> {
  let handedIn = 0;
  if (from !== "referrer") {
    for await (const candidate of uploaded(image, sources)) {
      handedIn += 1;
      yield candidate;
    }
  }
  // Upstream's own word, which it may date as it likes, stands in where ours is missing, and never against it.
  if (from === "uploaded" || (signedBy === undefined && handedIn > 0)) return;
  // A report may be kept beside the index, and name the image that it is of.
  for (const digest of [image.digest, ...image.within]) {
    yield* signedBy === undefined ? unsigned(digest, sources) : attested(digest, signedBy, sources);
  }
}

async function* uploaded(
  { digest, config }: ImageToScan,
  { reports, signal }: CandidateSources,
): AsyncGenerator<Candidate> {
  for (const at of new Set([digest, config])) {
    const found = await reports.find(at, signal);
    if (found === undefined) continue;
    yield reading({ at, by: `uploaded by ${found.by}`, createdAt: found.createdAt }, () =>
      readScanReport(found.bytes),
    );
  }
}

async function* unsigned(at: Digest, { reader, signal }: CandidateSources): AsyncGenerator<Candidate> {
  for await (const found of reader.beside(at, wanted, signal)) {
    if (found.kind === "trouble") {
      yield { kind: found.about === "list" ? "other" : "bad", reason: found.reason };
      continue;
    }
    const { bytes, createdAt, mediaType } = found.evidence;
    const read = reading({ at, by: "upstream's own word", createdAt: dateOf(createdAt) }, () =>
      readScanReport(bytes),
    );
    yield read.kind === "bad" && mediaType === vagueType
      ? { kind: "other", reason: `a document that ${read.reason}` }
      : read;
  }
}

async function* attested(
  at: Digest,
  signedBy: NonNullable<ScanVerifier["signedBy"]>,
  { reader, signal }: CandidateSources,
): AsyncGenerator<Candidate> {
  const { kind, name, trust } = signedBy;
  const verifier = { kind, name, trust, predicateType: vulnerabilityType, covers: "digest" } as const;
  for await (const judged of judgeSigned(verifier, at, { reader, signal })) {
    if (judged.kind === "bad") yield { kind: "bad", reason: judged.reason };
    else if (judged.kind !== "good") yield { kind: "other", reason: judged.reason };
    else if (judged.claim.kind === "statement") {
      const { predicate } = judged.claim;
      yield reading({ at, by: `attested by ${judged.by}`, createdAt: undefined }, () =>
        toScanReport(predicate),
      );
    }
  }
}

/** What the report says of its own time counts; whoever brought it is asked only where it is silent. */
function reading(
  { at, by, createdAt }: { readonly at: string; readonly by: string; readonly createdAt: Date | undefined },
  read: () => ScanReport,
): Candidate {
  try {
    const report = read();
    const time = report.createdAt ?? createdAt;
    return { kind: "report", at, by, report: { ...report, ...(time && { createdAt: time }) } };
  } catch (error) {
    if (error instanceof Unusable) return { kind: "bad", reason: error.message };
    throw error;
  }
}
