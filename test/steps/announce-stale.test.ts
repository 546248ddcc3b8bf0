import { describe, expect, it } from "vitest";
import { Failure } from "../../shared/model/failure.ts";
import { status } from "../../shared/steps/status/status.ts";
import { digestNamed, upstreamHost } from "../support/records.ts";
import { never } from "../support/registries.ts";
import { createStepBench, type StepBench } from "../support/step-bench.ts";

const minute = 60_000;

describe("an alarm for stale checks", () => {
  it("is raised once a day while an upstream refuses, and ends when it answers", async () => {
    const bench = await watching();
    await run(bench, { hours: 49, hostile: true });
    expect(told(bench)).toEqual(["stale default/app", "stale default/app", "stale default/app"]);
    expect(bench.channel.sent[0]?.events[0]).toMatchObject({
      kind: "stale",
      source: "up.example/library/app",
      reason: expect.stringMatching(
        /^Not checked since 2026-11-22 10:\d\d UTC: The upstream asked for a pause\. This is not the same as no updates\./,
      ),
    });
    const { watches, attention } = await status(bench.ports, never);
    expect(watches).toMatchObject([
      { state: "put-off", until: expect.any(String), stale: expect.stringContaining("Not checked since") },
    ]);
    expect(attention).toContainEqual(expect.stringContaining("Watch default/app: Not checked since"));
    await run(bench, { hours: 2, hostile: false });
    expect(await bench.stores.ticks.stale(never)).toEqual(new Map());
    expect(told(bench)).toHaveLength(3);
    const after = await status(bench.ports, never);
    expect(after.watches).toMatchObject([{ state: "followed" }]);
    expect(after.watches[0]).not.toHaveProperty("stale");
  });

  it("is one for all watches when the schedule stands still", async () => {
    const bench = await watching();
    for (const name of ["b", "c"]) await addWatch(bench, name);
    await bench.schedule();
    await bench.drain();
    bench.channel.sent.length = 0;
    for (let time = 0; time < 12; time += 1) {
      bench.pass(5 * minute);
      await bench.sweep();
      await bench.drain({ forMs: minute });
    }
    expect(told(bench)).toEqual(["stale all watches"]);
    expect((await status(bench.ports, never)).attention).toContainEqual(
      expect.stringContaining(
        "All watches: Not checked since 2026-11-22 10:00 UTC: The schedule has not run.",
      ),
    );
  });

  it("is one for all watches when messages are not processed", async () => {
    const bench = await watching();
    await bench.schedule();
    await bench.drain();
    for (let time = 0; time < 24; time += 1) {
      bench.pass(5 * minute);
      await bench.schedule();
      await bench.sweep();
    }
    const { attention } = await status(bench.ports, never);
    expect(attention).toContainEqual(
      expect.stringMatching(/^All watches: .*Poll messages wait in the queue and are not processed\./),
    );
    await bench.drain();
    expect(told(bench)).toEqual(["stale all watches"]);
  });

  it("is not raised by the first sweep after a stand-still of the whole app", async () => {
    const bench = await watching();
    await bench.schedule();
    await bench.drain();
    bench.channel.sent.length = 0;
    bench.pass(12 * 60 * minute);
    await bench.sweep();
    await bench.schedule();
    await bench.drain({ forMs: minute });
    bench.pass(4 * minute);
    await bench.schedule();
    await bench.sweep();
    await bench.drain();
    expect(told(bench)).toEqual([]);
    expect(await bench.stores.ticks.stale(never)).toEqual(new Map());
  });

  it("costs no write while all is well", async () => {
    const bench = await watching();
    await bench.schedule();
    await bench.drain();
    bench.effects.length = 0;
    await bench.sweep();
    expect(bench.effects).toEqual([]);
  });
});

async function watching(): Promise<StepBench> {
  const bench = createStepBench();
  await addWatch(bench, "app");
  bench.upstream.tags.set("library/app:1.0.0", digestNamed("a"));
  return bench;
}

async function addWatch({ stores }: StepBench, name: string): Promise<void> {
  const columns = {
    Source: `${upstreamHost}/library/app`,
    Tags: "semver *",
    Schedule: "every 15m",
    Target: "m:{tag}",
  };
  await stores.watches.put({ group: "default", name }, columns, { signal: never, existing: "keep" });
}

/** The timers of so many hours, with an upstream that answers every list by a 429, or as it should. */
async function run(
  bench: StepBench,
  { hours, hostile }: { readonly hours: number; readonly hostile: boolean },
): Promise<void> {
  if (hostile)
    bench.upstream.faults.set("list", new Failure("rate-limited", "429", { retryAfterMs: 20 * minute }));
  else bench.upstream.faults.clear();
  for (let time = 0; time < hours * 12; time += 1) {
    const end = bench.now().getTime() + 5 * minute;
    await bench.schedule();
    await bench.sweep();
    await bench.drain({ forMs: 5 * minute });
    bench.pass(end - bench.now().getTime());
  }
}

function told({ channel }: StepBench): string[] {
  return channel.sent.flatMap(({ events }) =>
    events.filter(({ kind }) => kind === "stale").map(({ kind, watch }) => `${kind} ${watch}`),
  );
}
