import { readScanReport } from "../../gates/read-scan-report.ts";
import { dateOf } from "../../gates/report-fields.ts";
import type { ScanReport } from "../../gates/scan-report.ts";
import { Unusable } from "../../gates/untrusted-json.ts";
import { type Severity, severities } from "../../gates/verifier.ts";
import type { Clock } from "../../model/clock.ts";
import { type Digest, isDigest, parseDigest, printable } from "../../model/digest.ts";
import { Failure } from "../../model/failure.ts";
import type { Audit } from "../../stores/audit.ts";
import type { Queues } from "../../stores/queues.ts";
import type { ScanReportStore } from "../../stores/scan-reports.ts";
import { checkReport, type ReportCheckPorts } from "./check-report.ts";

export interface AddScanReportPorts extends ReportCheckPorts {
  readonly audit: Audit;
  readonly reports: ScanReportStore;
  readonly queues: Pick<Queues, "import">;
  readonly now: Clock;
}

/** A report that somebody uploads. */
export interface ScanUpload {
  readonly bytes: Uint8Array;
  readonly actor: string;
  /** Of the image, for reports that do not say, or that say its ID alone. */
  readonly digest?: string;
  /** RFC 3339; when the report was made, for reports that do not say. */
  readonly createdAt?: string;
}

export interface AddedScanReport {
  /** SHA-256 of the report as it was uploaded. */
  readonly report: Digest;
  /** What the report is kept for: digests of manifests, and of an image's config. */
  readonly digests: readonly Digest[];
  readonly createdAt: string;
  readonly findings: Readonly<Partial<Record<Severity, number>>>;
  /** Imports that wait for a report, and look again now: whether this one is theirs, they find out themselves. */
  readonly woken: number;
  /** Why nobody could tell whether the report is of the digest that was given with it. */
  readonly unchecked?: string;
}

const mostDigests = 20;
const clockSkewMs = 5 * 60_000;

/** Keeps a report for the gate `scan`. Throws `invalid` for one that could open no gate, or is of another image than it is said to be. */
export async function addScanReport(
  { bytes, actor, digest, createdAt }: ScanUpload,
  { audit, reports, ledger, registries, queues, now }: AddScanReportPorts,
  signal: AbortSignal,
): Promise<AddedScanReport> {
  const at = now();
  const report = read(bytes);
  const made = madeAt(report, createdAt, at);
  const digests = digestsOf(report, digest);
  const unchecked =
    digest === undefined
      ? undefined
      : await checkReport(report, parseDigest(digest), { ledger, registries }, signal);
  await audit.record({ actor, action: "scan-add", subject: digests.join(" "), at }, signal);
  const id = await reports.add(digests, { bytes, by: actor, at, createdAt: made }, signal);
  const counts = severities.map((severity) => {
    return [severity, report.findings.filter((finding) => finding.severity === severity).length] as const;
  });
  return {
    report: id,
    digests,
    createdAt: made.toISOString(),
    findings: Object.fromEntries(counts.filter(([, count]) => count > 0)),
    woken: await wake({ ledger, queues }, signal),
    ...(unchecked !== undefined && { unchecked }),
  };
}

/** A report of one platform is of an index that waits, too: so all that wait for reports are sent on. */
async function wake(
  { ledger, queues }: Pick<AddScanReportPorts, "ledger" | "queues">,
  signal: AbortSignal,
): Promise<number> {
  let woken = 0;
  for await (const { record } of ledger.open(signal)) {
    if (record.state !== "waiting" || record.gates.at(-1)?.gate !== "scan") continue;
    const { watch, key, hop } = record;
    await queues.import({ watch, key, hop }, { signal });
    woken += 1;
  }
  return woken;
}

function read(bytes: Uint8Array): ScanReport {
  try {
    return readScanReport(bytes);
  } catch (error) {
    if (error instanceof Unusable) throw new Failure("invalid", `The report ${error.message}`);
    throw error;
  }
}

function madeAt(report: ScanReport, told: string | undefined, now: Date): Date {
  const made = report.createdAt ?? dateOf(told);
  if (made === undefined) {
    throw new Failure(
      "invalid",
      told === undefined
        ? "The report does not say when it was made: say so by --created-at, or ?createdAt= over HTTP, such as 2026-11-24T12:00:00Z"
        : `"${printable(told)}" is not a time: write for example 2026-11-24T12:00:00Z`,
    );
  }
  if (made.getTime() <= now.getTime() + clockSkewMs) return made;
  throw new Failure(
    "invalid",
    `The report was made in the future, at ${made.toISOString()}: look at the clock of whoever made it`,
  );
}

/** All by which the gate may look for it; a report of a child of an index is found by the child's config. */
function digestsOf({ imageId, digests }: ScanReport, named: string | undefined): readonly Digest[] {
  const all = new Set([
    ...(named === undefined ? [] : [parseDigest(named)]),
    ...[imageId ?? "", ...digests].filter((each) => isDigest(each)),
  ]);
  if (all.size > 0 && all.size <= mostDigests) return [...all];
  throw new Failure(
    "invalid",
    all.size === 0
      ? "The report does not say which image it is of: say so by --digest, or ?digest= over HTTP, with the digest of the image's manifest"
      : `The report names ${all.size} digests: at most ${mostDigests} are taken`,
  );
}
