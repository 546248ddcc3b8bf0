import { describe, expect, it } from "vitest";
import {
  type Evidence,
  evidenceOf,
  evidentOutcome,
  parseEvidence,
  writeEvidence,
} from "../../shared/documents/evidence.ts";
import { importStates } from "../../shared/documents/import-record.ts";
import { manualWatch } from "../../shared/documents/watch-id.ts";
import { failureOf } from "../support/failures.ts";
import { digestNamed, makeRecord } from "../support/records.ts";

const at = new Date("2026-11-22T10:05:00.000Z");
const whole = makeRecord({
  state: "done",
  method: "auto",
  via: "copy",
  why: "acr-import: more than 50 manifests",
  operations: ["acr-import /operations/1", "copy"],
  platforms: ["linux/amd64"],
  credential: "env:HUB",
  requestedBy: "someone@example.org",
  hop: 3,
  startedAt: new Date("2026-11-22T10:01:00.000Z"),
  endedAt: at,
  bytes: { moved: 10, of: 20 },
  gates: [{ gate: "allow-list", verdict: "passed", reason: "a rule names it", at }],
  decisions: [{ kind: "approve", by: "alice", at, reason: "looks good" }],
  previousDigest: digestNamed("before"),
  keptAs: [{ tag: "1.0.0-20261122", digest: digestNamed("before"), at }],
  locked: "registry",
  link: "https://user:pass@portal.example/run?sig=s3cret#resource/1",
});

describe("the evidence of an import", () => {
  it("says all that an auditor asks", () => {
    const repair = { kind: "overwritten", found: digestNamed("foreign"), existing: "keep" } as const;
    const evidence = evidenceOf(whole, { outcome: "done", app: "0.3.0", was: "imported", repair });
    expect(evidence).toEqual({
      version: 1,
      outcome: "done",
      import: `default.app.${whole.key}`,
      hop: 3,
      watch: "default/app",
      source: "up.example/library/app",
      tag: "1.0.0",
      digest: whole.digest,
      target: "target.example/mirror/app",
      targetTag: "1.0.0",
      proof: {
        digest: whole.digest,
        at: "2026-11-22T10:05:00.000Z",
        by: "HEAD at target.example by Wharfgate 0.3.0",
        was: "imported",
      },
      previousDigest: digestNamed("before"),
      keptAs: [{ tag: "1.0.0-20261122", digest: digestNamed("before"), at: "2026-11-22T10:05:00.000Z" }],
      repaired: { kind: "overwritten", found: digestNamed("foreign") },
      locked: "registry",
      method: "auto",
      via: "copy",
      why: "acr-import: more than 50 manifests",
      operations: ["acr-import /operations/1", "copy"],
      requestedBy: "someone@example.org",
      platforms: ["linux/amd64"],
      onlyPlatforms: false,
      gates: [
        { gate: "allow-list", verdict: "passed", reason: "a rule names it", at: "2026-11-22T10:05:00.000Z" },
      ],
      decisions: [{ kind: "approve", by: "alice", at: "2026-11-22T10:05:00.000Z", reason: "looks good" }],
      seenAt: "2026-11-22T10:00:00.000Z",
      startedAt: "2026-11-22T10:01:00.000Z",
      endedAt: "2026-11-22T10:05:00.000Z",
      bytes: { moved: 10, of: 20 },
      link: "https://portal.example/run#resource/1",
      app: "0.3.0",
    } satisfies Evidence);
  });

  it("holds no secret, and no name of one", () => {
    const text = writeEvidence(evidenceOf(whole, { outcome: "done", app: "0.3.0" }));
    expect(text).not.toMatch(/env:HUB|s3cret|pass@/);
  });

  it("comes back from its line as it went in, also when little is known", () => {
    for (const record of [
      whole,
      makeRecord({ state: "denied", watch: manualWatch, reason: "no rule\r\nnames it" }),
    ]) {
      const evidence = evidenceOf(record, { outcome: "done", app: "0.3.0" });
      const line = writeEvidence(evidence);
      expect(line).not.toContain("\n");
      expect(parseEvidence(JSON.parse(line))).toEqual(evidence);
    }
  });

  it("is bounded, whatever was said", () => {
    const reason = "x".repeat(100_000);
    const record = makeRecord({
      reason,
      why: reason,
      gates: [{ gate: "scan", verdict: "denied", reason, at }],
    });
    expect(writeEvidence(evidenceOf(record, { outcome: "denied", app: "0.3.0" })).length).toBeLessThan(
      15_000,
    );
  });

  it.each([
    { name: "another version", change: { version: 2 }, message: "version" },
    { name: "an outcome of no import", change: { outcome: "pending" }, message: "outcome" },
    { name: "a digest that is none", change: { digest: "sha256:1" }, message: "digest: no digest" },
  ])("with $name is refused, and says where", async ({ change, message }) => {
    const evidence = { ...evidenceOf(whole, { outcome: "done", app: "0.3.0" }), ...change };
    const { message: told } = await failureOf(() => parseEvidence(evidence), "protocol");
    expect(told).toContain(message);
  });

  it("is left by what came in, was kept out or was taken away, and by nothing else", () => {
    expect(importStates.filter((state) => evidentOutcome(state) !== undefined)).toEqual([
      "done",
      "denied",
      "removed",
    ]);
  });
});
