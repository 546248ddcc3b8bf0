import { beforeAll, beforeEach, describe, expect, it } from "vitest";
import { noDemands } from "../../shared/gates/demands.ts";
import type { GateSubject } from "../../shared/gates/gate.ts";
import { scan } from "../../shared/gates/scan.ts";
import type { UploadedReport } from "../../shared/gates/scan-reports.ts";
import { parseVerifiers } from "../../shared/gates/verifiers.ts";
import type { Digest } from "../../shared/model/digest.ts";
import { digestOf } from "../../shared/model/digest.ts";
import { Failure } from "../../shared/model/failure.ts";
import { failureOf } from "../support/failures.ts";
import { makeBlob, makeImage, makeIndex, makeManifest } from "../support/images.ts";
import { never } from "../support/registries.ts";
import { type Authority, createAuthority } from "./authority.ts";
import { configOf, sarifReport, type TestFinding, trivyReport, vulnerabilityPredicate } from "./reports.ts";
import {
  asReferrer,
  bundleOf,
  envelopeAttestation,
  keyPairs,
  keySigner,
  pemOf,
  statementOf,
} from "./signing.ts";
import { createUpstream, repository, type Upstream } from "./upstream.ts";

const now = new Date("2026-11-21T12:00:00Z");
const yesterday = "2026-11-20T12:00:00Z";
const vulnerabilityType = "https://cosign.sigstore.dev/attestation/vuln/v1";
const trivyType = "application/vnd.aquasec.trivy.report+json";
const amd64 = makeImage([makeBlob("amd64")]);
const arm64 = makeImage([makeBlob("arm64")], "arm64");
const index = makeIndex([amd64.manifest, arm64.manifest]);
const [one, two] = [amd64.manifest.descriptor.digest, arm64.manifest.descriptor.digest];
const [oneConfig, twoConfig] = [configOf(amd64), configOf(arm64)];
const other = digestOf("another image");
const high: TestFinding = { id: "CVE-2026-1", severity: "HIGH", fixed: "3.0.2" };

let upstream: Upstream;
let uploads: Map<string, UploadedReport>;
let authority: Authority;
beforeAll(async () => {
  authority = await createAuthority();
});
beforeEach(() => {
  upstream = createUpstream();
  upstream.put(amd64);
  upstream.put(arm64);
  upstream.put({ manifest: index, blobs: [] });
  uploads = new Map();
});

const uploaded = { kind: "scan", maxAge: "7d", severity: "high" };
const referred = { ...uploaded, from: "referrer" };
const keyed = { kind: "signature", key: pemOf(keyPairs["P-256"].publicKey) };
const signer = keySigner(keyPairs["P-256"].privateKey);
const stranger = keySigner(keyPairs["P-384"].privateKey);

function check(config: object, subject: Partial<GateSubject> = {}, others: object = {}) {
  const policy = {
    demandsOn: () => noDemands,
    verifiers: parseVerifiers({ scanned: config, ...others }, () => {
      throw new Error("there are no files");
    }),
  };
  const gate = scan.create({
    registries: { open: () => upstream.registry },
    policy,
    reports: { find: async (digest) => uploads.get(digest) },
    now: () => now,
  });
  return gate.check(
    {
      source: { host: "up.example", path: repository, digest: one },
      tag: "1.0.0",
      target: { host: "target.example", path: "app" },
      watch: "default/app",
      requestedBy: "schedule",
      seenAt: now,
      demands: { verify: ["scanned"] },
      decisions: [],
      only: [],
      ...subject,
    },
    never,
  );
}

const ofIndex = { source: { host: "up.example", path: repository, digest: index.descriptor.digest } };

function upload(digest: Digest, report: object, createdAt?: string): void {
  const bytes = Buffer.from(JSON.stringify(report));
  uploads.set(digest, { bytes, by: "robot", at: now, ...(createdAt && { createdAt: new Date(createdAt) }) });
}

