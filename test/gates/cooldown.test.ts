import { describe, expect, it } from "vitest";
import { cooldown, formatMinutes, parseCooldown } from "../../shared/gates/cooldown.ts";
import type { Decision } from "../../shared/gates/decision.ts";
import { strictest } from "../../shared/gates/demands.ts";
import { Failure } from "../../shared/model/failure.ts";
import { failureOf } from "../support/failures.ts";
import { digestNamed } from "../support/records.ts";
import { ask, hoursLater } from "./subject.ts";

const threeDays = { cooldown: { minutes: 3 * 24 * 60, first: "exempt" } } as const;
const strict = { cooldown: { minutes: 3 * 24 * 60, first: "strict" } } as const;
const hour = 3_600_000;
const skip: Decision = { kind: "skip-cooldown", by: "ops", at: hoursLater(2), reason: "CVE fix" };

describe("the gate cooldown", () => {
  it.each([
    { name: "nobody asked for it", demands: {}, hours: 0, verdict: { kind: "off" }, asks: 0 },
    {
      name: "just seen",
      demands: threeDays,
      hours: 0,
      verdict: {
        kind: "waiting",
        on: "time",
        reason: "first seen 2026-11-20T10:00:00.000Z, it cools down for 3d, until 2026-11-23T10:00:00.000Z",
        next: 'It goes on by itself then; to let it in at once: wharfgate skip-cooldown default/app:1.0.0 --reason "..."',
        checkAfterMs: 24 * hour,
      },
      asks: 0,
    },
    {
      name: "a worker's clock is an hour behind first sight",
      demands: threeDays,
      hours: -1,
      verdict: { kind: "waiting", checkAfterMs: 24 * hour },
      asks: 0,
    },
    {
      name: "half the last day to go",
      demands: threeDays,
      hours: 60,
      verdict: { kind: "waiting", checkAfterMs: 12 * hour },
      asks: 1,
    },
    {
      name: "the time is over",
      demands: threeDays,
      hours: 72,
      verdict: { kind: "passed", reason: "first seen 2026-11-20T10:00:00.000Z, at least 3d ago" },
      asks: 1,
    },
    {
      name: "found by the first poll",
      demands: threeDays,
      hours: 0,
      by: "first",
      verdict: { kind: "passed", reason: expect.stringContaining("exempt: the watch's very first poll") },
      asks: 0,
    },
    {
      name: "found by the first poll, and strict",
      demands: strict,
      hours: 0,
      by: "first",
      verdict: { kind: "waiting" },
      asks: 0,
    },
    {
      name: "asked for by hand",
      demands: threeDays,
      hours: 0,
      by: "asked",
      verdict: { kind: "waiting" },
      asks: 0,
    },
    {
      name: "skipped",
      demands: threeDays,
      hours: 3,
      decisions: [skip],
      verdict: {
        kind: "passed",
        reason: "first seen 2026-11-20T10:00:00.000Z; skipped by ops: CVE fix",
      },
      asks: 1,
    },
    {
      name: "approved, which is another gate's",
      demands: threeDays,
      hours: 3,
      decisions: [{ ...skip, kind: "approve" }] as const,
      verdict: { kind: "waiting" },
      asks: 1,
    },
  ] as const)("when $name", async ({ demands, hours, verdict, asks, ...more }) => {
    const subject = {
      ...("by" in more && { sighting: { by: more.by } }),
      ...("decisions" in more && { decisions: more.decisions }),
    };
    const said = await ask(cooldown, { demands, subject, now: hoursLater(hours) });
    expect(said.verdict).toMatchObject(verdict);
    expect(said.calls).toEqual(Array(asks).fill("head library/app:1.0.0"));
  });

  it.each([
    { name: "while it waits", hours: 25, decisions: [], demands: threeDays },
    { name: "when the time is over", hours: 73, decisions: [], demands: threeDays },
    { name: "when it is skipped", hours: 2, decisions: [skip], demands: threeDays },
    { name: "when it is skipped at once", hours: 0.1, decisions: [skip], demands: threeDays },
    {
      name: "when a time of less than an hour is over",
      hours: 0.5,
      decisions: [],
      demands: { cooldown: { minutes: 30, first: "exempt" } },
    },
  ] as const)("denies what upstream took back $name", async ({ hours, decisions, demands }) => {
    const asking = { demands, subject: { decisions }, now: hoursLater(hours) };
    expect((await ask(cooldown, { ...asking, upstream: null })).verdict).toMatchObject({
      kind: "denied",
      reason: "up.example/library/app:1.0.0 was withdrawn upstream while it waited",
      next: expect.stringContaining("wharfgate import up.example/library/app@sha256:"),
    });
    const moved = (await ask(cooldown, { ...asking, upstream: "other" })).verdict;
    expect(moved).toMatchObject({ kind: "denied" });
    expect(moved.kind === "denied" && moved.reason).toContain(
      `was re-pushed upstream with another digest, ${digestNamed("other").slice(0, 19)}`,
    );
  });

  it("does not look for the tag of what was asked for by digest alone", async () => {
    const subject = { sighting: { by: "asked", named: "digest" } } as const;
    const said = await ask(cooldown, { demands: threeDays, subject, now: hoursLater(80), upstream: null });
    expect([said.verdict.kind, said.calls]).toEqual(["passed", []]);
  });

  it.each([
    { code: "unavailable", hours: 25, verdict: { kind: "waiting", checkAfterMs: 24 * hour } },
    {
      code: "network",
      hours: 73,
      verdict: { kind: "waiting", checkAfterMs: hour, reason: expect.stringContaining("cannot be asked") },
    },
  ] as const)(
    "goes on waiting when upstream cannot be asked after $hours hours",
    async ({ code, hours, verdict }) => {
      const upstream = new Failure(code, "no answer");
      expect(
        (await ask(cooldown, { demands: threeDays, now: hoursLater(hours), upstream })).verdict,
      ).toMatchObject(verdict);
    },
  );

  it.each([
    { code: "rate-limited", hours: 25 },
    { code: "rate-limited", hours: 73 },
    { code: "canceled", hours: 25 },
    { code: "forbidden", hours: 73 },
  ] as const)("leaves $code after $hours hours to the step", async ({ code, hours }) => {
    const upstream = new Failure(code, "no");
    await failureOf(() => ask(cooldown, { demands: threeDays, now: hoursLater(hours), upstream }), code);
  });
});

