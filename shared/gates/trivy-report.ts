import { printable } from "../model/digest.ts";
import { dateOf, digestsIn, severityOf } from "./report-fields.ts";
import type { Finding, ScanReport } from "./scan-report.ts";
import { field, isObject, type JsonObject, listField, textField, Unusable } from "./untrusted-json.ts";
import type { Severity } from "./verifier.ts";

const mostResults = 10_000;
const mostFindings = 200_000;

export function isTrivy(document: unknown): document is JsonObject {
  return (
    isObject(document) && Object.hasOwn(document, "SchemaVersion") && Object.hasOwn(document, "ArtifactName")
  );
}

/**
 * Vulnerabilities, secrets and misconfigurations of a report by `trivy image --format json`. Throws `Unusable`.
 * Source: https://trivy.dev/latest/docs/configuration/reporting/#json
 */
export function readTrivy(document: JsonObject): ScanReport {
  if (field(document, "SchemaVersion") !== 2)
    throw new Unusable("is a Trivy report of another version than 2");
  if (field(document, "ArtifactType") !== "container_image")
    throw new Unusable("is a Trivy report of something else than a container image");
  const findings: Finding[] = [];
  for (const result of listField(document, "Results", mostResults)) {
    const target = textField(result, "Target") ?? "";
    for (const each of listField(result, "Vulnerabilities", mostFindings)) findings.push(vulnerability(each));
    for (const each of listField(result, "Secrets", mostFindings))
      findings.push(flaw(each, "RuleID", target));
    for (const each of listField(result, "Misconfigurations", mostFindings)) {
      if (field(each, "Status") !== "PASS") findings.push(flaw(each, "ID", target));
    }
    if (findings.length > mostFindings) throw new Unusable(`has more than ${mostFindings} findings`);
  }
  const createdAt = dateOf(field(document, "CreatedAt"));
  const imageId = textField(document, "Metadata", "ImageID");
  return {
    ...(createdAt && { createdAt }),
    ...(imageId && { imageId }),
    digests: digestsIn(field(document, "Metadata", "RepoDigests")),
    artifacts: [],
    findings,
  };
}

function vulnerability(raw: unknown): Finding {
  return {
    id: textField(raw, "VulnerabilityID") ?? "a vulnerability without id",
    package: textField(raw, "PkgName") ?? "an unnamed package",
    severity: severityIn(raw),
    fix: (textField(raw, "FixedVersion") ?? "") === "" ? "none" : "known",
  };
}

/** What the image itself does wrong can be mended by whoever makes it. */
function flaw(raw: unknown, id: string, target: string): Finding {
  return {
    id: textField(raw, id) ?? "a finding without id",
    package: target,
    severity: severityIn(raw),
    fix: "known",
  };
}

/** One that nobody can place could be the worst. */
function severityIn(raw: unknown): Severity {
  const text = field(raw, "Severity") ?? "unknown";
  const severity = severityOf(text);
  if (severity !== undefined) return severity;
  throw new Unusable(`has a finding of the severity "${printable(String(text), 40)}", which nobody knows`);
}
