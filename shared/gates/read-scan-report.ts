import { dateOf } from "./report-fields.ts";
import { isSarif, readSarif } from "./sarif.ts";
import type { ScanReport } from "./scan-report.ts";
import { isTrivy, readTrivy } from "./trivy-report.ts";
import { field, readJsonObject, Unusable } from "./untrusted-json.ts";

export const largestReport = 32 * 1024 * 1024;

/** Reads a report by Trivy (JSON, also as cosign attests it) or in SARIF 2.1.0. Throws `Unusable`. */
export function readScanReport(bytes: Uint8Array): ScanReport {
  if (bytes.length > largestReport)
    throw new Unusable(`has ${bytes.length} bytes: at most ${largestReport} are read`);
  return toScanReport(readJsonObject(bytes, ""));
}

/** The same of a document that is a part of another one, such as an attestation's predicate. */
export function toScanReport(document: unknown): ScanReport {
  const result = field(document, "scanner", "result");
  return result === undefined ? toBareReport(document) : wrapped(document, result);
}

/**
 * The predicate that `trivy image --format cosign-vuln` writes.
 * Source: https://github.com/sigstore/cosign/blob/main/specs/COSIGN_VULN_ATTESTATION_SPEC.md
 */
function wrapped(predicate: unknown, result: unknown): ScanReport {
  const report = toBareReport(result);
  const createdAt = report.createdAt ?? dateOf(field(predicate, "metadata", "scanFinishedOn"));
  return { ...report, ...(createdAt && { createdAt }) };
}

function toBareReport(document: unknown): ScanReport {
  if (isTrivy(document)) return readTrivy(document);
  if (isSarif(document)) return readSarif(document);
  throw new Unusable("is neither a Trivy report (JSON) nor SARIF 2.1.0");
}
