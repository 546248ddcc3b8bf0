import { describe, expect, it } from "vitest";
import type { Values } from "../../shared/azure/tables.ts";
import { Failure } from "../../shared/model/failure.ts";
import { requestSweep } from "../../shared/steps/sweep/request-sweep.ts";
import { emptyState } from "../../shared/stores/watch-states.ts";
import { failureOf } from "../support/failures.ts";
import { digestNamed, makeRecord, targetHost, upstreamHost } from "../support/records.ts";
import { never } from "../support/registries.ts";
import { createStepBench, type StepBench } from "../support/step-bench.ts";

const image = `${targetHost}/mirror/app:1.0.0`;

function ask(bench: StepBench, body: unknown = {}) {
  return requestSweep(body, "ann", bench.ports, never);
}

describe("a sweep that somebody asks for", () => {
  it("looks at once for all that a watch brought in, after an audit row", async () => {
    const bench = await imported();
    expect(await ask(bench, { watch: "default/app" })).toEqual({
      watches: [{ watch: "default/app", looked: 1, drifted: [] }],
      passedOver: [],
    });
    expect(bench.effects).toEqual(["audit insert"]);
    bench.target.tags.set("mirror/app:1.0.0", digestNamed("foreign"));
    expect((await ask(bench, { watch: "app" })).watches).toEqual([
      {
        watch: "default/app",
        looked: 1,
        drifted: [
          {
            image,
            kind: "overwritten",
            digest: digestNamed("1.0.0"),
            found: digestNamed("foreign"),
            reason: expect.stringContaining(
              `To mend it remove that tag, then ask for the import anew: wharfgate import up.example/library/app:1.0.0@${digestNamed("1.0.0")} --target mirror/app:1.0.0`,
            ),
          },
        ],
      },
    ]);
  });

  it("tells people of the same drift once a day, however often it is asked for", async () => {
    const bench = await imported();
    bench.target.tags.clear();
    for (const _ of [1, 2, 3]) {
      await ask(bench);
      await bench.drain();
    }
    expect(told(bench)).toEqual(["drifted"]);
  });

  it("mends what the watch has mended", async () => {
    const bench = await imported({ Drift: "repair" });
    bench.target.tags.clear();
    expect((await ask(bench)).watches[0]?.drifted).toMatchObject([
      { kind: "gone", reason: expect.stringContaining("It is being repaired") },
    ]);
    await bench.drain();
    expect(bench.target.tags.get("mirror/app:1.0.0")).toBe(digestNamed("1.0.0"));
    expect((await ask(bench)).watches).toEqual([{ watch: "default/app", looked: 1, drifted: [] }]);
  });

  it("asks every index for all that it names", async () => {
    const bench = await imported();
    await ask(bench);
    expect(bench.target.calls.filter((call) => call.startsWith("get "))).toHaveLength(1);
  });

  it("says what the target could not tell of", async () => {
    const bench = await imported();
    bench.target.faults.set("head", new Failure("network", "no route to target.example"));
    expect((await ask(bench)).watches).toEqual([
      {
        watch: "default/app",
        looked: 1,
        drifted: [],
        unasked: { count: 1, reason: "no route to target.example" },
      },
    ]);
  });

  it("of all watches says which it passes over, and sends lost messages again", async () => {
    const bench = await imported();
    await bench.stores.ticks.record(bench.now(), never);
    await put(bench, "off", { Enabled: "false" });
    await put(bench, "bad", { Keep: "x" });
    await bench.stores.ledger.add([{ record: makeRecord({ tag: "2.0.0" }) }], never);
    bench.pass(11 * 60_000);
    const { watches, passedOver, revived } = await ask(bench);
    expect([watches.length, revived]).toEqual([1, 1]);
    expect(passedOver).toEqual([
      { watch: "default/bad", reason: expect.stringContaining("Keep must be a whole number") },
      { watch: "default/off", reason: "it is disabled: set Enabled to true" },
    ]);
  });

  it.each([
    {
      name: "a watch that there is not",
      body: { watch: "default/none" },
      code: "not-found",
      says: "no watch",
    },
    { name: "a disabled watch", body: { watch: "off" }, code: "invalid", says: "it is disabled" },
    { name: "a watch that cannot be read", body: { watch: "bad" }, code: "invalid", says: "Keep must be" },
    { name: "what names no watch", body: { watch: "a/b/c" }, code: "invalid", says: "expected group/name" },
    { name: "another field", body: { all: true }, code: "invalid", says: 'the unknown field "all"' },
    { name: "no object", body: [], code: "invalid", says: "it must be an object" },
  ] as const)("refuses $name, and looks at nothing", async ({ body, code, says }) => {
    const bench = await imported();
    await put(bench, "off", { Enabled: "false" });
    await put(bench, "bad", { Keep: "x" });
    bench.effects.length = 0;
    expect((await failureOf(() => ask(bench, body), code)).message).toContain(says);
    expect([bench.effects, bench.target.calls]).toEqual([[], []]);
  });
});

async function imported(columns: Values = {}): Promise<StepBench> {
  const bench = createStepBench();
  await put(bench, "app", columns);
  const record = makeRecord({ state: "done", endedAt: bench.now() });
  await bench.stores.ledger.add([{ record }], never);
  bench.target.tags.set("mirror/app:1.0.0", record.digest);
  const state = { ...emptyState, known: new Map([["1.0.0", record.digest]]) };
  const id = { group: "default", name: "app" };
  await bench.stores.states.save(upstreamHost, id, { state, etag: undefined, signal: never });
  bench.effects.length = 0;
  return bench;
}

async function put(bench: StepBench, name: string, columns: Values): Promise<void> {
  const row = { Source: `${upstreamHost}/library/app`, Tags: "semver *", ...columns };
  await bench.stores.watches.put({ group: "default", name }, row, { signal: never, existing: "keep" });
}

function told({ channel }: StepBench): string[] {
  const kinds = channel.sent.flatMap(({ events }) => events.map(({ kind }) => kind));
  return kinds.filter((kind) => kind !== "stale");
}
