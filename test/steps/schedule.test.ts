import { describe, expect, it } from "vitest";
import type { Values } from "../../shared/azure/tables.ts";
import { parseWatch } from "../../shared/documents/watch.ts";
import { dueWatches } from "../../shared/steps/poll/schedule.ts";
import type { Pause } from "../../shared/stores/hosts.ts";
import type { WatchRow } from "../../shared/stores/watches.ts";
import { upstreamHost } from "../support/records.ts";
import { never } from "../support/registries.ts";
import { createStepBench, type StepBench } from "../support/step-bench.ts";

const at = (time: string): Date => new Date(`2026-11-22T${time}.000Z`);
const minute = 60_000;
const noPauses: ReadonlyMap<string, Pause> = new Map();
const pause = (since: string, until: string) =>
  new Map([[upstreamHost, { since: at(since), until: at(until) }]]);
const hourly = "0 30 * * * *";

describe("what is due", () => {
  it.each([
    { name: "at a first tick: everything", last: undefined, now: "10:00:00", due: true },
    { name: "when its moment is within (last, now]", last: "10:29:00", now: "10:30:00", due: true },
    { name: "not again after its moment", last: "10:30:00", now: "10:31:00", due: false },
    { name: "not before its moment", last: "10:28:00", now: "10:29:59", due: false },
    { name: "once after a long standstill", last: "04:00:00", now: "10:00:00", due: true },
    { name: "as before when the clock was set back", last: "12:00:00", now: "10:30:00", due: true },
    { name: "and only then, when the clock was set back", last: "12:00:00", now: "10:32:00", due: false },
    {
      name: "not while its host has a pause",
      last: "10:29:00",
      now: "10:30:00",
      pause: pause("10:00:00", "11:00:00"),
      due: false,
    },
    {
      name: "for what the pause covered, once it has ended",
      last: "10:59:00",
      now: "11:00:00",
      pause: pause("10:00:00", "11:00:00"),
      due: true,
    },
    {
      name: "not for a pause that covered nothing",
      last: "10:49:00",
      now: "10:50:00",
      pause: pause("10:31:00", "10:50:00"),
      due: false,
    },
    {
      name: "not for a pause that a tick has seen end",
      last: "11:01:00",
      now: "11:02:00",
      pause: pause("10:00:00", "11:00:00"),
      due: false,
    },
  ])("is a watch: $name", ({ last, now, pause = noPauses, due }) => {
    const tick = last === undefined ? undefined : { at: at(last), recordedAt: at(last) };
    const rows = [rowOf({ Schedule: hourly }, at("00:00:00"))];
    expect(dueWatches(rows, { last: tick, now: at(now), pauses: pause })).toHaveLength(due ? 1 : 0);
  });

  it.each([
    { name: "since the last tick", changedAt: "10:00:10", due: true },
    { name: "while the last tick was under way", changedAt: "09:59:45", due: true },
    { name: "before that", changedAt: "09:59:29", due: false },
  ])("is a watch that was saved $name: $due", ({ changedAt, due }) => {
    const rows = [rowOf({ Schedule: hourly }, at(changedAt))];
    // Our clock is an hour behind: what counts is the service's time of both writes.
    const last = { at: at("09:00:00"), recordedAt: at("10:00:00") };
    expect(dueWatches(rows, { last, now: at("09:01:00"), pauses: noPauses })).toHaveLength(due ? 1 : 0);
  });

  it("is neither a disabled watch nor a rejected row", () => {
    const disabled = rowOf({ Schedule: hourly, Enabled: false }, at("00:00:00"));
    const rejected: WatchRow = {
      kind: "rejected",
      group: "g",
      name: "n",
      reason: "bad",
      changedAt: at("00:00:00"),
      columns: {},
    };
    expect(
      dueWatches([disabled, rejected], { last: undefined, now: at("10:00:00"), pauses: noPauses }),
    ).toEqual([]);
  });
});

describe("the schedule", () => {
  it("sends due watches by host, at most 50 in a message, and records its tick last", async () => {
    const bench = createStepBench();
    for (let each = 0; each < 120; each += 1) await addWatch(bench, `w${each}`, {});
    await addWatch(bench, "other", { Source: "other.example/library/app" });
    expect(await bench.schedule()).toEqual({ watches: 121, due: 121, messages: 4 });
    const sizes = bench.waiting("poll").map((body) => (body as { watches: unknown[] }).watches.length);
    expect(sizes.sort((a, b) => a - b)).toEqual([1, 20, 50, 50]);
    expect(bench.effects.at(-1)).toBe("ticks upsert");
  });

  it("polls a watch once per interval, a minute's tick after the other", async () => {
    const bench = createStepBench();
    await addWatch(bench, "app", { Schedule: "every 15m" });
    await bench.schedule();
    let due = 0;
    for (let tick = 0; tick < 60; tick += 1) {
      bench.pass(minute);
      due += (await bench.schedule()).due;
    }
    // One more for the row that was saved just before the first tick.
    expect(due).toBe(4 + 1);
  });

  it("tells of a rejected row once, again when its reason changes, and forgets it when it is mended", async () => {
    const bench = createStepBench();
    await addWatch(bench, "app", { Keep: "many" });
    await tick(bench);
    for (let time = 0; time < 3; time += 1) {
      bench.effects.length = 0;
      await tick(bench);
      expect(bench.effects).toEqual(["ticks upsert"]);
    }
    await addWatch(bench, "app", { Keep: "0" });
    await tick(bench);
    await addWatch(bench, "app", {});
    await tick(bench);
    expect(reasons(bench)).toEqual([
      'Keep must be a whole number from 1 to 10000, not "many"',
      'Keep must be a whole number from 1 to 10000, not "0"',
    ]);
    expect(await bench.stores.ticks.rejected(never)).toEqual(new Map());
  });

  it("is not stopped by a row with more problems than anybody reads", async () => {
    const bench = createStepBench();
    const columns = Object.fromEntries(Array.from({ length: 240 }, (_, each) => [`Column${each}`, "x"]));
    await addWatch(bench, "app", columns);
    for (let time = 0; time < 3; time += 1) await tick(bench);
    expect(reasons(bench)).toHaveLength(1);
    expect(reasons(bench)[0]).toHaveLength(4000);
  });
});

function rowOf(columns: Values, changedAt: Date): WatchRow {
  const row = { Source: `${upstreamHost}/library/app`, Tags: "semver *", ...columns };
  return { kind: "watch", watch: parseWatch("default", "app", row), changedAt, columns: row };
}

async function addWatch({ stores }: StepBench, name: string, columns: Values): Promise<void> {
  const row = { Source: `${upstreamHost}/library/app`, Tags: "semver *", ...columns };
  await stores.watches.put({ group: "default", name }, row, { signal: never, existing: "replace" });
}

async function tick(bench: StepBench): Promise<void> {
  bench.pass(minute);
  await bench.schedule();
  await bench.drain();
}

function reasons({ channel }: StepBench): (string | undefined)[] {
  const events = channel.sent.flatMap((message) => message.events);
  return events.flatMap(({ kind, reason }) => (kind === "watch-rejected" ? [reason] : []));
}
