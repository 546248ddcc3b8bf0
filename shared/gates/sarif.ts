import { dateOf, digestsIn, severityOf } from "./report-fields.ts";
import type { Finding, ScanReport } from "./scan-report.ts";
import { field, isObject, type JsonObject, listField, textField, Unusable } from "./untrusted-json.ts";
import type { Severity } from "./verifier.ts";

const mostRuns = 20;
const mostResults = 200_000;

export function isSarif(document: unknown): document is JsonObject {
  return isObject(document) && field(document, "version") === "2.1.0" && Object.hasOwn(document, "runs");
}

/**
 * Which image it is comes from Trivy's properties of the run, or from hashes of artifacts. Throws `Unusable`.
 * Source: https://docs.oasis-open.org/sarif/sarif/v2.1.0/sarif-v2.1.0.html
 */
export function readSarif(document: JsonObject): ScanReport {
  const runs = listField(document, "runs", mostRuns);
  if (runs.length === 0) throw new Unusable("is SARIF without a run: nothing was looked at");
  // No list of results is another thing than an empty one.
  if (runs.some((run) => !Array.isArray(field(run, "results"))))
    throw new Unusable("is SARIF of a run without results: nothing was looked at");
  if (runs.flatMap(invocationsOf).some((each) => field(each, "executionSuccessful") === false))
    throw new Unusable("is SARIF of a run that failed");
  const ids = new Set(runs.flatMap((run) => textField(run, "properties", "imageID") ?? []));
  if (ids.size > 1) throw new Unusable("is SARIF of more than one image");
  const [imageId] = ids;
  const createdAt = oldest(runs.map(timeOf));
  return {
    ...(createdAt && { createdAt }),
    ...(imageId && { imageId }),
    digests: runs.flatMap((run) => digestsIn(field(run, "properties", "repoDigests"))),
    artifacts: runs.flatMap((run) => listField(run, "artifacts", mostResults).flatMap(hashOf)),
    findings: runs.flatMap(findingsOf),
  };
}

function hashOf(artifact: unknown): string[] {
  const hash = textField(artifact, "hashes", "sha-256");
  return hash === undefined ? [] : [`sha256:${hash.toLowerCase()}`];
}

function invocationsOf(run: unknown): readonly unknown[] {
  return listField(run, "invocations", mostRuns);
}

/** When a run ended, as far as it says. */
function timeOf(run: unknown): Date | undefined {
  const times = invocationsOf(run).map(
    (each) => dateOf(field(each, "endTimeUtc")) ?? dateOf(field(each, "startTimeUtc")),
  );
  return oldest(times);
}

/** Of all of them, or of none: a report is as old as its oldest part. */
function oldest(dates: readonly (Date | undefined)[]): Date | undefined {
  const known = dates.filter((date) => date !== undefined).map((date) => date.getTime());
  return known.length === 0 || known.length < dates.length ? undefined : new Date(Math.min(...known));
}

function findingsOf(run: unknown): Finding[] {
  const rules = listField(field(run, "tool", "driver"), "rules", mostResults);
  const byId = new Map(rules.map((rule) => [textField(rule, "id"), rule]));
  return listField(run, "results", mostResults).flatMap((result) => {
    const kind = textField(result, "kind") ?? "fail";
    if (kind !== "fail" && kind !== "open" && kind !== "review") return [];
    const id = textField(result, "ruleId") ?? textField(result, "rule", "id");
    const index = field(result, "ruleIndex") ?? field(result, "rule", "index");
    const rule =
      (id === undefined ? undefined : byId.get(id)) ?? (typeof index === "number" ? rules[index] : undefined);
    const text = textField(result, "message", "text") ?? "";
    return [
      {
        id: id ?? textField(rule, "id") ?? "a finding without id",
        package: lineOf(text, "Package") ?? locationOf(result) ?? "an unnamed package",
        severity: severityOf(lineOf(text, "Severity")) ?? severityIn(rule, result),
        fix: fixIn(text),
      },
    ];
  });
}

/** A severity by name, as Trivy tags its rules, which several results of one id share; else the score that GitHub reads; else the level. */
function severityIn(rule: unknown, result: unknown): Severity {
  const tags = field(rule, "properties", "tags");
  const tagged = (Array.isArray(tags) ? tags : []).map(severityOf).find((each) => each !== undefined);
  if (tagged !== undefined) return tagged;
  const score = Number.parseFloat(String(field(rule, "properties", "security-severity")));
  if (score >= 0) return score >= 9 ? "critical" : score >= 7 ? "high" : score >= 4 ? "medium" : "low";
  const level = textField(result, "level") ?? textField(rule, "defaultConfiguration", "level") ?? "warning";
  return level === "error" ? "high" : level === "warning" ? "medium" : level === "note" ? "low" : "unknown";
}

/** Trivy's messages are lines of `Name: value`. */
function lineOf(text: string, name: string): string | undefined {
  const line = text.split("\n", 20).find((each) => each.startsWith(`${name}:`));
  return line?.slice(name.length + 1).trim();
}

function fixIn(text: string): Finding["fix"] {
  const version = lineOf(text, "Fixed Version");
  return version === undefined ? "unsaid" : version === "" ? "none" : "known";
}

function locationOf(result: unknown): string | undefined {
  const [location] = listField(result, "locations", mostResults);
  return textField(location, "physicalLocation", "artifactLocation", "uri");
}