describe("two cooldowns", () => {
  const time = (minutes: number, first: "exempt" | "strict") => ({
    verify: [],
    cooldown: { minutes, first },
  });

  it.each([
    { name: "the longer", by: "later", one: time(10, "exempt"), two: time(20, "strict"), minutes: 20 },
    {
      name: "the strict one, for the first poll",
      by: "first",
      one: time(20, "exempt"),
      two: time(10, "strict"),
      minutes: 10,
    },
    {
      name: "the strict one, whichever it is",
      by: "first",
      one: time(10, "strict"),
      two: time(20, "exempt"),
      minutes: 10,
    },
    { name: "the only one", by: "later", one: { verify: [] }, two: time(5, "exempt"), minutes: 5 },
  ] as const)("come to $name", ({ by, one, two, minutes }) => {
    expect(strictest(one, two, { by }).cooldown?.minutes).toBe(minutes);
  });
});

describe("the text of a cooldown", () => {
  it.each([
    { text: "3d", minutes: 4320, first: "exempt", again: "3d" },
    { text: "36h", minutes: 2160, first: "exempt", again: "36h" },
    { text: "90 M strict", minutes: 90, first: "strict", again: "90m" },
    { text: "365d", minutes: 525_600, first: "exempt", again: "365d" },
  ])("$text", ({ text, minutes, first, again }) => {
    expect(parseCooldown(text)).toEqual({ minutes, first });
    expect(formatMinutes(minutes)).toBe(again);
  });

  it.each(["", "3", "0d", "366d", "3w", "-1d", "3d lax", "1.5d", "9999999m"])(
    "%j is refused",
    async (text) => {
      const { message } = await failureOf(() => parseCooldown(text), "invalid");
      expect(message).toContain("expected 3d, 36h or 90m");
    },
  );
});
