import { describe, expect, it } from "vitest";
import { defaultHandling } from "../../shared/documents/handling.ts";
import type { ImportRecord } from "../../shared/documents/import-record.ts";
import { mediaTypes } from "../../shared/model/descriptor.ts";
import { Failure } from "../../shared/model/failure.ts";
import { slotOf } from "../../shared/steps/drift/check-drift.ts";
import { type Drift, whyLeft } from "../../shared/steps/drift/repair-drift.ts";
import { emptyState } from "../../shared/stores/watch-states.ts";
import { collect } from "../support/collect.ts";
import { digestNamed, makeRecord, upstreamHost } from "../support/records.ts";
import { never } from "../support/registries.ts";
import { createStepBench, type StepBench } from "../support/step-bench.ts";

const day = 24 * 3_600_000;
const id = { group: "default", name: "app" };
const name = "mirror/app:1.0.0";
const now = new Date("2026-11-22T10:00:00.000Z");
const daysAgo = (...days: number[]) => days.map((each) => new Date(now.getTime() - each * day));

describe("whether a changed tag is left as it is", () => {
  it.each<{
    readonly name: string;
    readonly drift?: Drift;
    readonly repairs?: readonly Date[];
    readonly lock?: "open" | "locked" | "none";
    readonly left?: string;
  }>([
    { name: "never repaired" },
    { name: "repaired twice this week", repairs: daysAgo(3, 1) },
    {
      name: "repaired three times this week",
      repairs: daysAgo(5, 3, 1),
      left: "repaired 3 times since 2026-11-17",
    },
    { name: "repaired three times, once long ago", repairs: daysAgo(8, 3, 1) },
    { name: "overwritten and locked there", lock: "locked", left: "locked it at the registry" },
    { name: "overwritten and not locked", lock: "open" },
    { name: "gone, with no locks there", drift: { kind: "gone" }, lock: "none" },
    { name: "incomplete and locked: nothing is overwritten", drift: { kind: "incomplete" }, lock: "locked" },
  ])(
    "$name",
    ({ drift = { kind: "overwritten", found: digestNamed("x") }, repairs = [], lock = "none", left }) => {
      const why = whyLeft(makeRecord({ repairs }), { drift, lock, now });
      if (left === undefined) expect(why).toBeUndefined();
      else expect(why).toContain(left);
    },
  );
});