describe("the gate scan", () => {
  it("is off where no report is demanded", async () => {
    expect(await check(uploaded, { demands: { verify: [] } })).toEqual({ kind: "off" });
  });

  it.each<{ name: string; put: () => void }>([
    {
      name: "Trivy, by the image's config",
      put: () => upload(oneConfig, trivyReport({ imageId: oneConfig, createdAt: yesterday })),
    },
    {
      name: "Trivy, by the image's digest",
      put: () => upload(one, trivyReport({ digests: [other, one], createdAt: yesterday })),
    },
    {
      name: "SARIF, by the image's config",
      put: () => upload(one, sarifReport({ imageId: oneConfig, createdAt: yesterday })),
    },
    { name: "what does not say, by the uploader's word", put: () => upload(one, sarifReport({}), yesterday) },
    {
      name: "less than what is too severe",
      put: () =>
        upload(
          one,
          trivyReport({ createdAt: yesterday, findings: [{ id: "CVE-2026-2", severity: "MEDIUM" }] }),
        ),
    },
  ])("lets in what has been uploaded a report for: $name", async ({ put }) => {
    put();
    expect(await check(uploaded)).toEqual({
      kind: "passed",
      reason:
        "scanned: the report of 2026-11-20T12:00:00.000Z has no finding of severity high or worse (uploaded by robot)",
    });
  });

  it("leaves out what has no fix, where it may", async () => {
    upload(
      one,
      trivyReport({ createdAt: yesterday, findings: [{ id: "CVE-2026-2", severity: "CRITICAL" }] }),
    );
    expect((await check(uploaded)).kind).toBe("denied");
    expect((await check({ ...uploaded, ignoreUnfixed: true })).kind).toBe("passed");
  });

  it.each<{ name: string; type: string; report: object; layerType?: string; createdAt?: string }>([
    {
      name: "Trivy JSON",
      type: trivyType,
      report: trivyReport({ imageId: oneConfig, createdAt: yesterday }),
    },
    {
      name: "SARIF",
      type: "application/sarif+json",
      report: sarifReport({ digests: [one], createdAt: yesterday }),
    },
    {
      name: "SARIF that says nothing, as a file of no type",
      type: "application/sarif+json",
      report: sarifReport({}),
      layerType: "application/vnd.oci.image.layer.v1.tar",
      createdAt: yesterday,
    },
  ])(
    "takes upstream's own report where it may: $name",
    async ({ type, report, layerType = type, createdAt }) => {
      upstream.refer(one, {
        artifactType: type,
        layers: [{ blob: makeBlob(JSON.stringify(report), layerType) }],
        ...(createdAt && { annotations: { "org.opencontainers.image.created": createdAt } }),
      });
      expect((await check(uploaded)).kind).toBe("waiting");
      expect(await check(referred)).toMatchObject({
        kind: "passed",
        reason: expect.stringContaining("(upstream's own word)"),
      });
      expect((await check({ ...uploaded, from: "any" })).kind).toBe("passed");
    },
  );

  it("finds what Trivy's plugin keeps, and passes over other documents of its vague type", async () => {
    const attach = (document: object) =>
      upstream.refer(
        one,
        {
          layers: [{ blob: makeBlob(JSON.stringify(document), "application/json") }],
          annotations: { "org.opencontainers.artifact.created": yesterday },
        },
        { artifactType: "application/json" },
      );
    attach({ bom: true });
    expect(await check(referred)).toMatchObject({
      kind: "waiting",
      reason: expect.stringContaining(
        "(but a document that is neither a Trivy report (JSON) nor SARIF 2.1.0)",
      ),
    });
    attach(vulnerabilityPredicate(trivyReport({ imageId: oneConfig }), yesterday));
    expect((await check(referred)).kind).toBe("passed");
  });

  it("goes by the newest report", async () => {
    upload(one, trivyReport({ createdAt: "2026-11-19T12:00:00Z" }));
    upload(oneConfig, trivyReport({ createdAt: yesterday, findings: [high] }));
    expect((await check(uploaded)).kind).toBe("denied");
    upload(one, trivyReport({ createdAt: "2026-11-21T11:00:00Z" }));
    expect((await check(uploaded)).kind).toBe("passed");
  });

  it.each([
    { name: "too severe", findings: [high], createdAt: yesterday, says: "(uploaded by robot) has findings" },
    { name: "old", findings: [], createdAt: "2026-11-01T12:00:00Z", says: "(uploaded by robot) is of" },
  ])("holds a handed-in report that is $name against upstream's own word", async ({ says, ...bad }) => {
    upload(one, trivyReport(bad));
    const praise = trivyReport({ imageId: oneConfig, createdAt: "2026-11-21T11:59:00Z" });
    upstream.refer(one, asReferrer(praise, trivyType));
    expect((await check(referred)).kind).toBe("passed");
    expect(await check({ ...uploaded, from: "any" })).toMatchObject({
      kind: "denied",
      reason: expect.stringContaining(says),
    });
    const signed = { ...uploaded, from: "any", signedBy: "by-key" };
    const predicate = vulnerabilityPredicate(praise, yesterday);
    const statement = statementOf(one, { predicateType: vulnerabilityType, predicate });
    upstream.refer(one, asReferrer(await bundleOf(signer, statement)));
    expect((await check(signed, {}, { "by-key": keyed })).kind).toBe("passed");
  });

  it("waits for a report that is not there, and says how to hand one in", async () => {
    expect(await check(uploaded)).toEqual({
      kind: "waiting",
      on: "time",
      reason: "scanned: there is no scan report of the image",
      next: `Scan the image and upload a report: wharfgate scan add report.json --digest ${one}; it is looked for again by itself`,
      checkAfterMs: 15 * 60_000,
    });
    expect(await check(referred, { seenAt: new Date(now.getTime() - 7 * 86_400_000) })).toMatchObject({
      kind: "denied",
    });
  });

  it("throws what may pass", async () => {
    upstream.referrersAnswer = () => Promise.reject(new Failure("unavailable", "503"));
    await failureOf(() => check(referred), "unavailable");
  });
});

