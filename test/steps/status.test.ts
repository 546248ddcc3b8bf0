import { expect, it } from "vitest";
import { parseWatch } from "../../shared/documents/watch.ts";
import { status } from "../../shared/steps/status/status.ts";
import { emptyState, type WatchState } from "../../shared/stores/watch-states.ts";
import { digestNamed, makeEvent, makeRecord, upstreamHost } from "../support/records.ts";
import { never } from "../support/registries.ts";
import { createStepBench, type StepBench } from "../support/step-bench.ts";

const minute = 60_000;
const row = { Source: `${upstreamHost}/library/app`, Tags: "semver *" };

const none = {
  pending: 0,
  waiting: 0,
  running: 0,
  done: 0,
  held: 0,
  denied: 0,
  failed: 0,
  overtaken: 0,
  removed: 0,
};

it("of a system without anything is fine", async () => {
  const bench = createStepBench();
  expect(await status(bench.ports, never)).toEqual({
    at: "2026-11-22T10:00:00.000Z",
    overall: "ok",
    attention: [],
    forSites: {},
    stopped: [],
    watches: [],
    imports: none,
    referrers: none,
    queues: {
      poll: 0,
      "poll-poison": 0,
      import: 0,
      "import-poison": 0,
      follow: 0,
      "follow-poison": 0,
      notify: 0,
      "notify-poison": 0,
      retention: 0,
      "retention-poison": 0,
    },
    pausedHosts: {},
    deadLetters: 0,
    notifications: {},
  });
});

it("counts imports, messages and notifications, and is fine while nothing waits for a person", async () => {
  const bench = createStepBench();
  await addWatch(bench, "app");
  await saveState(bench, "app", { known: new Map([["1.0.0", digestNamed("a")]]) });
  await bench.stores.ticks.record(bench.now(), never);
  await bench.stores.ledger.add(
    [makeRecord(), makeRecord({ tag: "2", state: "running" }), makeRecord({ tag: "3", state: "done" })].map(
      (record) => ({ record }),
    ),
    never,
  );
  await bench.stores.queues.import({ ...makeRecord(), hop: 0 }, { signal: never, delayMs: minute });
  await bench.stores.deliveries.add("ops", [makeEvent("a"), makeEvent("b")], {
    dueAt: bench.now(),
    signal: never,
  });
  expect(await status(bench.ports, never)).toMatchObject({
    overall: "ok",
    lastTick: "2026-11-22T10:00:00.000Z",
    watches: [{ watch: "default/app", state: "followed", source: "up.example/library/app", tags: 1 }],
    imports: {
      pending: 1,
      waiting: 0,
      running: 1,
      done: 1,
      held: 0,
      denied: 0,
      failed: 0,
      overtaken: 0,
      removed: 0,
    },
    queues: { import: 1 },
    notifications: { ops: { due: 2, failed: 0 } },
  });
});

it("says all that waits for a person, with how to mend it", async () => {
  const bench = createStepBench();
  await bench.stores.ticks.record(bench.now(), never);
  bench.pass(6 * minute);
  await addWatch(bench, "new");
  await addWatch(bench, "off", { Enabled: "false" });
  await addWatch(bench, "bad", { Keep: "x" });
  await addWatch(bench, "gone");
  await addWatch(bench, "slow", { Source: "slow.example/library/app" });
  const since = new Date("2026-11-22T09:00:00.000Z");
  await saveState(bench, "gone", { trouble: { code: "not-found", reason: "it is gone", since } });
  const until = new Date(bench.now().getTime() + minute);
  await bench.stores.hosts.pause("slow.example", { since: bench.now(), until }, never);
  await bench.stores.hosts.pause("over.example", { since, until: since }, never);
  await bench.stores.ledger.add(
    [
      makeRecord({ state: "held", endedAt: bench.now(), reason: "It moved." }),
      makeRecord({ tag: "2", state: "failed", endedAt: bench.now(), reason: "It is gone." }),
      makeRecord({ tag: "3", state: "failed", endedAt: new Date("2026-11-01"), reason: "Long ago." }),
    ].map((record) => ({ record })),
    never,
  );
  await bench.stores.deadLetters.add({ key: "k", queue: "poll", body: "", at: since }, never);
  await bench.stores.deliveries.add("ops", [makeEvent("a")], { dueAt: since, signal: never });
  await bench.stores.deliveries.update(
    await bench.stores.deliveries.open("ops", never),
    { state: "failed" },
    never,
  );

  const { overall, attention, watches, pausedHosts } = await status(bench.ports, never);
  expect(overall).toBe("attention");
  expect(attention).toEqual([
    "The schedule has not run since 2026-11-22T10:00:00.000Z: is the function app running?",
    'Watch default/bad: Keep must be a whole number from 1 to 10000, not "x"',
    "Watch default/gone: Not checked since 2026-11-22 09:00 UTC: it is gone. This is not the same as no updates. Mend what it names.",
    "slow.example: The upstream asked for a pause. Its watches are not checked until 2026-11-22T10:07:00.000Z.",
    "default/app:2 (up.example/library/app:2) failed: It is gone. Try it again: wharfgate retry default/app:2",
    "default/app:1.0.0 (up.example/library/app:1.0.0) held: It moved.",
    "1 dead letters in the table deadletters",
    "1 notification to ops could not be delivered: see the table deliveries",
  ]);
  expect(Object.fromEntries(watches.map(({ watch, state }) => [watch, state]))).toEqual({
    "default/bad": "rejected",
    "default/gone": "troubled",
    "default/new": "new",
    "default/off": "disabled",
    "default/slow": "put-off",
  });
  expect(pausedHosts).toEqual({ "slow.example": "2026-11-22T10:07:00.000Z" });
});

it("does not show a watch the trouble of a source that it had before", async () => {
  const bench = createStepBench();
  await addWatch(bench, "app");
  const id = { group: "default", name: "app" };
  const trouble = { code: "not-found", reason: "it is gone", since: bench.now() };
  for (const host of ["a.example", "z.example"]) {
    const state = { ...emptyState, trouble };
    await bench.stores.states.save(host, id, { state, etag: undefined, signal: never });
  }
  await saveState(bench, "app", {});
  expect((await status(bench.ports, never)).watches).toMatchObject([{ state: "followed" }]);
});

async function addWatch(
  { stores }: StepBench,
  name: string,
  columns: Record<string, string> = {},
): Promise<void> {
  await stores.watches.put(
    { group: "default", name },
    { ...row, ...columns },
    { signal: never, existing: "keep" },
  );
}

async function saveState({ stores }: StepBench, name: string, parts: Partial<WatchState>): Promise<void> {
  const { revision } = parseWatch("default", name, row);
  const state = { ...emptyState, revision, ...parts };
  await stores.states.save(
    upstreamHost,
    { group: "default", name },
    { state, etag: undefined, signal: never },
  );
}
