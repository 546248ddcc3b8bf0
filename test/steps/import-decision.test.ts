import { describe, expect, it } from "vitest";
import type { ImportRecord } from "../../shared/documents/import-record.ts";
import { Failure, type FailureCode } from "../../shared/model/failure.ts";
import { decideImport } from "../../shared/steps/import/import-decision.ts";
import type { Outcome } from "../../shared/steps/import/import-outcome.ts";
import { digestNamed, makeRecord } from "../support/records.ts";

const now = new Date("2026-11-22T10:00:00.000Z");
const context = { now, deadlineMs: 7_200_000, random: 0.5 };
const operation = { id: "op" };
const failed = (code: FailureCode, retryAfterMs?: number): Outcome => ({
  kind: "failed",
  failure: new Failure(code, "why", retryAfterMs === undefined ? {} : { retryAfterMs }),
});
const decide = (parts: Partial<ImportRecord>, outcome: Outcome) =>
  decideImport(makeRecord({ lease: "me", hop: 4, ...parts }), outcome, context);

describe("every decision", () => {
  it.each<{ readonly outcome: Outcome }>([
    { outcome: { kind: "running", operation, checkAfterMs: 5000 } },
    { outcome: { kind: "proven", how: "imported" } },
    { outcome: { kind: "held", reason: "r", previousDigest: digestNamed("x") } },
    { outcome: { kind: "unclear", failure: new Failure("network", "x") } },
    { outcome: failed("unavailable") },
    { outcome: failed("forbidden") },
  ])("gives the lease back and counts the hop: $outcome.kind", ({ outcome }) => {
    const { record, delayMs } = decide({ operation, deadline: new Date(now.getTime() + 1) }, outcome);
    expect(record).not.toHaveProperty("lease");
    expect(record.hop).toBe(5);
    expect(delayMs === undefined).toBe(record.endedAt !== undefined);
  });
});

describe("a failure", () => {
  it.each([
    { attempts: 0, delayMs: 10_000 },
    { attempts: 1, delayMs: 60_000 },
    { attempts: 2, delayMs: 300_000 },
    { attempts: 3, delayMs: 1_200_000 },
    { attempts: 4, delayMs: 3_600_000 },
    { attempts: 5, delayMs: undefined },
  ])("in passing, after $attempts others, is tried again after $delayMs ms", ({ attempts, delayMs }) => {
    const { record, ...next } = decide({ attempts, operation, deadline: now }, failed("timeout"));
    expect(next.delayMs).toBe(delayMs);
    expect(record).toMatchObject(
      delayMs === undefined
        ? { state: "failed", attempts: 6, reason: "why (given up after 6 tries)", endedAt: now }
        : { state: "pending", attempts: attempts + 1, reason: "why" },
    );
    expect(next.announce).toBe(delayMs === undefined ? "failed" : undefined);
    for (const gone of ["operation", "deadline"]) expect(record).not.toHaveProperty(gone);
  });

  it.each([
    "invalid",
    "not-found",
    "unauthorized",
    "forbidden",
    "integrity",
    "unsupported",
    "blocked",
  ] as const)("for good (%s) is the end", (code) => {
    const { record, delayMs, announce } = decide({}, failed(code));
    expect([record.state, record.reason, delayMs, announce]).toEqual(["failed", "why", undefined, "failed"]);
  });

  it.each([
    { hours: 23, attempts: 4, state: "pending" },
    { hours: 25, attempts: 6, state: "failed" },
  ])("by an upstream's limit, $hours hours after it was seen, is $state", ({ hours, attempts, state }) => {
    const seenAt = new Date(now.getTime() - hours * 3_600_000);
    const { record, delayMs } = decide({ seenAt, attempts: 5 }, failed("rate-limited"));
    expect(record).toMatchObject({ state, attempts });
    expect(delayMs).toBe(state === "pending" ? 1_200_000 : undefined);
  });

  it.each([
    { random: 0, retryAfterMs: undefined, delayMs: 8000 },
    { random: 1, retryAfterMs: undefined, delayMs: 12_000 },
    { random: 0.5, retryAfterMs: 3_600_000, delayMs: 3_600_000 },
    { random: 0.5, retryAfterMs: 1, delayMs: 10_000 },
  ])(
    "is spread by chance ($random) and waits as long as asked ($retryAfterMs): $delayMs",
    ({ random, retryAfterMs, delayMs }) => {
      const outcome = failed("rate-limited", retryAfterMs);
      expect(decideImport(makeRecord(), outcome, { ...context, random }).delayMs).toBe(delayMs);
    },
  );
});

