import { beforeEach, describe, expect, it } from "vitest";
import type { ImportRecord } from "../../shared/documents/import-record.ts";
import type { ImportMessage } from "../../shared/documents/messages.ts";
import type { UploadedReport } from "../../shared/gates/scan-reports.ts";
import { mediaTypes } from "../../shared/model/descriptor.ts";
import { type Digest, digestOf } from "../../shared/model/digest.ts";
import { Failure } from "../../shared/model/failure.ts";
import { addScanReport, type ScanUpload } from "../../shared/steps/scan/add-scan-report.ts";
import type { AuditEntry } from "../../shared/stores/audit.ts";
import { sarifReport, type TestReport, trivyReport } from "../gates/reports.ts";
import { failureOf } from "../support/failures.ts";
import { makeRecord, upstreamHost } from "../support/records.ts";
import { never } from "../support/registries.ts";
import { createScriptedRegistry, type ScriptedRegistry } from "../support/scripted-registry.ts";

const now = new Date("2026-11-24T12:00:00Z");
const createdAt = "2026-11-23T12:00:00.000Z";
const [image, config, index] = [digestOf("image"), digestOf("config"), digestOf("index")];

let done: (AuditEntry | { readonly digests: readonly string[]; readonly report: UploadedReport })[];
beforeEach(() => {
  done = [];
});

function add(document: unknown, options: Partial<ScanUpload> = {}) {
  const bytes = Buffer.isBuffer(document) ? document : Buffer.from(JSON.stringify(document));
  return addScanReport(
    { bytes, actor: "robot", ...options },
    {
      audit: { record: async (entry) => void done.push(entry) },
      reports: {
        find: async () => undefined,
        add: async (digests, report) => {
          done.push({ digests, report });
          return digestOf(report.bytes);
        },
      },
      ledger: {
        open: async function* () {
          for (const record of waiting) yield { record, etag: "", ageMs: 0, lease: "none" as const };
        },
      },
      registries: { open: () => upstream },
      queues: { import: async (message) => void woken.push(message) },
      now: () => now,
    },
    never,
  );
}

let waiting: ImportRecord[] = [];
let woken: ImportMessage[] = [];
let upstream: ScriptedRegistry;
beforeEach(() => {
  upstream = createScriptedRegistry(upstreamHost);
  waiting = [];
  woken = [];
});

const at = (gate: string) => ({ gate, verdict: "waiting", reason: "?", at: now }) as const;

describe("a report of the digest that is given with it", () => {
  const other = digestOf("other");
  const [left, right] = [digestOf("left"), digestOf("right")];

  beforeEach(() => {
    waiting = [makeRecord({ state: "waiting", digest: index, gates: [at("scan")] })];
    const descriptor = (digest: Digest, mediaType: string) => ({ mediaType, digest, size: 100 });
    const imageOf = (digest: Digest, itsConfig: Digest) =>
      upstream.manifests.set(`library/app@${digest}`, {
        kind: "image",
        blobs: [descriptor(itsConfig, "application/vnd.oci.image.config.v1+json")],
      });
    imageOf(image, config);
    imageOf(left, digestOf("left config"));
    imageOf(right, digestOf("right config"));
    upstream.manifests.set(`library/app@${index}`, {
      kind: "index",
      manifests: [left, right].map((digest) => descriptor(digest, mediaTypes.ociManifest)),
    });
  });

  it.each<{ readonly name: string; readonly of: TestReport; readonly digest: Digest }>([
    { name: "says its image ID", of: { imageId: config }, digest: image },
    {
      name: "says its image ID, and another digest",
      of: { imageId: config, digests: [index] },
      digest: image,
    },
    { name: "says the digest for the image ID", of: { imageId: image }, digest: image },
    { name: "says the digest", of: { digests: [other, image] }, digest: image },
    { name: "says nothing", of: {}, digest: image },
    { name: "is of a child of the index", of: { imageId: digestOf("right config") }, digest: index },
    {
      name: "is of a child of the index, named itself",
      of: { imageId: digestOf("left config") },
      digest: left,
    },
  ])("that $name is kept", async ({ of, digest }) => {
    const added = await add(trivyReport({ ...of, createdAt }), { digest });
    expect([added.digests[0], added.unchecked, done.length]).toEqual([digest, undefined, 2]);
  });

  it.each<{
    readonly name: string;
    readonly of: TestReport;
    readonly digest: Digest;
    readonly says: readonly string[];
  }>([
    {
      name: "another image's ID",
      of: { imageId: other, digests: [image] },
      digest: image,
      says: [
        `with the ID ${other}, and the digest that was given with it is ${image}, whose image ID is ${config}`,
      ],
    },
    {
      name: "another digest",
      of: { digests: [other] },
      digest: image,
      says: [`is of ${other}, and the digest that was given with it is ${image}.`],
    },
    {
      name: "its sister's ID",
      of: { imageId: digestOf("right config") },
      digest: left,
      says: [`${left}, whose image ID is ${digestOf("left config")}`],
    },
    {
      name: "the ID of none of the index's images",
      of: { imageId: other },
      digest: index,
      says: [
        `${index}, an index whose images have the IDs ${digestOf("left config")}, ${digestOf("right config")}`,
      ],
    },
    {
      name: "nothing, with the digest of an index",
      of: {},
      digest: index,
      says: [`${index} is an index: its images are scanned one by one`, `one of ${left}, ${right}`],
    },
  ])("that names $name is refused, and not kept", async ({ of, digest, says }) => {
    const { message } = await failureOf(() => add(trivyReport({ ...of, createdAt }), { digest }), "invalid");
    for (const each of says) expect(message).toContain(each);
    expect(done).toEqual([]);
  });

  it("is kept where nobody can tell, and the answer says so", async () => {
    const report = trivyReport({ imageId: other, createdAt });
    upstream.faults.set("get", new Failure("network", "no route to up.example"));
    expect((await add(report, { digest: image })).unchecked).toBe(
      `Whether the report is of ${image} could not be checked: no route to up.example`,
    );
    waiting = [];
    expect((await add(report, { digest: image })).unchecked).toContain("no import that waits");
    expect((await add(report)).unchecked).toBeUndefined();
  });
});

