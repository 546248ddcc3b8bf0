import { describe, expect, it } from "vitest";
import { readScanReport } from "../../shared/gates/read-scan-report.ts";
import { atLeast, showFinding } from "../../shared/gates/scan-report.ts";
import { Unusable } from "../../shared/gates/untrusted-json.ts";
import { digestOf } from "../../shared/model/digest.ts";
import { sarifReport, trivyReport, vulnerabilityPredicate } from "./reports.ts";

const image = digestOf("image");
const config = digestOf("config");
const createdAt = "2026-11-20T08:00:00.123456789Z";
const read = (document: unknown) => readScanReport(Buffer.from(JSON.stringify(document)));
const findings = [
  { id: "CVE-1", severity: "HIGH", fixed: "3.0.2" },
  { id: "CVE-2", severity: "LOW", package: "zlib" },
  { id: "CVE-3", severity: "CRITICAL" },
  { id: "CVE-3", severity: "CRITICAL" },
  { id: "CVE-4", severity: "UNKNOWN" },
];

describe.each([
  { format: "Trivy JSON", write: trivyReport },
  { format: "SARIF", write: sarifReport },
])("a report in $format", ({ write }) => {
  it("says what it is of, when it was made and what was found", () => {
    const report = read(write({ imageId: config, digests: [image], createdAt, findings }));
    expect(report).toMatchObject({ imageId: config, digests: [image], createdAt: new Date(createdAt) });
    expect(report.findings.slice(0, 3)).toEqual([
      { id: "CVE-1", package: "openssl", severity: "high", fix: "known" },
      { id: "CVE-2", package: "zlib", severity: "low", fix: "none" },
      { id: "CVE-3", package: "openssl", severity: "critical", fix: "none" },
    ]);
  });

  it("may say nothing of either", () => {
    const report = read(write({}));
    expect(report).toEqual({ digests: [], artifacts: [], findings: [] });
  });

  it.each([
    { severity: "critical", counts: "all", ids: ["CVE-3"] },
    { severity: "high", counts: "all", ids: ["CVE-3", "CVE-1"] },
    { severity: "high", counts: "fixed", ids: ["CVE-1"] },
    { severity: "low", counts: "all", ids: ["CVE-3", "CVE-1", "CVE-2"] },
    { severity: "unknown", counts: "all", ids: ["CVE-3", "CVE-1", "CVE-2", "CVE-4"] },
  ] as const)(
    "has findings of $severity or worse, worst first and each once ($counts)",
    ({ ids, ...rule }) => {
      expect(atLeast(read(write({ findings })), rule).map(({ id }) => id)).toEqual(ids);
    },
  );
});

describe("a report in Trivy JSON", () => {
  it("has secrets and failed checks, too, which whoever makes the image can mend", () => {
    const report = read({
      ...trivyReport({}),
      Results: [
        { Target: "/app/id_rsa", Secrets: [{ RuleID: "private-key", Severity: "CRITICAL" }] },
        {
          Target: "Dockerfile",
          Misconfigurations: [
            { ID: "DS-0002", Status: "FAIL", Severity: "HIGH" },
            { ID: "DS-0001", Status: "PASS", Severity: "HIGH" },
          ],
        },
      ],
    });
    expect(atLeast(report, { severity: "low", counts: "fixed" }).map(showFinding)).toEqual([
      "private-key in /app/id_rsa (critical)",
      "DS-0002 in Dockerfile (high)",
    ]);
  });
});

describe("a report in SARIF", () => {
  const run = (parts: object) => ({
    version: "2.1.0",
    runs: [{ tool: { driver: { name: "x", rules: [] } }, ...parts }],
  });
  const rule = (properties: object) => ({
    tool: { driver: { name: "x", rules: [{ id: "R", properties }] } },
  });

  it.each<{ name: string; parts: object; severity: string }>([
    {
      name: "a score of 9.8",
      parts: { ...rule({ "security-severity": "9.8" }), results: [{ ruleId: "R" }] },
      severity: "critical",
    },
    {
      name: "a score of 7.0",
      parts: { ...rule({ "security-severity": "7.0" }), results: [{ ruleIndex: 0 }] },
      severity: "high",
    },
    {
      name: "a score of 0.1",
      parts: { ...rule({ "security-severity": "0.1" }), results: [{ rule: { id: "R" } }] },
      severity: "low",
    },
    {
      name: "the rule's score as a number",
      parts: { ...rule({ "security-severity": 9.8 }), results: [{ ruleId: "R", level: "note" }] },
      severity: "critical",
    },
    { name: "the level error", parts: { results: [{ ruleId: "R", level: "error" }] }, severity: "high" },
    { name: "the level note", parts: { results: [{ ruleId: "R", level: "note" }] }, severity: "low" },
    { name: "nothing", parts: { results: [{ ruleId: "R" }] }, severity: "medium" },
    {
      name: "a rule of a prototype",
      parts: { results: [{ ruleId: "constructor", ruleIndex: 7 }] },
      severity: "medium",
    },
  ])("takes the severity from $name", ({ parts, severity }) => {
    expect(read(run(parts)).findings.map((finding) => finding.severity)).toEqual([severity]);
  });

  it("does not count what passed", () => {
    const results = [
      { ruleId: "R", kind: "pass" },
      { ruleId: "S", kind: "open" },
    ];
    expect(read(run({ results })).findings.map(({ id }) => id)).toEqual(["S"]);
  });

  it("knows artifacts by their hashes, and counts as a fix what does not say", () => {
    const report = read(
      run({
        artifacts: [{ hashes: { "sha-256": image.slice(7).toUpperCase() } }],
        results: [{ ruleId: "R", level: "error" }],
      }),
    );
    expect(report.artifacts).toEqual([image]);
    expect(atLeast(report, { severity: "high", counts: "fixed" }).length).toBe(1);
  });

  it("is as old as its oldest run, and of no age when one does not say", () => {
    const at = (endTimeUtc: string) => ({ invocations: [{ endTimeUtc }], results: [] });
    const runs = (...list: readonly object[]) => read({ version: "2.1.0", runs: list }).createdAt;
    const [old, young] = ["2026-11-01T00:00:00Z", "2026-11-20T00:00:00Z"];
    expect(runs(at(young), at(old))).toEqual(new Date(old));
    expect(runs(at(young), { results: [] })).toBeUndefined();
  });
});

