import { describe, expect, it } from "vitest";
import type { ImportRecord } from "../../shared/documents/import-record.ts";
import { manualWatch } from "../../shared/documents/watch-id.ts";
import { Failure } from "../../shared/model/failure.ts";
import { importStep } from "../../shared/steps/import/import.ts";
import { failureOf } from "../support/failures.ts";
import { digestNamed, makeRecord, upstreamHost } from "../support/records.ts";
import { never } from "../support/registries.ts";
import { createStepBench, type StepBench } from "../support/step-bench.ts";

const minute = 60_000;
const tagAtTarget = "mirror/app:1.0.0";
const running = (checkAfterMs = 10_000) =>
  ({ kind: "running", operation: { id: "op1" }, checkAfterMs }) as const;

describe("one import", () => {
  it("is started, proven by digest at the target, and told", async () => {
    const { bench, record } = await ordered();
    await bench.drain();
    expect(await stateOf(bench, record)).toMatchObject({ state: "done", hop: 1, attempts: 0 });
    expect(bench.target.calls).toEqual([`head ${tagAtTarget}`, `head ${tagAtTarget}`]);
    expect(bench.method.orders).toMatchObject([{ key: record.key, existing: "keep" }]);
    expect(told(bench)).toEqual(["imported 1.0.0"]);
  });

  it("that the target has already is done without a word and without its method", async () => {
    const { bench, record } = await ordered();
    bench.target.tags.set(tagAtTarget, record.digest);
    await bench.drain();
    expect(await stateOf(bench, record)).toMatchObject({ state: "done" });
    expect(bench.method.calls).toEqual([]);
    expect(told(bench)).toEqual([]);
  });

  it("that a cache rule fills is begun all the same: its target answers from upstream", async () => {
    const { bench, record } = await ordered({ method: "cache-rule" });
    bench.target.tags.set(tagAtTarget, record.digest);
    bench.method.next.push(() => running());
    await bench.drain();
    expect(bench.method.calls).toEqual(["start", "check"]);
    expect((await stateOf(bench, record)).state).toBe("done");
  });

  it("that a cache rule does not finish is not taken from upstream's answer at its deadline", async () => {
    const { bench, record } = await ordered({ method: "cache-rule" });
    bench.target.tags.set(tagAtTarget, record.digest);
    bench.method.next.push(
      () => running(),
      () => ({ ...running(), checkAfterMs: 3 * 60 * minute }),
    );
    await bench.drain({ forMs: 4 * 60 * minute });
    expect(bench.method.calls).toEqual(["start", "check", "cancel", "start"]);
    expect(await stateOf(bench, record)).toMatchObject({ state: "done", attempts: 1 });
  });

  it("that takes its time is asked about until it is done, its operation kept", async () => {
    const { bench, record } = await ordered();
    bench.method.next.push(
      () => running(),
      () => ({ ...running(), link: "https://log.example/1" }),
    );
    await bench.drain({ forMs: 0 });
    expect(await stateOf(bench, record)).toMatchObject({
      state: "running",
      operation: { id: "op1" },
      deadline: new Date("2026-11-22T12:00:00.000Z"),
    });
    await bench.drain();
    expect(bench.method.calls).toEqual(["start", "check", "check"]);
    const ended = await stateOf(bench, record);
    expect(ended).toMatchObject({ state: "done", hop: 3, link: "https://log.example/1" });
    expect(ended).not.toHaveProperty("operation");
    expect(bench.channel.sent[0]?.events[0]).toMatchObject({ elapsedMs: 20_000 });
  });

  it("is held, and told once, when the target's tag has another digest", async () => {
    const { bench, record } = await ordered();
    bench.target.tags.set(tagAtTarget, digestNamed("foreign"));
    await bench.drain();
    await importStep({ ...record, hop: 0 }, bench.ports, never);
    await bench.drain();
    expect(await stateOf(bench, record)).toMatchObject({
      state: "held",
      previousDigest: digestNamed("foreign"),
      reason: expect.stringContaining(`target.example/${tagAtTarget} is there already with another digest`),
    });
    expect(bench.target.tags.get(tagAtTarget)).toBe(digestNamed("foreign"));
    expect(bench.method.calls).toEqual([]);
    expect(told(bench)).toEqual(["moved 1.0.0"]);
  });

  it("of a floating tag replaces what the target has, and is told as an update", async () => {
    const { bench, record } = await ordered({ existing: "replace", tag: "latest" });
    bench.target.tags.set("mirror/app:latest", digestNamed("before"));
    await bench.drain();
    expect(bench.target.tags.get("mirror/app:latest")).toBe(record.digest);
    expect(told(bench)).toEqual(["updated latest"]);
  });

  it("fails with nothing imported when a platform is missing", async () => {
    const { bench, record } = await ordered({ platforms: ["linux/amd64", "linux/arm64"] });
    bench.upstream.tags.set("library/app:1.0.0", record.digest);
    bench.upstream.platforms = [{ os: "linux", architecture: "amd64" }];
    await bench.drain();
    expect(await stateOf(bench, record)).toMatchObject({
      state: "failed",
      attempts: 1,
      reason: "up.example/library/app:1.0.0 lacks linux/arm64: it offers linux/amd64. Nothing was imported",
    });
    expect(bench.method.calls).toEqual([]);
    expect(told(bench)).toEqual(["failed 1.0.0"]);
  });

  it("has its platforms when a variant of them is offered", async () => {
    const { bench, record } = await ordered({ platforms: ["linux/arm64"] });
    bench.upstream.tags.set("library/app:1.0.0", record.digest);
    bench.upstream.platforms = [{ os: "linux", architecture: "arm64", variant: "v8" }];
    await bench.drain();
    expect(await stateOf(bench, record)).toMatchObject({ state: "done" });
  });

  it.each([
    { name: "a single image", tags: true, message: "it is a single image without an index" },
    { name: "nothing any more", tags: false, message: "is gone from upstream" },
  ])("fails when upstream has $name where platforms are wanted", async ({ tags, message }) => {
    const { bench, record } = await ordered({ platforms: ["linux/amd64"] });
    if (tags) bench.upstream.tags.set("library/app:1.0.0", record.digest);
    await bench.drain();
    expect((await stateOf(bench, record)).reason).toContain(message);
  });
});

