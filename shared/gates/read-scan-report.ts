import { isSarif, readSarif } from "./sarif.ts";
import type { ScanReport } from "./scan-report.ts";
import { isTrivy, readTrivy } from "./trivy-report.ts";
import { readJsonObject, Unusable } from "./untrusted-json.ts";

export const largestReport = 32 * 1024 * 1024;

/** Reads a report by Trivy (JSON) or in SARIF 2.1.0. Throws `Unusable`. */
export function readScanReport(bytes: Uint8Array): ScanReport {
  if (bytes.length > largestReport)
    throw new Unusable(`has ${bytes.length} bytes: at most ${largestReport} are read`);
  return toScanReport(readJsonObject(bytes, ""));
}

/** The same of a document that is a part of another one. */
export function toScanReport(document: unknown): ScanReport {
  if (isTrivy(document)) return readTrivy(document);
  if (isSarif(document)) return readSarif(document);
  throw new Unusable("is neither a Trivy report (JSON) nor SARIF 2.1.0");
}