describe("a running operation", () => {
  it("gets one deadline, which later hops keep", () => {
    const outcome: Outcome = { kind: "running", operation, checkAfterMs: 0, link: "https://l" };
    const first = decide({ reason: "an earlier failure" }, outcome);
    expect(first).toMatchObject({
      record: {
        state: "running",
        operation,
        deadline: new Date("2026-11-22T12:00:00.000Z"),
        link: "https://l",
      },
      delayMs: 1000,
    });
    expect(first.record).not.toHaveProperty("reason");
    const deadline = new Date("2026-11-22T11:00:00.000Z");
    expect(decide({ deadline }, outcome).record.deadline).toEqual(deadline);
  });

  it("is named once by its path, although ARM signs its URL anew each time", () => {
    let record = makeRecord({ method: "acr-import" });
    for (const signature of ["t=1&c=MII&s=a", "t=2&c=MII&s=b", "t=3&c=MII&s=c"]) {
      const path = `/subscriptions/1/operationResults/registries-1?api-version=2025-11-01&${signature}`;
      const outcome: Outcome = { kind: "running", operation: { path }, checkAfterMs: 0 };
      record = decideImport(record, outcome, context).record;
      expect(record.operation).toEqual({ path });
    }
    expect(record.operations).toEqual(["acr-import /subscriptions/1/operationResults/registries-1"]);
  });

  it.each([
    { name: "before its deadline: goes on", at: 1, state: "running", attempts: 0 },
    { name: "after its deadline: is one failed try", at: -1, state: "pending", attempts: 1 },
  ])("that cannot be asked, $name", ({ at, state, attempts }) => {
    const deadline = new Date(now.getTime() + at);
    const outcome: Outcome = { kind: "unclear", failure: new Failure("network", "no answer") };
    const { record, delayMs } = decide({ state: "running", operation, deadline }, outcome);
    expect(record).toMatchObject({ state, attempts, reason: "no answer" });
    expect("operation" in record).toBe(state === "running");
    expect(delayMs).toBeGreaterThan(0);
  });
});

describe("a proof", () => {
  it.each([
    { how: "imported", existing: "keep", announce: "imported" },
    { how: "imported", existing: "replace", announce: "updated" },
    { how: "present", existing: "keep", announce: undefined },
    { how: "present", existing: "replace", announce: undefined },
  ] as const)("of an image $how, $existing, announces $announce", ({ how, existing, announce }) => {
    const parts = { existing, reason: "an earlier failure", operation, deadline: now };
    const decision = decide(parts, { kind: "proven", how });
    expect(decision.record).toMatchObject({ state: "done", endedAt: now });
    for (const gone of ["reason", "operation", "deadline"]) expect(decision.record).not.toHaveProperty(gone);
    expect(decision.announce).toBe(announce);
  });
});

describe("a gate that is not open", () => {
  it.each([
    {
      outcome: {
        kind: "denied",
        gate: "allow-list",
        reason: "no rule names it",
        next: "Add one, then retry the import",
      },
      reason: "no rule names it. Add one, then retry the import: wharfgate retry default/app:1.0.0",
    },
    {
      outcome: {
        kind: "waiting",
        gate: "signature",
        on: "time",
        reason: "there is none.",
        next: "It is looked for again; or demand none, then retry the import",
        checkAfterMs: 1000,
      },
      reason:
        "there is none. It is looked for again; or demand none, then retry the import: wharfgate retry default/app:1.0.0",
    },
    {
      outcome: { kind: "denied", gate: "approval", reason: "nobody decided", next: "Ask anew" },
      reason: "nobody decided. Ask anew",
    },
  ] as const)("says what to do, by the command that does it: $reason", ({ outcome, reason }) => {
    expect(decide({}, outcome).record.reason).toBe(reason);
  });
});
