import { describe, expect, it } from "vitest";
import { defaultHandling } from "../../shared/documents/handling.ts";
import { formatImportId, type ImportRecord } from "../../shared/documents/import-record.ts";
import { Failure } from "../../shared/model/failure.ts";
import { unlock } from "../../shared/steps/retention/unlock.ts";
import { collect } from "../support/collect.ts";
import { failureOf } from "../support/failures.ts";
import { digestNamed, makeRecord, targetHost } from "../support/records.ts";
import { never } from "../support/registries.ts";
import { createStepBench, type StepBench } from "../support/step-bench.ts";

const target = { host: targetHost, path: "mirror/app", tag: "1.0.0" };
const image = `${targetHost}/mirror/app:1.0.0`;
const locked = { ...defaultHandling, lock: "locked" } as const;

describe("an import that is to be locked", () => {
  it("is locked after the proof, tag and manifest, where the registry has locks", async () => {
    const { bench, record } = await imported({ locks: "yes" });
    expect(await stateOf(bench, record)).toMatchObject({ state: "done", locked: "registry" });
    expect([...(bench.target.locks ?? [])]).toEqual(["mirror/app:1.0.0", `mirror/app:${record.digest}`]);
    expect(bench.target.calls.at(-2)).toBe("lock mirror/app:1.0.0");
    expect(await bench.stores.locks.get(target, never)).toMatchObject({
      digest: record.digest,
      by: "registry",
      state: "locked",
    });
  });

  it("is locked in the ledger alone where the registry has none, and its record says so", async () => {
    const { bench, record } = await imported();
    expect(await stateOf(bench, record)).toMatchObject({ state: "done", locked: "ledger" });
    expect(await bench.stores.locks.get(target, never)).toMatchObject({ by: "ledger", state: "locked" });
  });

  it("is locked too when the target had it already", async () => {
    const bench = createStepBench();
    bench.target.tags.set("mirror/app:1.0.0", digestNamed("1.0.0"));
    const record = await order(bench, { handling: locked });
    await bench.drain();
    expect(bench.method.calls).toEqual([]);
    expect(await stateOf(bench, record)).toMatchObject({ state: "done", locked: "ledger" });
  });

  it("is not done before its lock is set", async () => {
    const bench = createStepBench();
    bench.target.locks = new Set();
    bench.target.faults.set("lock mirror", new Failure("unavailable", "503"));
    const record = await order(bench, { handling: locked });
    await bench.drain({ forMs: 5000 });
    expect(await stateOf(bench, record)).toMatchObject({ state: "pending", attempts: 1 });
    bench.target.faults.clear();
    await bench.drain();
    expect(await stateOf(bench, record)).toMatchObject({ state: "done", locked: "registry" });
    expect(bench.method.calls).toEqual(["start"]);
    expect(told(bench)).toEqual(["imported 1.0.0"]);
  });

  it("fails with the reason when we may not lock", async () => {
    const bench = createStepBench();
    bench.target.locks = new Set();
    bench.target.faults.set("lock mirror", new Failure("forbidden", "no right to lock"));
    const record = await order(bench, { handling: locked });
    await bench.drain();
    expect(await stateOf(bench, record)).toMatchObject({ state: "failed", reason: "no right to lock" });
  });
});

describe("a locked tag", () => {
  it.each([
    { name: "a replacement", parts: { existing: "replace" } },
    {
      name: "an accepted move of another watch",
      parts: { existing: "replace", watch: { group: "g", name: "w" } },
    },
    { name: "an import of the same tag", parts: {} },
    { name: "an import, though somebody has removed it", parts: {}, gone: true },
  ] as const)("refuses $name, with the reason and the way out", async ({ parts, ...rest }) => {
    const { bench } = await imported();
    if ("gone" in rest) bench.target.tags.clear();
    const before = new Map(bench.target.tags);
    bench.method.calls.length = 0;
    const record = await order(bench, { digest: digestNamed("new"), ...parts });
    await bench.drain();
    const ended = await stateOf(bench, record);
    expect(ended.state).toBe("failed");
    expect(ended.reason).toContain(`wharfgate unlock ${image}`);
    expect(bench.method.calls).toEqual([]);
    expect(bench.target.tags).toEqual(before);
  });

  it("takes its own digest back", async () => {
    const { bench } = await imported();
    bench.target.tags.clear();
    const again = await order(bench, { watch: { group: "g", name: "w" } });
    await bench.drain();
    expect(await stateOf(bench, again)).toMatchObject({ state: "done" });
  });
});