describe("an imported tag that was changed at the target", () => {
  it.each([
    {
      name: "is gone",
      change: (bench: StepBench) => void bench.target.tags.clear(),
      found: undefined,
      existing: "keep",
    },
    {
      name: "was overwritten",
      change: (bench: StepBench) => void bench.target.tags.set(name, digestNamed("foreign")),
      found: digestNamed("foreign"),
      existing: "replace",
    },
  ] as const)(
    "is as it was again when it $name, and people are told of both",
    async ({ change, found, existing }) => {
      const { bench, record } = await imported();
      change(bench);
      await check(bench);
      expect(bench.target.tags.get(name)).toBe(record.digest);
      expect(bench.method.orders).toMatchObject([{ existing }]);
      const [drifted, repaired] = told(bench);
      expect(drifted).toMatchObject({
        kind: "drifted",
        reason: expect.stringContaining("It is being repaired"),
      });
      expect(repaired).toMatchObject({ kind: "repaired", digest: record.digest });
      expect(repaired?.previousDigest).toBe(found);
      const ended = await stateOf(bench, record);
      expect(ended).toMatchObject({ state: "done", existing: "keep", repairs: [expect.any(Date)] });
      expect(ended.repair).toBeUndefined();
    },
  );

  it("is put back without asking the gates again, with an audit row that names what was there", async () => {
    const { bench, record } = await imported();
    bench.gates.verdict = () => ({ kind: "denied", reason: "not today", next: "Wait" });
    bench.target.tags.set(name, digestNamed("foreign"));
    bench.effects.length = 0;
    await check(bench);
    expect(await stateOf(bench, record)).toMatchObject({ state: "done" });
    expect(bench.effects.indexOf("audit insert")).toBeLessThan(bench.effects.indexOf("method start"));
  });

  it("that lacks manifests of its index is brought in by digest, under no tag, and proven whole", async () => {
    const { bench, record } = await imported();
    const child = { mediaType: mediaTypes.ociManifest, digest: digestNamed("child"), size: 10 };
    bench.target.manifests.set(`mirror/app@${record.digest}`, { kind: "index", manifests: [child] });
    bench.method.always = {
      start: ({ target }) => {
        expect(target).toEqual({ host: record.target.host, path: "mirror/app" });
        bench.target.manifests.set(`mirror/app@${child.digest}`, {});
        return { kind: "done" };
      },
    };
    await check(bench);
    expect(told(bench).map(({ kind }) => kind)).toEqual(["drifted", "repaired"]);
    expect(told(bench)[0]?.reason).toContain("not whole any more");
    await check(bench);
    expect(told(bench)).toHaveLength(2);
  });

  it("that still lacks them after its method has failed is told", async () => {
    const { bench, record } = await imported();
    const child = { mediaType: mediaTypes.ociManifest, digest: digestNamed("child"), size: 10 };
    bench.target.manifests.set(`mirror/app@${record.digest}`, { kind: "index", manifests: [child] });
    bench.method.always = { start: () => ({ kind: "done" }) };
    await check(bench);
    expect(await stateOf(bench, record)).toMatchObject({
      state: "failed",
      reason: expect.stringContaining("with all that its index names"),
    });
  });

  it("needs only the platforms that are brought in", async () => {
    const handling = { ...defaultHandling, platforms: "only" } as const;
    const { bench, record } = await imported({ record: { handling, platforms: ["linux/amd64"] } });
    const child = (architecture: string) => ({
      mediaType: mediaTypes.ociManifest,
      digest: digestNamed(architecture),
      size: 10,
      platform: { os: "linux", architecture },
    });
    bench.target.manifests.set(`mirror/app@${record.digest}`, {
      kind: "index",
      manifests: [child("amd64"), child("arm64")],
    });
    bench.target.manifests.set(`mirror/app@${digestNamed("amd64")}`, {});
    await check(bench);
    expect(told(bench)).toEqual([]);
  });

  it("is reported and left after three repairs in a row", async () => {
    const { bench } = await imported();
    for (let time = 0; time < 5; time += 1) {
      bench.target.tags.set(name, digestNamed(`foreign ${time}`));
      await check(bench);
    }
    expect(told(bench).map(({ kind }) => kind)).toEqual([
      "drifted",
      "repaired",
      "drifted",
      "repaired",
      "drifted",
      "repaired",
      "drifted",
      "drifted",
    ]);
    expect(told(bench).at(-1)?.reason).toContain("repaired 3 times");
    expect(bench.target.tags.get(name)).toBe(digestNamed("foreign 4"));
  });

  it.each([
    {
      name: "the watch only wants it reported",
      columns: {},
      reason: "remove that tag, then ask for the import anew",
    },
    {
      name: "somebody else has locked it",
      columns: { Drift: "repair" },
      before: (bench: StepBench) => {
        bench.target.locks = new Set([name]);
      },
      reason: "locked it at the registry",
    },
    {
      name: "its lock cannot be read",
      columns: { Drift: "repair" },
      before: (bench: StepBench) => void bench.target.faults.set("lock-of", new Failure("forbidden", "403")),
      reason: "Whether it is locked cannot be told: 403",
    },
    {
      name: "the watch does not follow it any more",
      columns: { Drift: "repair", Tags: "semver >=2" },
      known: [],
      reason: "does not follow it any more",
    },
  ])("is reported and left when $name", async ({ columns, before, known, reason }) => {
    const { bench } = await imported({ columns, ...(known && { known }) });
    before?.(bench);
    bench.target.tags.set(name, digestNamed("foreign"));
    await check(bench);
    expect(told(bench).map(({ kind }) => kind)).toEqual(["drifted"]);
    expect(told(bench)[0]).toMatchObject({ previousDigest: digestNamed("foreign") });
    expect(told(bench)[0]?.reason).toContain(reason);
    expect(bench.method.calls).toEqual([]);
  });

  it.each([
    { name: "is on its way", state: "running", operation: { runId: "r" } },
    { name: "waits for its next try", state: "pending", attempts: 2, reason: "said done, and was not seen" },
  ] as const)("that has what upstream moved it to, while that import $name, is no drift", async (parts) => {
    const { bench, record } = await imported({ record: { existing: "replace" }, tracked: "1.0.0" });
    const { name: _, ...open } = parts;
    const next = makeRecord({ digest: digestNamed("next"), existing: "replace", ...open });
    await bench.stores.ledger.add([{ record: next }], never);
    bench.target.tags.set(name, next.digest);
    await checkAlone(bench);
    expect(await bench.stores.ledger.outbox("default~app", never)).toEqual([]);
    expect(await stateOf(bench, record)).toMatchObject({ state: "done" });
  });

  it("that has what upstream moved it to, although that import failed, is reported and left", async () => {
    const { bench } = await imported({ record: { existing: "replace" }, tracked: "1.0.0" });
    const next = makeRecord({ digest: digestNamed("next"), existing: "replace", state: "failed" });
    await bench.stores.ledger.add([{ record: { ...next, endedAt: bench.now() } }], never);
    await follows(bench, { "1.0.0": next.digest });
    bench.target.tags.set(name, next.digest);
    await check(bench);
    expect(told(bench).map(({ kind }) => kind)).toEqual(["drifted"]);
    expect(told(bench)[0]?.reason).toContain("what its watch follows under this tag now");
    expect(bench.method.orders).toEqual([]);
  });

  it("is left to the newer digest when upstream has moved its tracked tag meanwhile", async () => {
    const { bench, record } = await imported({ record: { existing: "replace" }, tracked: "1.0.0" });
    bench.upstream.tags.set("library/app:1.0.0", digestNamed("next"));
    bench.target.tags.set(name, digestNamed("foreign"));
    await check(bench);
    expect(bench.method.orders).toEqual([]);
    expect(await stateOf(bench, record)).toMatchObject({ state: "overtaken" });
  });

  it("that its watch does not follow any more may be cleaned up by others, with what refers to it", async () => {
    const { bench, record } = await imported({ columns: { Drift: "report", Tags: "semver >=2" }, known: [] });
    const signature = makeRecord({
      tag: `sha256-${record.digest.slice(7)}.sig`,
      digest: digestNamed("signature"),
      target: { host: record.target.host, path: record.target.path },
      subject: record.digest,
      state: "done",
      endedAt: bench.now(),
    });
    await bench.stores.ledger.add([{ record: signature }], never);
    bench.target.tags.clear();
    await check(bench);
    expect(told(bench)).toEqual([]);
    bench.target.tags.set(name, record.digest);
    await check(bench);
    expect(told(bench).map(({ kind, digest }) => [kind, digest])).toEqual([["drifted", signature.digest]]);
  });

  it("of a cache rule is answered from upstream, and tells nothing of the target", async () => {
    const { bench } = await imported({ record: { method: "cache-rule" } });
    bench.target.tags.set(name, digestNamed("re-pushed"));
    await check(bench);
    expect(told(bench)).toEqual([]);
    expect(bench.target.calls.filter((call) => call.startsWith("head"))).toEqual([]);
  });

  it("does not keep other tags from being looked at when it changes in the ledger at that moment", async () => {
    const { bench, record } = await imported({ known: ["1.0.0", "2.0.0"] });
    const other = makeRecord({ tag: "2.0.0", state: "done", endedAt: bench.now() });
    await bench.stores.ledger.add([{ record: other }], never);
    bench.target.onCall = async (call) => {
      if (!call.startsWith("head mirror/app:1.0.0")) return;
      const entry = await bench.stores.ledger.get(record.watch, record.key, never);
      if (entry?.record.state === "done")
        await bench.stores.ledger.update(entry, { ...entry.record, state: "removed" }, { signal: never });
    };
    bench.target.tags.clear();
    await checkAlone(bench);
    const events = await bench.stores.ledger.outbox("default~app", never);
    expect(events.map(({ event }) => `${event.kind} ${event.tag}`)).toEqual(["drifted 2.0.0"]);
  });

  it("that somebody has put right meanwhile is no repair", async () => {
    const { bench, record } = await imported();
    bench.target.tags.clear();
    await checkAlone(bench);
    bench.target.tags.set(name, record.digest);
    await bench.drain();
    expect(told(bench).map(({ kind }) => kind)).toEqual(["drifted"]);
    expect((await stateOf(bench, record)).repairs).toBeUndefined();
  });
});