describe("a report as cosign attests it", () => {
  it("is what is in it, of when the scan ended", () => {
    const predicate = vulnerabilityPredicate(
      trivyReport({ imageId: config, findings }),
      "2026-11-20T08:00:00Z",
    );
    expect(read(predicate)).toMatchObject({ imageId: config, createdAt: new Date("2026-11-20T08:00:00Z") });
    const report = trivyReport({ createdAt: "2026-11-19T08:00:00Z" });
    expect(read(vulnerabilityPredicate(report, "2026-11-20T08:00:00Z")).createdAt).toEqual(
      new Date("2026-11-19T08:00:00Z"),
    );
  });

  it("has none in it", () => {
    expect(() => read(vulnerabilityPredicate({}, "2026-11-20T08:00:00Z"))).toThrow("is neither");
    expect(() => read(vulnerabilityPredicate(vulnerabilityPredicate(trivyReport({}), ""), ""))).toThrow(
      "is neither",
    );
  });
});

describe("no report", () => {
  const deep = Array.from({ length: 10_001 }, () => ({}));
  it.each<{ name: string; document: unknown; says: string }>([
    { name: "a list", document: [], says: "is not a JSON object" },
    {
      name: "something else",
      document: { Results: [] },
      says: "is neither a Trivy report (JSON) nor SARIF 2.1.0",
    },
    { name: "another version of SARIF", document: { version: "2.0.0", runs: [] }, says: "is neither" },
    { name: "SARIF without runs", document: { version: "2.1.0", runs: [] }, says: "is SARIF without a run" },
    {
      name: "SARIF of two images",
      document: {
        version: "2.1.0",
        runs: [
          { results: [], properties: { imageID: image } },
          { results: [], properties: { imageID: config } },
        ],
      },
      says: "is SARIF of more than one image",
    },
    {
      name: "SARIF of a run without results",
      document: { version: "2.1.0", runs: [{ results: [] }, {}] },
      says: "is SARIF of a run without results",
    },
    {
      name: "SARIF of a run with results that are null",
      document: { version: "2.1.0", runs: [{ results: null }] },
      says: "is SARIF of a run without results",
    },
    {
      name: "SARIF of a scanner that failed",
      document: {
        version: "2.1.0",
        runs: [{ results: [], invocations: [{ executionSuccessful: true }, { executionSuccessful: false }] }],
      },
      says: "is SARIF of a run that failed",
    },
    {
      name: "another version of Trivy's",
      document: { ...trivyReport({}), SchemaVersion: 1 },
      says: "of another version",
    },
    {
      name: "Trivy's of a file system",
      document: { ...trivyReport({}), ArtifactType: "filesystem" },
      says: "of something else than a container image",
    },
    {
      name: "results that are no list",
      document: { ...trivyReport({}), Results: {} },
      says: 'has "Results" that is not a list',
    },
    {
      name: "too many results",
      document: { ...trivyReport({}), Results: deep },
      says: 'has 10001 entries in "Results"',
    },
  ])("is $name", ({ document, says }) => {
    expect(() => read(document)).toThrow(Unusable);
    expect(() => read(document)).toThrow(says);
  });

  it.each([
    { name: "cut off", bytes: Buffer.from('{"SchemaVersion":2'), says: "is not JSON" },
    { name: "not UTF-8", bytes: Buffer.from([0x7b, 0xff, 0x7d]), says: "is not JSON" },
    { name: "ambiguous", bytes: Buffer.from('{"SchemaVersion":2,"SchemaVersion":2}'), says: "is ambiguous" },
    { name: "a prototype", bytes: Buffer.from('{"__proto__":{"SchemaVersion":2}}'), says: "is ambiguous" },
    { name: "too large", bytes: Buffer.alloc(32 * 1024 * 1024 + 1), says: "at most 33554432 are read" },
  ])("is $name", ({ bytes, says }) => {
    expect(() => readScanReport(bytes)).toThrow(says);
  });
});
