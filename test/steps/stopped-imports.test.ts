import { expect, it } from "vitest";
import type { ImportRecord } from "../../shared/documents/import-record.ts";
import { collectStopped } from "../../shared/steps/status/stopped-imports.ts";
import { makeRecord } from "../support/records.ts";

const now = new Date("2026-11-24T10:00:00.000Z");
const hoursAgo = (hours: number) => new Date(now.getTime() - hours * 3_600_000);
const waitsFor = (on: "time" | "person"): Pick<ImportRecord, "state" | "gates" | "reason" | "dueAt"> => ({
  state: "waiting",
  gates: [
    { gate: on === "person" ? "approval" : "cooldown", verdict: "waiting", reason: "r", at: hoursAgo(2), on },
  ],
  reason: `It waits for ${on}. Do this.`,
  dueAt: now,
});
const refusal = { kind: "refuse", by: "ops", at: hoursAgo(1) } as const;

function collected(...records: readonly Partial<ImportRecord>[]) {
  const all = collectStopped(now);
  for (const record of records) all.add(makeRecord(record));
  return all.end();
}

it.each([
  { name: "waits for a person", record: waitsFor("person"), stopped: true, attention: true },
  { name: "waits for its time", record: waitsFor("time"), stopped: true, attention: false },
  { name: "is held", record: { state: "held", endedAt: hoursAgo(1) }, stopped: true, attention: true },
  { name: "was denied", record: { state: "denied", endedAt: hoursAgo(1) }, stopped: true, attention: true },
  {
    name: "was denied more than a week ago",
    record: { state: "denied", endedAt: hoursAgo(24 * 8) },
    stopped: false,
    attention: false,
  },
  {
    name: "was refused by a person",
    record: { state: "denied", endedAt: hoursAgo(1), decisions: [refusal] },
    stopped: false,
    attention: false,
  },
  { name: "failed", record: { state: "failed", endedAt: hoursAgo(1) }, stopped: true, attention: true },
  { name: "is done", record: { state: "done", endedAt: hoursAgo(1) }, stopped: false, attention: false },
  { name: "is under way", record: { state: "running" }, stopped: false, attention: false },
] as const)("what $name", ({ record, stopped, attention }) => {
  const found = collected(record);
  expect([found.stopped.length > 0, found.attention.length > 0]).toEqual([stopped, attention]);
});

it("is told by its name, with the reason and the next step", () => {
  const { stopped, attention } = collected(waitsFor("person"));
  expect(stopped).toEqual([
    {
      importId: expect.stringMatching(/^default\.app\.[0-9a-f]{64}$/),
      name: "default/app:1.0.0",
      state: "waiting",
      on: "person",
      source: "up.example/library/app:1.0.0",
      digest: makeRecord().digest,
      reason: "It waits for person. Do this.",
      since: "2026-11-24T08:00:00.000Z",
      dueAt: "2026-11-24T10:00:00.000Z",
    },
  ]);
  expect(attention).toEqual([
    "default/app:1.0.0 (up.example/library/app:1.0.0) waiting: It waits for person. Do this.",
  ]);
});

it("that has failed says how to try it again", () => {
  const { stopped } = collected({ state: "failed", endedAt: hoursAgo(1), reason: "no route to it" });
  expect(stopped[0]?.reason).toBe("no route to it. Try it again: wharfgate retry default/app:1.0.0");
});

it("is told newest first, and counted beyond five", () => {
  const records = [0, 1, 2, 3, 4, 5, 6].map((at) => ({
    tag: `1.0.${at}`,
    state: at === 6 ? ("denied" as const) : ("held" as const),
    endedAt: hoursAgo(at),
    reason: "x",
  }));
  const { stopped, attention } = collected(...records);
  expect(stopped.map(({ name }) => name.slice(-1)).join("")).toBe("0123456");
  expect(attention).toHaveLength(6);
  expect(attention[5]).toBe(
    "2 more denied or held: list them by GET /api/imports?state=denied and ?state=held",
  );
});