async function imported({
  columns = { Drift: "repair" },
  record: parts = {},
  known = ["1.0.0"],
  tracked,
}: {
  readonly columns?: Readonly<Record<string, string>>;
  readonly record?: Partial<ImportRecord>;
  readonly known?: readonly string[];
  readonly tracked?: string;
} = {}) {
  const bench = createStepBench();
  const row = {
    Source: `${upstreamHost}/library/app`,
    Tags: "semver *",
    Schedule: "0 0 0 1 1 *",
    ...(tracked !== undefined && { Tags: "", Track: tracked }),
    ...columns,
  };
  await bench.stores.watches.put(id, row, { signal: never, existing: "keep" });
  const record = makeRecord({ state: "done", endedAt: bench.now(), ...parts });
  await bench.stores.ledger.add([{ record }], never);
  bench.target.tags.set(name, record.digest);
  await follows(bench, Object.fromEntries(known.map((tag) => [tag, record.digest])));
  return { bench, record };
}

async function follows(bench: StepBench, tags: Readonly<Record<string, string>>): Promise<void> {
  const etag = (await bench.stores.states.some(upstreamHost, [id], never)).get("default~app")?.etag;
  const state = { ...emptyState, known: new Map(Object.entries(tags)) };
  await bench.stores.states.save(upstreamHost, id, { state, etag, signal: never });
}

/** The watch's next turn, with all that follows from it. */
async function check(bench: StepBench): Promise<void> {
  await checkAlone(bench);
  await bench.drain();
}

async function checkAlone(bench: StepBench): Promise<void> {
  const slot = () => Math.floor(bench.now().getTime() / 300_000) % 288;
  do bench.pass(300_000);
  while (slot() !== slotOf(id));
  await bench.stores.ticks.record(bench.now(), never);
  await bench.sweep();
}

/** By time; in what order a message has the events of one moment does not matter. */
function told({ channel }: StepBench) {
  const events = channel.sent.flatMap((message) => message.events).filter(({ kind }) => kind !== "stale");
  return events.sort((a, b) => a.at.localeCompare(b.at) || a.kind.localeCompare(b.kind));
}

async function stateOf(bench: StepBench, { watch, key }: ImportRecord): Promise<ImportRecord> {
  const entries = await collect(bench.stores.ledger.ofWatch(watch, never));
  const found = entries.find(({ record }) => record.key === key);
  if (found === undefined) throw new Error("the ledger has no such import");
  return found.record;
}