describe("an import in trouble", () => {
  it("is tried again while its method fails in passing, then given up and told", async () => {
    const { bench, record } = await ordered();
    const outage = () => {
      throw new Failure("unavailable", "the registry says 503");
    };
    bench.method.next.push(outage, outage, outage, outage, outage, outage);
    await bench.drain({ forMs: 80 * minute });
    expect(await stateOf(bench, record)).toMatchObject({
      state: "pending",
      attempts: 5,
      reason: "the registry says 503",
    });
    await bench.drain();
    expect(await stateOf(bench, record)).toMatchObject({
      state: "failed",
      attempts: 6,
      reason: "the registry says 503 (given up after 6 tries)",
    });
    expect(told(bench)).toEqual(["failed 1.0.0"]);
  });

  it("whose method says done without the digest at the target is tried again, and told when it gets there", async () => {
    const { bench, record } = await ordered();
    bench.method.next.push(() => ({ kind: "done" }));
    await bench.drain({ forMs: 0 });
    expect(await stateOf(bench, record)).toMatchObject({
      state: "pending",
      attempts: 1,
      reason: expect.stringMatching(
        /^copy said done, but target\.example\/mirror\/app:1\.0\.0 does not have sha256:/,
      ),
    });
    await bench.drain();
    expect(await stateOf(bench, record)).toMatchObject({ state: "done" });
    expect(told(bench)).toEqual(["imported 1.0.0"]);
  });

  it("case 24: is never done with another digest at the target", async () => {
    const { bench, record } = await ordered();
    bench.method.next.push(({ target }) => {
      bench.target.tags.set(`${target.path}:${target.tag}`, digestNamed("changed on the way"));
      return { kind: "done" };
    });
    await bench.drain();
    expect(await stateOf(bench, record)).toMatchObject({ state: "held" });
    expect(told(bench)).toEqual(["moved 1.0.0"]);
  });

  it.each([
    { name: "refused for good", progress: { kind: "refused", code: "forbidden", reason: "no" }, calls: 1 },
    {
      name: "refused in passing",
      progress: { kind: "refused", code: "unavailable", reason: "no" },
      calls: 6,
    },
  ] as const)("that its method has $name is started $calls times", async ({ progress, calls }) => {
    const { bench, record } = await ordered();
    for (let time = 0; time < 10; time += 1) bench.method.next.push(() => progress);
    await bench.drain();
    expect(await stateOf(bench, record)).toMatchObject({ state: "failed" });
    expect(bench.method.calls).toHaveLength(calls);
  });

  it("waits for as long as the other side asks", async () => {
    const { bench, record } = await ordered();
    bench.method.next.push(() => {
      throw new Failure("rate-limited", "429", { retryAfterMs: 30 * minute });
    });
    await bench.drain({ forMs: 29 * minute });
    expect(await stateOf(bench, record)).toMatchObject({ state: "pending", attempts: 1 });
    await bench.drain({ forMs: 2 * minute });
    expect(await stateOf(bench, record)).toMatchObject({ state: "done" });
  });

  it("keeps its operation when only the question how it stands fails in passing", async () => {
    const { bench, record } = await ordered();
    bench.method.next.push(
      () => running(),
      () => {
        throw new Failure("unavailable", "ARM answered 503");
      },
    );
    await bench.drain({ forMs: 30_000 });
    expect(await stateOf(bench, record)).toMatchObject({
      state: "running",
      attempts: 0,
      operation: { id: "op1" },
      reason: "ARM answered 503",
    });
    await bench.drain();
    expect(bench.method.calls).toEqual(["start", "check", "check"]);
    expect(await stateOf(bench, record)).toMatchObject({ state: "done" });
    expect(await stateOf(bench, record)).not.toHaveProperty("reason");
  });

  it("keeps its operation when the target cannot be asked for the proof", async () => {
    const { bench, record } = await ordered();
    bench.method.next.push(() => running());
    await bench.drain({ forMs: 0 });
    bench.target.faults.set("head", new Failure("network", "no connection"));
    await bench.drain({ forMs: 30 * minute });
    expect(await stateOf(bench, record)).toMatchObject({ state: "running", operation: { id: "op1" } });
    bench.target.faults.clear();
    await bench.drain();
    expect(await stateOf(bench, record)).toMatchObject({ state: "done" });
    expect(bench.method.calls.filter((call) => call === "start")).toHaveLength(1);
  });

  it("case 52: that runs for ever is given up at its deadline: the target is looked at, then it is canceled and tried again", async () => {
    const { bench, record } = await ordered();
    for (let time = 0; time < 40; time += 1) bench.method.next.push(() => running(4 * minute));
    await bench.drain({ forMs: 120 * minute });
    expect(await stateOf(bench, record)).toMatchObject({ state: "running" });
    bench.method.next.length = 0;
    await bench.drain({ forMs: 4 * minute });
    expect(bench.method.calls.at(-1)).toBe("cancel");
    expect(await stateOf(bench, record)).toMatchObject({
      state: "pending",
      attempts: 1,
      reason: "copy did not finish by 2026-11-22T12:00:00.000Z, and the target does not have the image",
    });
    await bench.drain();
    expect(await stateOf(bench, record)).toMatchObject({ state: "done" });
  });

  it("case 52: that runs for ever and cannot be canceled is tried again all the same", async () => {
    const { bench, record } = await ordered();
    for (let time = 0; time < 40; time += 1) bench.method.next.push(() => running(4 * minute));
    bench.method.cancel = async () => Promise.reject(new Failure("invalid", "the run is not active"));
    await bench.drain({ forMs: 120 * minute });
    bench.method.next.length = 0;
    await bench.drain({ forMs: 4 * minute });
    expect(await stateOf(bench, record)).toMatchObject({
      state: "pending",
      reason: expect.stringContaining("could not be canceled: the run is not active"),
    });
  });

  it("case 52: that runs for ever is done when the target has its digest at the deadline", async () => {
    const { bench, record } = await ordered();
    for (let time = 0; time < 40; time += 1) bench.method.next.push(() => running(4 * minute));
    await bench.drain({ forMs: 120 * minute });
    bench.target.tags.set(tagAtTarget, record.digest);
    await bench.drain();
    expect(bench.method.calls).not.toContain("cancel");
    expect(await stateOf(bench, record)).toMatchObject({ state: "done" });
    expect(told(bench)).toEqual(["imported 1.0.0"]);
  });

  it("by a defect of ours goes to the dead letters after five tries, and ends as failed", async () => {
    const { bench, record } = await ordered();
    const defect = () => {
      throw new TypeError("undefined is not a function");
    };
    bench.method.next.push(...Array.from({ length: 20 }, () => defect));
    await bench.drain();
    expect(bench.failures.map(({ code }) => code)).toEqual(Array.from({ length: 5 }, () => "internal"));
    expect(bench.method.calls).toHaveLength(5);
    expect(await bench.stores.deadLetters.all(never)).toHaveLength(1);
    expect(await stateOf(bench, record)).toMatchObject({ state: "failed" });
    expect(told(bench).sort()).toEqual(["dead-letter -", "failed 1.0.0"]);
  });
});