describe("unlocking", () => {
  const ask = (bench: StepBench, body: object = { image, reason: "rebuilt" }) =>
    unlock(body, "ann", { ...bench.ports, targetHost }, never);

  it("opens tag and manifest at the registry, after an audit row with who and why", async () => {
    const { bench, record } = await imported({ locks: "yes" });
    bench.effects.length = 0;
    expect(await ask(bench)).toEqual({ image, digest: record.digest, by: "registry" });
    expect(bench.effects).toEqual(["audit insert", "target unlock", "target unlock", "locks upsert"]);
    expect(bench.target.locks?.size).toBe(0);
    expect(await bench.stores.locks.get(target, never)).toMatchObject({
      state: "unlocked",
      actor: "ann",
      reason: "rebuilt",
    });
    const replaced = await order(bench, { digest: digestNamed("new"), existing: "replace" });
    await bench.drain();
    expect(await stateOf(bench, replaced)).toMatchObject({ state: "done" });
  });

  it("leaves a manifest locked that another locked tag has", async () => {
    const { bench, record } = await imported({ locks: "yes" });
    await order(bench, { tag: "1.0", digest: record.digest, handling: locked });
    await bench.drain();
    await ask(bench);
    expect([...(bench.target.locks ?? [])].sort()).toEqual(
      ["mirror/app:1.0", `mirror/app:${record.digest}`].sort(),
    );
  });

  it("goes on where the tag is gone from the registry", async () => {
    const { bench } = await imported({ locks: "yes" });
    bench.target.faults.set("unlock", new Failure("not-found", "404"));
    expect(await ask(bench)).toMatchObject({ image });
  });

  it.each(["mirror/app:1.0.0", "default/app:1.0.0", "app:1.0.0"])(
    'takes "%s", as other commands name it',
    async (named) => {
      const { bench, record } = await imported();
      expect(await ask(bench, { image: named, reason: "x" })).toMatchObject({ image, digest: record.digest });
    },
  );

  it("takes an import's id, and refuses one that there is not", async () => {
    const { bench, record } = await imported();
    const id = formatImportId(record);
    const other = `${id.slice(0, -1)}${id.endsWith("0") ? "1" : "0"}`;
    await failureOf(() => ask(bench, { image: other, reason: "x" }), "not-found");
    expect(await ask(bench, { image: id, reason: "x" })).toMatchObject({ image });
  });

  it("guesses nothing where a name means two locked tags", async () => {
    const { bench } = await imported();
    await order(bench, {
      target: { host: targetHost, path: "default/app", tag: "1.0.0" },
      handling: locked,
    });
    await bench.drain();
    const { message } = await failureOf(
      () => ask(bench, { image: "default/app:1.0.0", reason: "x" }),
      "invalid",
    );
    expect(message).toContain(`say which, ${targetHost}/default/app:1.0.0, ${image}`);
    expect(await ask(bench, { image: "mirror/app:1.0.0", reason: "x" })).toMatchObject({ image });
  });

  it.each([
    {
      name: "a tag that is not locked",
      body: { image: `${targetHost}/mirror/app:2`, reason: "x" },
      code: "not-found",
    },
    {
      name: "an import that is not locked",
      body: { image: "default/app:2", reason: "x" },
      code: "not-found",
    },
    { name: "a repository", body: { image: "mirror/app", reason: "x" }, code: "invalid" },
    { name: "another registry", body: { image: "docker.io/library/nginx:1", reason: "x" }, code: "invalid" },
    {
      name: "a digest",
      body: { image: `${targetHost}/a@${digestNamed("x")}`, reason: "x" },
      code: "invalid",
    },
    { name: "no reason", body: { image, reason: " " }, code: "invalid" },
    { name: "nothing", body: {}, code: "invalid" },
  ] as const)("refuses $name", async ({ body, code }) => {
    const { bench } = await imported({ locks: "yes" });
    await failureOf(() => ask(bench, body), code);
    expect(bench.target.locks?.size).toBe(2);
  });

  it("twice is told apart", async () => {
    const { bench } = await imported();
    await ask(bench);
    await failureOf(() => ask(bench), "not-found");
  });
});

async function imported({ locks }: { readonly locks?: "yes" } = {}) {
  const bench = createStepBench();
  if (locks === "yes") bench.target.locks = new Set();
  const record = await order(bench, { handling: locked });
  await bench.drain();
  return { bench, record };
}

async function order(bench: StepBench, parts: Partial<ImportRecord>): Promise<ImportRecord> {
  const record = makeRecord(parts);
  await bench.stores.ledger.add([{ record }], never);
  await bench.stores.queues.import({ watch: record.watch, key: record.key, hop: 0 }, { signal: never });
  return record;
}

async function stateOf(bench: StepBench, { watch, key }: ImportRecord): Promise<ImportRecord> {
  const entries = await collect(bench.stores.ledger.ofWatch(watch, never));
  const found = entries.find(({ record }) => record.key === key);
  if (found === undefined) throw new Error("the ledger has no such import");
  return found.record;
}

function told({ channel }: StepBench): string[] {
  return channel.sent.flatMap(({ events }) => events.map(({ kind, tag }) => `${kind} ${tag}`));
}
