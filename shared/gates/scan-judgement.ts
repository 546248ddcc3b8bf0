import { shortDigest } from "../model/digest.ts";
import type { Candidate, ImageToScan } from "./scan-candidates.ts";
import { atLeast, type ScanReport, showFinding } from "./scan-report.ts";
import { counted } from "./signatures.ts";
import type { ScanVerifier } from "./verifier.ts";

/** What the reports of one image come to. */
export type Judgement =
  | { readonly kind: "good"; readonly createdAt: Date; readonly by: string }
  | { readonly kind: "absent"; readonly others: readonly string[] }
  | { readonly kind: "bad"; readonly reason: string };

const clockSkewMs = 5 * 60_000;
const mostNamed = 5;

/** The newest report that is of this image decides; those that are not say nothing for it. */
export function judgeReports(
  image: ImageToScan,
  verifier: ScanVerifier,
  { candidates, now }: { readonly candidates: readonly Candidate[]; readonly now: Date },
): Judgement {
  const bad: string[] = [];
  const others = new Set<string>();
  let newest: { readonly report: ScanReport; readonly createdAt: Date; readonly by: string } | undefined;
  for (const candidate of candidates) {
    if (candidate.kind !== "report") {
      if (candidate.kind === "bad") bad.push(candidate.reason);
      else others.add(candidate.reason);
      continue;
    }
    const { report, by, at } = candidate;
    const stranger = ofAnotherImage(report, image, at);
    const { createdAt } = report;
    if (stranger !== undefined) {
      // Reports of its sisters are kept beside an index, too.
      if (image.within.some((index) => index === at)) others.add(`a report that ${stranger}`);
      else bad.push(stranger);
    } else if (createdAt === undefined) bad.push("does not say when it was made");
    else if (createdAt.getTime() > now.getTime() + clockSkewMs)
      bad.push(`says that it was made in the future, at ${createdAt.toISOString()}`);
    else if (newest === undefined || createdAt > newest.createdAt) newest = { report, createdAt, by };
  }
  if (newest !== undefined) return judge(newest, verifier, now);
  if (bad.length === 0) return { kind: "absent", others: [...others] };
  return {
    kind: "bad",
    reason: `no report is of use: ${[...counted(bad), ...others].slice(0, mostNamed).join("; ")}`,
  };
}

function judge(
  { report, createdAt, by }: { readonly report: ScanReport; readonly createdAt: Date; readonly by: string },
  verifier: ScanVerifier,
  now: Date,
): Judgement {
  const ageMs = now.getTime() - createdAt.getTime();
  if (ageMs > verifier.maxAgeMs) {
    const reason = `the newest report (${by}) is of ${createdAt.toISOString()}, ${days(ageMs)} days old: at most ${days(verifier.maxAgeMs)} are allowed`;
    return { kind: "bad", reason };
  }
  const findings = atLeast(report, verifier);
  if (findings.length === 0) return { kind: "good", createdAt, by };
  const worst = findings.slice(0, mostNamed).map(showFinding).join(", ");
  const more = findings.length > mostNamed ? ` and ${findings.length - mostNamed} more` : "";
  return {
    kind: "bad",
    reason: `the report of ${createdAt.toISOString()} (${by}) has findings of severity ${verifier.severity} or worse: ${worst}${more}`,
  };
}

/** Why the report is not of this image, as the end of a sentence; undefined when it is. */
function ofAnotherImage(
  report: ScanReport,
  { digest, config, within }: ImageToScan,
  at: string,
): string | undefined {
  const { imageId, digests, artifacts } = report;
  const index = within.some((each) => each === at);
  if (imageId !== undefined) {
    return imageId === config || imageId === digest
      ? undefined
      : `is of another image, ${shortDigest(imageId)}`;
  }
  if (digests.some((each) => each === digest) || artifacts.includes(digest)) return undefined;
  if (digests.length > 0) return `is of another image, ${digests.map(shortDigest).slice(0, 3).join(", ")}`;
  return index ? "does not say which image of the index it is of" : undefined;
}

function days(ms: number): string {
  return String(Math.round((ms / 86_400_000) * 10) / 10);
}
