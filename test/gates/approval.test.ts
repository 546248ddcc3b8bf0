import { describe, expect, it } from "vitest";
import { approval } from "../../shared/gates/approval.ts";
import type { Decision } from "../../shared/gates/decision.ts";
import { strictest } from "../../shared/gates/demands.ts";
import { ask, hoursLater, seenAt } from "./subject.ts";

const day = 24;
const decision = (kind: Decision["kind"]): Decision => ({
  kind,
  by: "ops\r\n",
  at: seenAt,
  reason: "read it",
});
const major = { by: "later", major: "2.0.0 is of major version 2" } as const;

describe("the gate approval", () => {
  it.each([
    { name: "nobody asked for it", demands: {}, verdict: { kind: "off" } },
    {
      name: "always",
      demands: { approval: "always" },
      verdict: {
        kind: "waiting",
        on: "person",
        reason: "a person must approve: every import must be approved",
        next: 'Let it in: wharfgate approve default/app:1.0.0. Turn it down: wharfgate refuse default/app:1.0.0 --reason "..."',
        checkAfterMs: day * 3_600_000,
      },
    },
    {
      name: "a known major version",
      demands: { approval: "major" },
      verdict: { kind: "passed", reason: "1.0.0 is of no new major version" },
    },
    {
      name: "a new major version",
      demands: { approval: "major" },
      subject: { sighting: major },
      verdict: { kind: "waiting", reason: "a person must approve: 2.0.0 is of major version 2" },
    },
    {
      name: "one of the first poll, which sets the base line",
      demands: { approval: "major" },
      subject: { sighting: { by: "first" } },
      verdict: { kind: "passed" },
    },
    {
      name: "one that was asked for by hand",
      demands: { approval: "major" },
      subject: { sighting: { by: "asked" } },
      verdict: { kind: "waiting", reason: expect.stringContaining("asked for by hand") },
    },
    {
      name: "one that was approved",
      demands: { approval: "always" },
      subject: { decisions: [decision("approve")] },
      verdict: { kind: "passed", reason: "approved by ops??: read it" },
    },
    {
      name: "a moved tag that was accepted",
      demands: { approval: "always" },
      subject: { decisions: [decision("accept")] },
      verdict: { kind: "passed" },
    },
    {
      name: "one whose cooldown alone was skipped",
      demands: { approval: "always" },
      subject: { decisions: [decision("skip-cooldown")] },
      verdict: { kind: "waiting" },
    },
  ] as const)("with $name", async ({ demands, verdict, ...more }) => {
    const subject = "subject" in more ? more.subject : {};
    expect((await ask(approval, { demands, subject })).verdict).toMatchObject(verdict);
  });

  it.each([
    {
      name: "has a day left",
      days: 29,
      gate: "approval",
      verdict: { kind: "waiting", checkAfterMs: day * 3_600_000 },
    },
    {
      name: "is over",
      days: 30,
      gate: "approval",
      verdict: { kind: "denied", reason: expect.stringContaining("nobody decided within 30 days") },
    },
    {
      name: "began only now, after a long cooldown",
      days: 90,
      gate: "cooldown",
      verdict: { kind: "waiting" },
    },
  ])("whose time to decide $name", async ({ days, gate, verdict }) => {
    const said = await ask(approval, {
      demands: { approval: "always" },
      subject: { stoppedBefore: { gate, since: seenAt } },
      now: hoursLater(days * day),
    });
    expect(said.verdict).toMatchObject(verdict);
  });
});

it.each([
  { one: undefined, two: undefined, both: undefined },
  { one: "major", two: undefined, both: "major" },
  { one: undefined, two: "major", both: "major" },
  { one: "major", two: "always", both: "always" },
  { one: "always", two: "major", both: "always" },
] as const)("watch $one and policy $two are $both", ({ one, two, both }) => {
  const demand = (approval: typeof one) => ({ verify: [], ...(approval && { approval }) });
  expect(strictest(demand(one), demand(two)).approval).toBe(both);
});