describe("several messages for one import", () => {
  it("case 45: puts a message off while another worker holds the lease", async () => {
    const { bench, record } = await ordered({ lease: "somebody" });
    expect(await importStep({ ...record, hop: 0 }, bench.ports, never)).toEqual({ kind: "leased" });
    expect(bench.method.calls).toEqual([]);
    expect(bench.queued.at(-1)?.visibleAt).toBe(bench.now().getTime() + bench.ports.leaseMs);
    await bench.drain({ forMs: 4 * minute });
    expect(bench.method.calls).toEqual([]);
    await bench.drain();
    expect(await stateOf(bench, record)).toMatchObject({ state: "done" });
    expect(bench.method.calls).toEqual(["start"]);
  });

  it("case 45: puts a message off when another worker takes the lease in between", async () => {
    const { bench, record } = await ordered();
    const entry = await bench.stores.ledger.get(record.watch, record.key, never);
    if (entry === undefined) throw new Error("the ledger should have it");
    const slow = { ...bench.stores.ledger, get: async () => entry };
    await bench.stores.ledger.update(entry, { ...record, lease: "faster" }, { signal: never });
    const result = await importStep({ ...record, hop: 0 }, { ...bench.ports, ledger: slow }, never);
    expect(result).toEqual({ kind: "leased" });
    expect(bench.method.calls).toEqual([]);
  });

  it("drops a message of an earlier hop, and only looks to the outbox for one that has ended", async () => {
    const { bench, record } = await ordered();
    bench.method.next.push(() => running());
    await bench.drain({ forMs: 0 });
    const before = bench.effects.length;
    expect(await importStep({ ...record, hop: 0 }, bench.ports, never)).toEqual({ kind: "stale" });
    expect(bench.effects).toHaveLength(before);
    await bench.drain();
    expect(await importStep({ ...record, hop: 1 }, bench.ports, never)).toEqual({ kind: "stale" });
    expect(bench.effects.at(-1)).toBe("send notify");
  });

  it("case 43: imports once for two messages at once", async () => {
    const { bench, record } = await ordered();
    const results = await Promise.all(
      [1, 2, 3].map(() => importStep({ ...record, hop: 0 }, bench.ports, never)),
    );
    expect(results.map(({ kind }) => kind).sort()).toEqual(["advanced", "leased", "leased"]);
    await bench.drain();
    expect(bench.method.calls).toEqual(["start"]);
    expect(told(bench)).toEqual(["imported 1.0.0"]);
  });

  it("says that an import is not in the ledger", async () => {
    const bench = createStepBench();
    const record = makeRecord();
    const { message } = await failureOf(
      () => importStep({ ...record, hop: 0 }, bench.ports, never),
      "not-found",
    );
    expect(message).toBe(`The ledger has no import default~app ${record.key}: was its row deleted?`);
  });
});

