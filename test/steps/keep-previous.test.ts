import { describe, expect, it } from "vitest";
import { defaultHandling } from "../../shared/documents/handling.ts";
import type { ImportRecord } from "../../shared/documents/import-record.ts";
import { Failure } from "../../shared/model/failure.ts";
import { datedTags, keepPrevious } from "../../shared/steps/import/keep-previous.ts";
import { failureOf } from "../support/failures.ts";
import { digestNamed, makeRecord } from "../support/records.ts";
import { never } from "../support/registries.ts";
import { createStepBench, type StepBench } from "../support/step-bench.ts";

const handling = { ...defaultHandling, previous: "keep" } as const;
const floating = (digest: string, parts: Partial<ImportRecord> = {}): ImportRecord =>
  makeRecord({ tag: "stable", digest: digestNamed(digest), existing: "replace", handling, ...parts });

describe("what a tag had before it moved", () => {
  it("is kept under the day's tag before the method starts, and the record says where", async () => {
    const bench = benchWith({ stable: "old" });
    const record = await order(bench, floating("new"));
    await bench.drain();
    expect(tagsAt(bench)).toEqual({ stable: digestNamed("new"), "stable-20261122": digestNamed("old") });
    const wanted = [
      { tag: "stable-20261122", digest: digestNamed("old"), at: new Date("2026-11-22T10:00:00Z") },
    ];
    expect((await bench.stores.ledger.get(record.watch, record.key, never))?.record.keptAs).toEqual(wanted);
    expect(bench.effects.indexOf("target put")).toBeLessThan(bench.effects.indexOf("method start"));
  });

  it.each<{
    readonly name: string;
    readonly record: ImportRecord;
    readonly at: Readonly<Record<string, string>>;
  }>([
    {
      name: "the watch does not ask for it",
      record: floating("new", { handling: defaultHandling }),
      at: { stable: "old" },
    },
    { name: "the tag is not there yet", record: floating("new"), at: {} },
    { name: "the tag has the digest already", record: floating("old"), at: { stable: "old" } },
    {
      name: "the tag is not to be moved",
      record: floating("new", { existing: "keep" }),
      at: { stable: "old" },
    },
    {
      name: "the tag is mended: what somebody else put there is nobody's previous digest",
      record: floating("new", { repair: { kind: "overwritten", existing: "replace" } }),
      at: { stable: "old" },
    },
  ])("is not kept when $name", async ({ record, at }) => {
    const bench = benchWith(at);
    expect(await keepPrevious(record, bench.ports, never)).toBeUndefined();
    expect(Object.keys(tagsAt(bench))).toEqual(Object.keys(at));
  });

  it.each<{
    readonly name: string;
    readonly at: Readonly<Record<string, string>>;
    readonly tag: string;
    readonly puts: number;
  }>([
    {
      name: "a second time on one day: under the minute",
      at: { "stable-20261122": "older" },
      tag: "stable-20261122-1000",
      puts: 1,
    },
    { name: "an earlier try has kept it", at: { "stable-20261122": "old" }, tag: "stable-20261122", puts: 0 },
    {
      name: "an earlier try has kept it in an earlier minute",
      at: { "stable-20261122": "older", "stable-20261122-0957": "old", "stable-20261122-slim": "old" },
      tag: "stable-20261122-0957",
      puts: 0,
    },
  ])("is kept once, $name", async ({ at, tag, puts }) => {
    const bench = benchWith({ stable: "old", ...at });
    expect(await keepPrevious(floating("new"), bench.ports, never)).toMatchObject({
      tag,
      digest: digestNamed("old"),
    });
    expect(tagsAt(bench)[tag]).toBe(digestNamed("old"));
    expect(bench.effects.filter((effect) => effect === "target put")).toHaveLength(puts);
  });

  it("waits for the next minute when this one is taken", async () => {
    const bench = benchWith({ stable: "old", "stable-20261122": "a", "stable-20261122-1000": "b" });
    await failureOf(() => keepPrevious(floating("new"), bench.ports, never), "unavailable");
    bench.pass(60_000);
    expect(await keepPrevious(floating("new"), bench.ports, never)).toMatchObject({
      tag: "stable-20261122-1001",
    });
  });

  it("keeps the tag where it is when it cannot be kept", async () => {
    const bench = benchWith({ stable: "old" });
    bench.target.faults.set("put", new Failure("forbidden", "no right to push"));
    const record = await order(bench, floating("new"));
    await bench.drain();
    expect((await bench.stores.ledger.get(record.watch, record.key, never))?.record).toMatchObject({
      state: "failed",
      reason: "no right to push",
    });
    expect(tagsAt(bench)).toEqual({ stable: digestNamed("old") });
    expect(bench.method.calls).toEqual([]);
  });

  it("needs a tag that has room for the date", async () => {
    expect(datedTags("x".repeat(114), new Date("2026-11-22T10:00:00Z"))[1]).toHaveLength(128);
    await failureOf(async () => datedTags("x".repeat(115), new Date()), "invalid");
  });
});

function benchWith(tags: Readonly<Record<string, string>>): StepBench {
  const bench = createStepBench();
  for (const [tag, content] of Object.entries(tags))
    bench.target.tags.set(`mirror/app:${tag}`, digestNamed(content));
  return bench;
}

function tagsAt({ target }: StepBench): Readonly<Record<string, string>> {
  return Object.fromEntries(
    [...target.tags].map(([name, digest]) => [name.replace("mirror/app:", ""), digest]),
  );
}

async function order(bench: StepBench, record: ImportRecord): Promise<ImportRecord> {
  await bench.stores.ledger.add([{ record }], never);
  await bench.stores.queues.import({ watch: record.watch, key: record.key, hop: 0 }, { signal: never });
  return record;
}
