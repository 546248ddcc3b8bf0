import { describe, expect, it } from "vitest";
import type { ImportRecord } from "../../shared/documents/import-record.ts";
import { parseWatch } from "../../shared/documents/watch.ts";
import { Failure } from "../../shared/model/failure.ts";
import { slotOf } from "../../shared/steps/drift/check-drift.ts";
import { standsStill } from "../../shared/steps/sweep/sweep.ts";
import type { LedgerEntry } from "../../shared/stores/ledger.ts";
import { emptyState } from "../../shared/stores/watch-states.ts";
import { collect } from "../support/collect.ts";
import { digestNamed, makeEvent, makeRecord, upstreamHost } from "../support/records.ts";
import { never } from "../support/registries.ts";
import { createStepBench, type StepBench } from "../support/step-bench.ts";

const minute = 60_000;
const day = 24 * 60 * minute;

describe("an import that stands still", () => {
  it.each<{
    readonly name: string;
    readonly parts: Partial<ImportRecord>;
    readonly lease?: LedgerEntry["lease"];
    readonly minutes: number;
    readonly still: boolean;
  }>([
    { name: "fresh, for 9 minutes", parts: {}, minutes: 9, still: false },
    { name: "fresh, for 11 minutes", parts: {}, minutes: 11, still: true },
    { name: "running, for 9 minutes", parts: { state: "running" }, minutes: 9, still: false },
    { name: "running, for 11 minutes", parts: { state: "running" }, minutes: 11, still: true },
    { name: "running after a retry", parts: { state: "running", attempts: 2 }, minutes: 11, still: true },
    { name: "put off, within the longest delay", parts: { attempts: 5 }, minutes: 73, still: false },
    { name: "put off, for longer than that", parts: { attempts: 5 }, minutes: 91, still: true },
    { name: "put off without a try", parts: { reason: "Put off until …" }, minutes: 73, still: false },
    { name: "put off half-way", parts: { state: "running", reason: "…" }, minutes: 73, still: false },
    { name: "held by a worker", parts: { lease: "w" }, lease: "held", minutes: 1000, still: false },
    {
      name: "left by a dead worker",
      parts: { attempts: 5, lease: "w" },
      lease: "lapsed",
      minutes: 11,
      still: true,
    },
  ])("is one $name: $still", ({ parts, lease = "none", minutes, still }) => {
    const entry = { record: makeRecord(parts), etag: "e", ageMs: minutes * minute, lease };
    expect(standsStill(entry, { leaseMs: 5 * minute, now: new Date("2026-11-22T10:00:00.000Z") })).toBe(
      still,
    );
  });

  it("is sent again with the hop that it waits for, and the others are left alone", async () => {
    const bench = createStepBench();
    const lost = makeRecord({ tag: "1.0.0", state: "running", hop: 3 });
    await bench.stores.ledger.add(
      [lost, makeRecord({ tag: "2.0.0", state: "done" }), makeRecord({ tag: "3.0.0", attempts: 1 })].map(
        (record) => ({ record }),
      ),
      never,
    );
    bench.pass(11 * minute);
    await bench.stores.ledger.add([{ record: makeRecord({ tag: "4.0.0" }) }], never);
    expect(await bench.sweep()).toEqual({ revived: 1, drifted: 0, stale: 0 });
    expect(bench.waiting("import")).toEqual([{ v: 1, watch: "default~app", import: lost.key, hop: 3 }]);
  });
});

describe("a notification that lost its message", () => {
  it("is relayed when its outbox has waited", async () => {
    const bench = createStepBench();
    await bench.stores.ledger.announce("default~app", { event: makeEvent("e"), channels: ["ops"] }, never);
    expect(await bench.sweep()).toMatchObject({ revived: 0 });
    bench.pass(6 * minute);
    expect(await bench.sweep()).toMatchObject({ revived: 1 });
    await bench.drain();
    expect(bench.channel.sent).toHaveLength(1);
  });

  it.each([
    { name: "is due for long", change: {}, revived: 1 },
    { name: "was claimed by a worker that died", change: { state: "sending" }, revived: 1 },
    { name: "was sent", change: { state: "sent" }, revived: 0 },
    { name: "failed", change: { state: "failed" }, revived: 0 },
  ] as const)("is flushed when it $name: $revived", async ({ change, revived }) => {
    const bench = createStepBench();
    await bench.stores.deliveries.add("ops", [makeEvent("e")], { dueAt: bench.now(), signal: never });
    await bench.stores.deliveries.update(await bench.stores.deliveries.open("ops", never), change, never);
    bench.pass(minute);
    expect(await bench.sweep()).toMatchObject({ revived: 0 });
    bench.pass(5 * minute);
    expect(await bench.sweep()).toMatchObject({ revived });
  });

  it("is forgotten a week after it was sent, an idempotency key after a day", async () => {
    const bench = createStepBench();
    const { deliveries, requests } = bench.stores;
    await deliveries.add("ops", [makeEvent("e")], { dueAt: bench.now(), signal: never });
    await deliveries.update(await deliveries.open("ops", never), { state: "sent" }, never);
    await requests.add("k", { fingerprint: "f", importId: "i" }, never);
    const left = async () => [
      (await collect(deliveries.all(never))).length,
      (await requests.get("k", never)) === undefined ? 0 : 1,
    ];
    bench.pass(day - minute);
    await bench.sweep();
    expect(await left()).toEqual([1, 1]);
    bench.pass(2 * minute);
    await bench.sweep();
    expect(await left()).toEqual([1, 0]);
    bench.pass(6 * day);
    await bench.sweep();
    expect(await left()).toEqual([0, 0]);
  });
});