describe("an import whose upstream must not be asked", () => {
  const upstreamSays = (retryAfterMs?: number) =>
    new Failure("rate-limited", "GET https://up.example/v2/…: the registry says 429", {
      context: { registry: upstreamHost },
      ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
    });
  const started = new Date("2026-11-22T10:00:00.000Z");
  const later = (minutes: number) => new Date(started.getTime() + minutes * minute);

  it("case 33: waits for a pause without a try, and says until when", async () => {
    const { bench, record } = await ordered();
    await bench.stores.hosts.pauseFor(upstreamHost, 30 * minute, never);
    await bench.drain({ forMs: 0 });
    expect(await stateOf(bench, record)).toMatchObject({
      state: "pending",
      attempts: 0,
      hop: 1,
      reason: "Put off until 2026-11-22T10:30:00.000Z: The upstream asked for a pause.",
    });
    expect(bench.method.calls).toEqual([]);
    await bench.drain({ forMs: 29 * minute });
    expect([...bench.upstream.calls, ...bench.method.calls]).toEqual([]);
    await bench.drain();
    expect(await stateOf(bench, record)).toMatchObject({ state: "done", attempts: 0 });
    expect(told(bench)).toEqual(["imported 1.0.0"]);
  });

  it.each<[string, (bench: StepBench) => void, Partial<ImportRecord>]>([
    [
      "a copy that meets a 429",
      ({ method }) =>
        void method.next.push(() => {
          throw upstreamSays(30 * minute);
        }),
      {},
    ],
    [
      "a look for platforms that meets a 429",
      ({ upstream }) => {
        upstream.faults.set("get", upstreamSays(30 * minute));
      },
      { platforms: ["linux/amd64"] },
    ],
    [
      "a 503 that says until when",
      ({ method }) =>
        void method.next.push(() => {
          throw new Failure("unavailable", "503", {
            context: { registry: upstreamHost },
            retryAfterMs: 30 * minute,
          });
        }),
      {},
    ],
  ])("case 33: %s pauses the host for all, without a try", async (_, arrange, parts) => {
    const { bench, record } = await ordered(parts);
    arrange(bench);
    await bench.drain({ forMs: 0 });
    expect(await bench.stores.hosts.pauseOf(upstreamHost, never)).toEqual({
      since: started,
      until: later(30),
    });
    expect(await stateOf(bench, record)).toMatchObject({ state: "pending", attempts: 0 });
    bench.upstream.platforms = [{ os: "linux", architecture: "amd64" }];
    bench.upstream.tags.set("library/app:1.0.0", record.digest);
    bench.upstream.faults.clear();
    await bench.drain();
    expect(await stateOf(bench, record)).toMatchObject({ state: "done", attempts: 0 });
  });

  it("a service's refusal by an upstream 429 pauses the host, and the import begins anew after it", async () => {
    const { bench, record } = await ordered({ method: "acr-import" });
    bench.method.next.push(
      () => running(),
      () => ({ kind: "refused", code: "rate-limited", reason: "429 toomanyrequests" }),
    );
    await bench.drain({ forMs: minute / 2 });
    expect(await bench.stores.hosts.pauseOf(upstreamHost, never)).toMatchObject({
      until: new Date(started.getTime() + 10_000 + minute),
    });
    const waiting = await stateOf(bench, record);
    expect(waiting).toMatchObject({ state: "pending", attempts: 0 });
    expect(waiting).not.toHaveProperty("operation");
    await bench.drain();
    expect(bench.method.calls).toEqual(["start", "check", "start"]);
    expect(await stateOf(bench, record)).toMatchObject({ state: "done" });
  });

  it("a 429 of the target, or of Azure, pauses no upstream", async () => {
    const { bench, record } = await ordered();
    bench.method.next.push(() => {
      throw new Failure("rate-limited", "429", { context: { registry: "target.example" } });
    });
    await bench.drain({ forMs: 0 });
    expect(await bench.stores.hosts.pauseOf(upstreamHost, never)).toBeUndefined();
    expect(await stateOf(bench, record)).toMatchObject({ attempts: 1 });
  });

  it("asks an upstream that refuses again and again less and less often, and fails after a day", async () => {
    const { bench, record } = await ordered();
    for (let time = 0; time < 300; time += 1)
      bench.method.next.push(() => {
        throw upstreamSays();
      });
    await bench.drain({ forMs: 23 * 60 * minute });
    expect(await stateOf(bench, record)).toMatchObject({ state: "pending", attempts: 0 });
    expect(bench.method.calls.length).toBeLessThan(100);
    await bench.drain({ forMs: 8 * 60 * minute });
    expect(await stateOf(bench, record)).toMatchObject({ state: "failed" });
    expect(told(bench)).toEqual(["failed 1.0.0"]);
  });

  it("goes after what people asked for, and both go before polls", async () => {
    const { bench, record } = await ordered();
    const asked = makeRecord({ watch: manualWatch, tag: "2.0.0" });
    await bench.stores.ledger.add([{ record: asked }], never);
    await bench.stores.queues.import({ watch: asked.watch, key: asked.key, hop: 0 }, { signal: never });
    await bench.stores.watches.put(
      { group: "default", name: "app" },
      { Source: `${upstreamHost}/library/app`, Tags: "semver *" },
      { signal: never, existing: "keep" },
    );
    const watches = [{ group: "default", name: "app" }];
    await bench.stores.queues.poll({ host: upstreamHost, slot: bench.now(), watches }, { signal: never });
    await bench.stores.hosts.pauseFor(upstreamHost, 30 * minute, never);
    await bench.drain({ forMs: 0 });
    const order = bench.queued.toSorted((a, b) => a.visibleAt - b.visibleAt);
    expect(order.map(({ queue, body }) => `${queue} ${"import" in body ? body.import : ""}`)).toEqual([
      `import ${asked.key}`,
      `import ${record.key}`,
      "poll ",
    ]);
  });

  it("stops at half of the reserve of its quota, what people asked for does not", async () => {
    const { bench, record } = await ordered();
    const asked = makeRecord({ watch: manualWatch, tag: "2.0.0" });
    await bench.stores.ledger.add([{ record: asked }], never);
    await bench.stores.queues.import({ watch: asked.watch, key: asked.key, hop: 0 }, { signal: never });
    const quota = { limit: 100, remaining: 10, since: started, until: later(20) };
    await bench.stores.hosts.change(
      upstreamHost,
      ({ state }) => ({ answer: undefined, next: { ...state, quota } }),
      never,
    );
    await bench.drain({ forMs: 15 * minute });
    expect((await stateOf(bench, asked)).state).toBe("done");
    expect(await stateOf(bench, record)).toMatchObject({
      state: "pending",
      reason:
        "Put off until 2026-11-22T10:20:00.000Z: The upstream's quota has 10 of 100 left, which are kept for more urgent work.",
    });
    await bench.drain();
    expect((await stateOf(bench, record)).state).toBe("done");
  });

  it("keeps its operation and its time when a copy meets a pause half-way", async () => {
    const { bench, record } = await ordered();
    bench.method.next.push(() => running());
    await bench.drain({ forMs: 0 });
    await bench.stores.hosts.pauseFor(upstreamHost, 30 * minute, never);
    await bench.drain({ forMs: minute });
    const waiting = await stateOf(bench, record);
    expect(waiting).toMatchObject({ state: "running", operation: { id: "op1" } });
    expect(waiting.deadline?.getTime()).toBeGreaterThan(later(120 + 29).getTime());
    await bench.drain();
    expect(bench.method.calls).toEqual(["start", "check"]);
    expect((await stateOf(bench, record)).state).toBe("done");
  });

  it.each([
    ["a copy, which makes requests of its own", "copy", ["start"]],
    ["not what Azure does, which is only asked after", "acr-import", ["start", "check"]],
  ] as const)("a pause holds up what auto has begun: %s", async (_name, via, calls) => {
    const { bench, record } = await ordered({ method: "auto" });
    bench.method.next.push(() => ({ ...running(), via, why: "the first choice" }));
    await bench.drain({ forMs: 0 });
    await bench.stores.hosts.pauseFor(upstreamHost, 30 * minute, never);
    await bench.drain({ forMs: minute });
    expect(bench.method.calls).toEqual(calls);
    expect(await stateOf(bench, record)).toMatchObject({ via, why: "the first choice" });
  });

  it("is told when a worker died over it before the pause", async () => {
    const { bench, record } = await ordered({ lease: "dead" });
    bench.target.tags.set(tagAtTarget, record.digest);
    bench.pass(10 * minute);
    await bench.stores.hosts.pauseFor(upstreamHost, 30 * minute, never);
    await bench.drain();
    expect(told(bench)).toEqual(["imported 1.0.0"]);
  });
});

async function ordered(
  parts: Partial<ImportRecord> = {},
): Promise<{ readonly bench: StepBench; readonly record: ImportRecord }> {
  const bench = createStepBench();
  const record = makeRecord(parts);
  await bench.stores.ledger.add([{ record }], never);
  await bench.stores.queues.import({ watch: record.watch, key: record.key, hop: 0 }, { signal: never });
  return { bench, record };
}

async function stateOf({ stores }: StepBench, { watch, key }: ImportRecord): Promise<ImportRecord> {
  const entry = await stores.ledger.get(watch, key, never);
  if (entry === undefined) throw new Error("the ledger should have it");
  return entry.record;
}

function told({ channel }: StepBench): string[] {
  return channel.sent.flatMap(({ events }) => events.map(({ kind, tag = "-" }) => `${kind} ${tag}`));
}