describe("addScanReport", () => {
  it("wakes the imports that wait for a report, and no others", async () => {
    waiting = [
      makeRecord({ tag: "1", state: "waiting", gates: [at("scan")], hop: 3 }),
      makeRecord({ tag: "2", state: "waiting", gates: [at("approval")] }),
      makeRecord({ tag: "3" }),
    ];
    expect(await add(trivyReport({ digests: [image], createdAt }))).toMatchObject({ woken: 1 });
    expect(woken).toEqual([{ watch: waiting[0]?.watch, key: waiting[0]?.key, hop: 3 }]);
  });

  it("keeps a report for all that it names, after an audit row", async () => {
    const findings = [
      { id: "CVE-1", severity: "HIGH" },
      { id: "CVE-2", severity: "HIGH" },
      { id: "CVE-3", severity: "LOW" },
    ];
    const document = trivyReport({ imageId: config, digests: [index, index], createdAt, findings });
    const bytes = Buffer.from(JSON.stringify(document));
    const digests = [image, config, index];
    expect(await add(document, { digest: image })).toEqual({
      report: digestOf(bytes),
      digests,
      createdAt,
      findings: { high: 2, low: 1 },
      woken: 0,
      unchecked: expect.stringContaining("no import that waits for a report has it"),
    });
    expect(done).toEqual([
      { actor: "robot", action: "scan-add", subject: digests.join(" "), at: now },
      { digests, report: { bytes, by: "robot", at: now, createdAt: new Date(createdAt) } },
    ]);
  });

  it("takes the uploader's word for what the report does not say", async () => {
    expect(await add(sarifReport({}), { digest: image, createdAt })).toMatchObject({
      digests: [image],
      createdAt,
    });
    expect(
      await add(sarifReport({ createdAt }), { digest: image, createdAt: "2026-11-24T00:00:00Z" }),
    ).toMatchObject({
      createdAt,
    });
  });

  it.each<{ name: string; document: unknown; options?: Partial<ScanUpload>; says: string }>([
    {
      name: "what is no report",
      document: {},
      says: "The report is neither a Trivy report (JSON) nor SARIF 2.1.0",
    },
    { name: "what is not JSON", document: Buffer.from("x"), says: "The report is not JSON" },
    {
      name: "a report of nothing",
      document: trivyReport({ createdAt }),
      says: "say so by --digest, or ?digest=",
    },
    {
      name: "a digest that is none",
      document: trivyReport({ createdAt }),
      options: { digest: "latest" },
      says: '"latest" is not a digest',
    },
    {
      name: "a report of no time",
      document: trivyReport({ imageId: config }),
      says: "say so by --created-at",
    },
    {
      name: "a time that is none",
      document: trivyReport({ imageId: config }),
      options: { createdAt: "today" },
      says: '"today" is not a time',
    },
    {
      name: "a time to come",
      document: trivyReport({ imageId: config, createdAt: "2026-11-24T12:06:00Z" }),
      says: "The report was made in the future, at 2026-11-24T12:06:00.000Z",
    },
    {
      name: "a report of everything",
      document: trivyReport({
        createdAt,
        digests: Array.from({ length: 21 }, (_, at) => digestOf(String(at))),
      }),
      says: "The report names 21 digests: at most 20 are taken",
    },
  ])("refuses $name, and keeps nothing", async ({ document, options, says }) => {
    const { message } = await failureOf(() => add(document, options), "invalid");
    expect(message).toContain(says);
    expect(done).toEqual([]);
  });
});