describe("the gate scan, by attestations", () => {
  const by = { "by-key": keyed };
  const signed = { ...uploaded, signedBy: "by-key" };
  const attestation = (digest: Digest, report: object, predicateType = vulnerabilityType) =>
    statementOf(digest, { predicateType, predicate: vulnerabilityPredicate(report, yesterday) });
  const clean = trivyReport({ imageId: oneConfig });

  it("takes cosign's, old and new", async () => {
    upstream.tag(one, "att", await envelopeAttestation(signer, attestation(one, clean)));
    expect(await check(signed, {}, by)).toMatchObject({
      kind: "passed",
      reason: expect.stringMatching(/\(attested by the key sha256:[0-9a-f]{12}…\)$/),
    });
    upstream = createUpstream();
    upstream.put(amd64);
    upstream.refer(one, asReferrer(await bundleOf(signer, attestation(one, clean))));
    expect((await check(signed, {}, by)).kind).toBe("passed");
  });

  it("takes an identity's", async () => {
    const acme = { subject: "https://ci.example/acme/app", issuer: "https://issuer.example" };
    const identity = { kind: "signature", trustedRoot: authority.root, ...acme };
    upstream.tag(one, "att", await envelopeAttestation(authority.signer(acme), attestation(one, clean)));
    expect((await check({ ...uploaded, signedBy: "acme" }, {}, { acme: identity })).kind).toBe("passed");
    upstream.tag(
      one,
      "att",
      await envelopeAttestation(
        authority.signer({ ...acme, subject: "https://evil.example" }),
        attestation(one, clean),
      ),
    );
    expect((await check({ ...uploaded, signedBy: "acme" }, {}, { acme: identity })).kind).toBe("denied");
  });

  it("goes by the newest of many", async () => {
    const late = statementOf(one, {
      predicateType: vulnerabilityType,
      predicate: vulnerabilityPredicate(
        trivyReport({ imageId: oneConfig, findings: [high] }),
        "2026-11-21T00:00:00Z",
      ),
    });
    upstream.refer(one, asReferrer(await bundleOf(signer, late)));
    upstream.refer(one, asReferrer(await bundleOf(signer, attestation(one, clean))));
    expect(await check(signed, {}, by)).toMatchObject({
      kind: "denied",
      reason: expect.stringContaining("CVE-2026-1"),
    });
  });

  it.each<{ name: string; put: () => Promise<void> | void; kind: string; says: string }>([
    {
      name: "one by another key",
      put: async () => upstream.refer(one, asReferrer(await bundleOf(stranger, attestation(one, clean)))),
      kind: "denied",
      says: "one is not by the key",
    },
    {
      name: "one of another image, moved over",
      put: async () => upstream.refer(one, asReferrer(await bundleOf(signer, attestation(other, clean)))),
      kind: "denied",
      says: "one is of another digest",
    },
    {
      name: "one whose report is of another image",
      put: async () =>
        upstream.refer(
          one,
          asReferrer(await bundleOf(signer, attestation(one, trivyReport({ imageId: twoConfig })))),
        ),
      kind: "denied",
      says: "one is of another image",
    },
    {
      name: "one of another type",
      put: async () =>
        upstream.refer(
          one,
          asReferrer(await bundleOf(signer, attestation(one, clean, "https://slsa.dev/provenance/v1"))),
        ),
      kind: "waiting",
      says: "(but an attestation of the type https://slsa.dev/provenance/v1)",
    },
    {
      name: "one without a report in it",
      put: async () => upstream.refer(one, asReferrer(await bundleOf(signer, attestation(one, {})))),
      kind: "denied",
      says: "one is neither a Trivy report (JSON) nor SARIF",
    },
    {
      name: "a report that nobody signed",
      put: () =>
        upstream.refer(one, asReferrer(trivyReport({ imageId: oneConfig, createdAt: yesterday }), trivyType)),
      kind: "waiting",
      says: "there is no scan report of the image",
    },
    {
      name: "a report that was uploaded",
      put: () => upload(one, trivyReport({ createdAt: yesterday })),
      kind: "waiting",
      says: "there is no scan report of the image",
    },
  ])("does not let in $name", async ({ put, kind, says }) => {
    await put();
    expect(await check(signed, {}, by)).toMatchObject({ kind, reason: expect.stringContaining(says) });
  });
});

