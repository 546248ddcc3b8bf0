import { printable } from "../model/digest.ts";
import { type Severity, severities } from "./verifier.ts";

/** What a scanner found in one image, whatever the format of its report. */
export interface ScanReport {
  /** By the report itself; scanners differ in whether they say. */
  readonly createdAt?: Date;
  /** The digest of the image's config. */
  readonly imageId?: string;
  /** Digests of the manifest, or of an index, that the scanner was given. */
  readonly digests: readonly string[];
  /** SHA-256 digests of whatever else the report names: may be the image's, need not be. */
  readonly artifacts: readonly string[];
  readonly findings: readonly Finding[];
}

export interface Finding {
  readonly id: string;
  readonly package: string;
  readonly severity: Severity;
  readonly fix: "known" | "none" | "unsaid";
}

/** At least as bad as `threshold`, worst first. */
export function atLeast(
  { findings }: ScanReport,
  { severity, counts }: { readonly severity: Severity; readonly counts: "all" | "fixed" },
): readonly Finding[] {
  const threshold = severities.indexOf(severity);
  const found = new Map<string, Finding>();
  for (const finding of findings) {
    if (severities.indexOf(finding.severity) < threshold) continue;
    if (counts === "fixed" && finding.fix === "none") continue;
    found.set(`${finding.id} ${finding.package} ${finding.severity}`, finding);
  }
  return [...found.values()].sort(
    (one, other) => severities.indexOf(other.severity) - severities.indexOf(one.severity),
  );
}

export function showFinding({ id, package: name, severity }: Finding): string {
  return `${printable(id, 60)} in ${printable(name, 60)} (${severity})`;
}