describe("drift", () => {
  it.each([
    {
      name: "is gone",
      now: undefined,
      reason: "target.example/mirror/app:1.0.0 is gone: somebody changed the target",
    },
    { name: "has another digest", now: "foreign", reason: "has another digest now, sha256:" },
  ])("is reported once a day when an imported tag $name", async ({ now, reason }) => {
    const bench = await imported();
    bench.target.tags.clear();
    if (now !== undefined) bench.target.tags.set("mirror/app:1.0.0", digestNamed(now));
    for (let slot = 0; slot < 2 * 288; slot += 1) {
      bench.pass(5 * minute);
      await tickAndSweep(bench);
      await bench.drain({ forMs: 0 });
    }
    await bench.drain();
    const events = bench.channel.sent.flatMap(({ events }) => events);
    expect(events.map(({ kind }) => kind)).toEqual(["drifted", "drifted"]);
    expect(events[0]?.reason).toContain(reason);
    expect(new Set(events.map(({ key }) => key)).size).toBe(2);
  });

  it("is none when all is as it was, when the target cannot be asked, nor for a digest that was followed by another", async () => {
    const bench = await imported();
    const earlier = makeRecord({
      tag: "latest",
      digest: digestNamed("old"),
      existing: "replace",
      state: "done",
      endedAt: new Date("2026-11-20T10:00:00.000Z"),
    });
    const later = makeRecord({
      ...earlier,
      key: "f".repeat(64),
      digest: digestNamed("new"),
      endedAt: new Date("2026-11-21T10:00:00.000Z"),
    });
    await bench.stores.ledger.add([{ record: earlier }, { record: later }], never);
    bench.target.tags.set("mirror/app:latest", digestNamed("new"));
    let asked = 0;
    bench.target.onCall = () => {
      asked += 1;
    };
    for (let slot = 0; slot < 288; slot += 1) {
      bench.pass(5 * minute);
      expect(await tickAndSweep(bench)).toEqual({ revived: 0, drifted: 0, stale: 0 });
    }
    // Each tag, and one of them as a whole.
    expect(asked).toBe(3);
    bench.target.faults.set("head", new Failure("unavailable", "503"));
    for (let slot = 0; slot < 288; slot += 1) {
      bench.pass(5 * minute);
      expect(await tickAndSweep(bench)).toEqual({ revived: 0, drifted: 0, stale: 0 });
    }
  });

  it("spreads the watches over the day", () => {
    const slots = Array.from({ length: 500 }, (_, at) => slotOf({ group: "g", name: `w${at}` }));
    expect(Math.min(...slots)).toBeGreaterThanOrEqual(0);
    expect(Math.max(...slots)).toBeLessThan(288);
    expect(new Set(slots).size).toBeGreaterThan(200);
  });
});

async function imported(): Promise<StepBench> {
  const bench = createStepBench();
  const row = { Source: `${upstreamHost}/library/app`, Tags: "semver *" };
  await bench.stores.watches.put({ group: "default", name: "app" }, row, { signal: never, existing: "keep" });
  const record = makeRecord({ state: "done", endedAt: bench.now() });
  await bench.stores.ledger.add([{ record }], never);
  bench.target.tags.set("mirror/app:1.0.0", record.digest);
  const id = { group: "default", name: "app" };
  const { revision } = parseWatch(id.group, id.name, row);
  await bench.stores.states.save(upstreamHost, id, {
    state: { ...emptyState, revision, known: new Map([[record.tag, record.digest]]) },
    etag: undefined,
    signal: never,
  });
  return bench;
}

/** As in a system whose schedule runs. */
async function tickAndSweep(bench: StepBench): ReturnType<StepBench["sweep"]> {
  await bench.stores.ticks.record(bench.now(), never);
  return bench.sweep();
}