describe("the gate scan, of an index", () => {
  it("asks for a report of each child that is brought in", async () => {
    upload(
      oneConfig,
      trivyReport({ imageId: oneConfig, digests: [index.descriptor.digest], createdAt: yesterday }),
    );
    expect(await check(uploaded, ofIndex)).toMatchObject({
      kind: "waiting",
      reason: `scanned: there is no scan report of its child ${two.slice(0, 19)}…`,
      next: expect.stringContaining(`--digest ${two}`),
    });
    expect((await check(uploaded, { ...ofIndex, only: ["linux/amd64"] })).kind).toBe("passed");
    upload(two, trivyReport({ digests: [two], createdAt: "2026-11-19T12:00:00Z" }));
    expect(await check(uploaded, ofIndex)).toMatchObject({
      kind: "passed",
      reason: expect.stringContaining("2 reports, the oldest of 2026-11-19T12:00:00.000Z, have no finding"),
    });
  });

  it("does not take a report of the index for one of all its children", async () => {
    const digest = index.descriptor.digest;
    upload(digest, trivyReport({ digests: [digest], createdAt: yesterday }));
    upstream.refer(digest, asReferrer(trivyReport({ digests: [digest], createdAt: yesterday }), trivyType));
    expect(await check({ ...uploaded, from: "any" }, ofIndex)).toMatchObject({
      kind: "waiting",
      reason: expect.stringContaining("(but a report that is of another image"),
    });
    upstream.refer(digest, asReferrer(sarifReport({ createdAt: yesterday }), trivyType));
    expect(await check(referred, ofIndex)).toMatchObject({
      kind: "waiting",
      reason: expect.stringContaining("a report that does not say which image of the index it is of"),
    });
  });

  it("takes reports of children that are kept beside the index", async () => {
    for (const imageId of [oneConfig, twoConfig]) {
      const report = trivyReport({ imageId, digests: [index.descriptor.digest], createdAt: yesterday });
      upstream.refer(index.descriptor.digest, asReferrer(report, trivyType));
    }
    expect((await check(referred, ofIndex)).kind).toBe("passed");
  });

  it("asks for none of what is no image, but for one of what only says so", async () => {
    const child = (image: typeof amd64, annotations: object) => ({
      ...image.manifest.descriptor,
      platform: { os: "unknown", architecture: "unknown" },
      annotations,
    });
    const attested = makeManifest({
      ...JSON.parse(index.bytes.toString()),
      manifests: [
        amd64.manifest.descriptor,
        child(arm64, { "vnd.docker.reference.type": "attestation-manifest" }),
      ],
    });
    const shy = makeManifest({ ...JSON.parse(index.bytes.toString()), manifests: [child(arm64, {})] });
    const empty = makeManifest({ ...JSON.parse(index.bytes.toString()), manifests: [] });
    for (const manifest of [attested, shy, empty]) upstream.put({ manifest, blobs: [] });
    const of = ({ descriptor: { digest } }: typeof attested) => ({ source: { ...ofIndex.source, digest } });
    upload(oneConfig, trivyReport({ imageId: oneConfig, createdAt: yesterday }));
    expect((await check(uploaded, of(attested))).kind).toBe("passed");
    expect((await check(uploaded, of(shy))).kind).toBe("waiting");
    expect(await check(uploaded, of(empty))).toMatchObject({
      kind: "denied",
      reason: expect.stringContaining("names no image that would be brought in"),
    });
  });
});

describe("the gate scan does not let in", () => {
  const many = Array.from({ length: 9 }, (_, at) => ({
    id: `CVE-2026-${at}`,
    severity: at === 8 ? "CRITICAL" : "HIGH",
  }));
  it.each<{ name: string; report: object | Buffer; config?: object; says: string }>([
    {
      name: "what is too severe",
      report: trivyReport({ createdAt: yesterday, findings: many }),
      says: "has findings of severity high or worse: CVE-2026-8 in openssl (critical), CVE-2026-0 in openssl (high), CVE-2026-1 in openssl (high), CVE-2026-2 in openssl (high), CVE-2026-3 in openssl (high) and 4 more",
    },
    {
      name: "a severity that nobody knows",
      report: trivyReport({ createdAt: yesterday, findings: [{ id: "CVE-2026-1", severity: "DREADFUL" }] }),
      says: 'one has a finding of the severity "DREADFUL", which nobody knows',
    },
    {
      name: "the severity unknown, where nothing may be there",
      report: trivyReport({ createdAt: yesterday, findings: [{ id: "CVE-2026-1", severity: "UNKNOWN" }] }),
      config: { severity: "unknown" },
      says: "CVE-2026-1 in openssl (unknown)",
    },
    {
      name: "an old report",
      report: trivyReport({ createdAt: "2026-11-12T00:00:00Z" }),
      says: "is of 2026-11-12T00:00:00.000Z, 9.5 days old: at most 7 are allowed",
    },
    {
      name: "a report from the future",
      report: trivyReport({ createdAt: "2026-11-21T12:05:01Z" }),
      says: "one says that it was made in the future, at 2026-11-21T12:05:01.000Z",
    },
    { name: "a report without time", report: trivyReport({}), says: "one does not say when it was made" },
    {
      name: "a report with a time that is none",
      report: trivyReport({ createdAt: "yesterday" }),
      says: "one does not say when it was made",
    },
    {
      name: "a report of another image, by its config",
      report: trivyReport({ imageId: other, digests: [one], createdAt: yesterday }),
      says: `one is of another image, ${other.slice(0, 19)}…`,
    },
    {
      name: "a report of another image, by its digest",
      report: trivyReport({ digests: [other], createdAt: yesterday }),
      says: `one is of another image, ${other.slice(0, 19)}…`,
    },
    {
      name: "SARIF of another image",
      report: sarifReport({ digests: [other], createdAt: yesterday }),
      says: "one is of another image",
    },
    { name: "what is no report", report: { hello: "world" }, says: "one is neither a Trivy report" },
    { name: "what is cut off", report: Buffer.from('{"SchemaVersion":2,'), says: "one is not JSON" },
    {
      name: "two readings",
      report: Buffer.from('{"SchemaVersion":2,"Results":[],"Results":null}'),
      says: "one is ambiguous",
    },
  ])("$name", async ({ report, config, says }) => {
    const bytes = Buffer.isBuffer(report) ? report : Buffer.from(JSON.stringify(report));
    uploads.set(one, { bytes, by: "robot", at: now });
    upstream.refer(one, asReferrer(bytes, trivyType));
    for (const from of ["uploaded", "referrer"]) {
      const verdict = await check({ ...uploaded, ...config, from });
      expect(verdict).toMatchObject({
        kind: "denied",
        reason: expect.stringContaining(says),
        next: expect.stringContaining("then retry the import"),
      });
    }
  });

  it("a report that is too large", async () => {
    upstream.refer(one, asReferrer(Buffer.alloc(32 * 1024 * 1024 + 1), trivyType));
    expect(await check(referred)).toMatchObject({
      kind: "denied",
      reason: expect.stringContaining("at most 33554432 are read"),
    });
  });
});
