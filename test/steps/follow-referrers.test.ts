import { beforeEach, describe, expect, it } from "vitest";
import type { ImportRecord } from "../../shared/documents/import-record.ts";
import { manualWatch } from "../../shared/documents/watch-id.ts";
import { Failure } from "../../shared/model/failure.ts";
import { fallbackTagOf } from "../../shared/registry/cosign-tags.ts";
import { slotOf } from "../../shared/steps/drift/check-drift.ts";
import { requestImport } from "../../shared/steps/import/request-import.ts";
import { getImport } from "../../shared/steps/status/list-imports.ts";
import { status } from "../../shared/steps/status/status.ts";
import { collect } from "../support/collect.ts";
import { digestNamed, makeRecord, referTo, targetHost, upstreamHost } from "../support/records.ts";
import { artifactTypes } from "../support/referrers.ts";
import { never } from "../support/registries.ts";
import { createStepBench, type StepBench } from "../support/step-bench.ts";

const minute = 60_000;
const day = 24 * 60 * minute;
const id = { group: "default", name: "app" };
const image = digestNamed("a");
const cosignTag = `${fallbackTagOf(image)}.sig`;
const repository = "library/app";

let bench: StepBench;
beforeEach(() => {
  bench = createStepBench();
});

/** A watch of 1.0.0 with the referrers that it wants; upstream has the image. */
async function followed(referrers = "all"): Promise<void> {
  const row = { Source: `${upstreamHost}/${repository}`, Tags: "exact 1.0.0", Referrers: referrers };
  await bench.stores.watches.put(
    id,
    { ...row, Target: "mirror/app:{tag}" },
    { signal: never, existing: "keep" },
  );
  bench.upstream.tags.set(`${repository}:1.0.0`, image);
}
async function poll(): Promise<void> {
  bench.pass(15 * minute);
  await bench.schedule();
  await bench.drain();
}
/** Until the watch's own five minutes of the next day are over. */
async function nextDay(watch = id): Promise<void> {
  const slotMs = 5 * minute;
  const start = Math.floor(bench.now().getTime() / day + 1) * day + slotOf(watch) * slotMs;
  bench.pass(start - bench.now().getTime() + minute);
  await bench.stores.ticks.record(bench.now(), never);
  await bench.sweep();
  await bench.drain();
}
const refer = (name: string, artifactType: string, subject = image) =>
  referTo(bench.upstream, { subject, name, artifactType });
const records = async (): Promise<ImportRecord[]> =>
  (await collect(bench.stores.ledger.ofWatch(id, never))).map(({ record }) => record);
const referrers = async () => (await records()).filter(({ subject }) => subject !== undefined);
const told = () =>
  bench.channel.sent
    .flatMap(({ events }) => events)
    .map(({ kind, tag, reason = "" }) => `${kind} ${tag} ${reason}`.trim());

describe("an image that comes in", () => {
  it("brings what refers to it, each proven and listed at the target, and without a word", async () => {
    await followed();
    refer("sbom", artifactTypes.spdx);
    refer("signature on the sbom", artifactTypes.notation, digestNamed("sbom"));
    bench.upstream.tags.set(`${repository}:${cosignTag}`, digestNamed("signature"));
    await poll();
    const common = { subject: image, state: "done", method: "copy" };
    const onSbom = { tag: fallbackTagOf(digestNamed("sbom")), digest: digestNamed("signature on the sbom") };
    expect(await referrers()).toHaveLength(3);
    for (const parts of [
      { tag: fallbackTagOf(image), digest: digestNamed("sbom"), existing: "keep" },
      { ...onSbom, existing: "keep" },
      { tag: cosignTag, digest: digestNamed("signature"), existing: "replace" },
    ])
      expect(await referrers()).toContainEqual(expect.objectContaining({ ...parts, ...common }));
    expect(bench.target.tags).toEqual(
      new Map([
        ["mirror/app:1.0.0", image],
        [`mirror/app:${cosignTag}`, digestNamed("signature")],
      ]),
    );
    expect(bench.target.manifests.size).toBe(2);
    expect(bench.target.attached.size).toBe(2);
    expect(told()).toEqual(["imported 1.0.0"]);
  });

  it("costs nothing more where no referrers are wanted", async () => {
    await followed("none");
    await poll();
    expect(bench.upstream.calls.filter((call) => call.startsWith("referrers"))).toEqual([]);
    expect(bench.effects).not.toContain("send follow");
  });

  it("costs four requests more where nothing refers to it", async () => {
    await followed();
    await poll();
    expect(bench.upstream.calls.slice(2)).toEqual([
      `referrers ${repository}@${image}`,
      ...["sig", "att", "sbom"].map((suffix) => `head ${repository}:${fallbackTagOf(image)}.${suffix}`),
    ]);
  });

  it("comes in also while its referrers cannot be read: they are looked for again", async () => {
    await followed();
    refer("sbom", artifactTypes.spdx);
    bench.upstream.faults.set("referrers", new Failure("unavailable", "503"));
    bench.pass(15 * minute);
    await bench.schedule();
    await bench.drain({ forMs: 30_000 });
    expect((await records()).map(({ state }) => state)).toEqual(["done"]);
    bench.upstream.faults.clear();
    await bench.drain();
    expect(await referrers()).toMatchObject([{ state: "done" }]);
    expect(told()).toEqual(["imported 1.0.0"]);
  });

  it("is told of when they cannot be read for long, or not at all", async () => {
    await followed();
    bench.upstream.faults.set("referrers", new Failure("unavailable", "503"));
    await poll();
    expect(told()).toEqual([
      "imported 1.0.0",
      "failed 1.0.0 The image is in, but what refers to it could not be looked for: 503",
    ]);
    bench.upstream.faults.set("referrers", new Failure("forbidden", "403"));
    await nextDay();
    expect(told()[2]).toContain("could not be looked for: 403");
    expect(told()).toHaveLength(3);
  });

  it("pauses its host when the upstream asks for it, and goes on afterwards", async () => {
    await followed();
    refer("sbom", artifactTypes.spdx);
    const limit = new Failure("rate-limited", "429", {
      retryAfterMs: 600_000,
      context: { registry: upstreamHost },
    });
    bench.upstream.faults.set("referrers", limit);
    bench.pass(15 * minute);
    await bench.schedule();
    await bench.drain({ forMs: minute });
    expect((await bench.stores.hosts.get(upstreamHost, never))?.state.pause).toBeDefined();
    const asked = bench.upstream.calls.length;
    await bench.drain({ forMs: 8 * minute });
    expect(bench.upstream.calls.length).toBe(asked);
    bench.upstream.faults.clear();
    await bench.drain();
    expect(await referrers()).toMatchObject([{ state: "done" }]);
  });

  it("refuses what refers to another image, says so once, and does not read it again", async () => {
    await followed();
    refer("stray", artifactTypes.spdx, digestNamed("another"));
    const list = bench.upstream.listReferrers;
    bench.upstream.listReferrers = async (...args) =>
      args[1] === image ? list(args[0], digestNamed("another"), args[2]) : [];
    await poll();
    await nextDay();
    await nextDay();
    expect(await referrers()).toMatchObject([
      { state: "denied", reason: expect.stringMatching(/^Up\.example lists it for .* It is not brought in/) },
    ]);
    expect(bench.target.manifests.size).toBe(0);
    expect(told().map((line) => line.split(" ")[0])).toEqual(["imported", "denied"]);
    expect(
      bench.upstream.calls.filter((call) => call === `get ${repository}:${digestNamed("stray")}`),
    ).toHaveLength(1);
  });

  it("does not list a refused one either when a person has it tried again", async () => {
    await followed();
    refer("stray", artifactTypes.spdx, digestNamed("another"));
    const list = bench.upstream.listReferrers;
    bench.upstream.listReferrers = async (...args) =>
      args[1] === image ? list(args[0], digestNamed("another"), args[2]) : [];
    await poll();
    const [refused] = await referrers();
    const entry = refused && (await bench.stores.ledger.get(id, refused.key, never));
    if (entry === undefined) return expect(entry).toBeDefined();
    await bench.stores.ledger.update(entry, { ...entry.record, state: "pending" }, { signal: never });
    await bench.stores.queues.import({ ...entry.record }, { signal: never });
    await bench.drain();
    expect(await referrers()).toMatchObject([
      { state: "failed", reason: expect.stringContaining("does not refer to what upstream lists it for") },
    ]);
    expect(bench.target.attached.size).toBe(0);
  });

  it("tells of a referrer that does not come in", async () => {
    await followed();
    refer("sbom", artifactTypes.spdx);
    bench.method.next.push(
      () => {
        bench.target.tags.set("mirror/app:1.0.0", image);
        return { kind: "done" };
      },
      () => ({ kind: "refused", code: "unsupported", reason: "the target takes no artifacts" }),
    );
    await poll();
    expect(told()[1]).toContain("the target takes no artifacts");
    expect(told()).toHaveLength(2);
  });
});

describe("what arrives later", () => {
  it("is found within the hour when the version came out just now", async () => {
    await followed();
    await poll();
    expect(bench.waiting("follow")).toEqual([]);
    const digest = digestNamed("b");
    const row = { Source: `${upstreamHost}/${repository}`, Tags: "semver *", Referrers: "signatures" };
    await bench.stores.watches.put(id, row, { signal: never, existing: "replace" });
    await poll();
    bench.upstream.tags.set(`${repository}:1.1.0`, digest);
    bench.pass(15 * minute);
    await bench.schedule();
    await bench.drain({ forMs: 10 * minute });
    refer("signature", artifactTypes.notation, digest);
    await bench.drain({ forMs: 60 * minute });
    expect(await referrers()).toMatchObject([{ subject: digest, state: "done" }]);
    expect(bench.waiting("follow")).toEqual([]);
  });

  it("is found the next day, for two requests when there is nothing", async () => {
    await followed();
    await poll();
    const before = bench.upstream.calls.length;
    await nextDay();
    expect(bench.upstream.calls.slice(before)).toEqual([
      `list ${repository}`,
      `referrers ${repository}@${image}`,
    ]);
    refer("signature", artifactTypes.notation);
    await nextDay();
    expect(await referrers()).toMatchObject([{ digest: digestNamed("signature"), state: "done" }]);
    expect(told()).toEqual(["imported 1.0.0"]);
  });

  it("replaces cosign's tag when a signature was appended, and nothing else", async () => {
    await followed("signatures");
    bench.upstream.tags.set(`${repository}:${cosignTag}`, digestNamed("one signature"));
    await poll();
    bench.upstream.tags.set(`${repository}:${cosignTag}`, digestNamed("two signatures"));
    await nextDay();
    expect(bench.target.tags.get(`mirror/app:${cosignTag}`)).toBe(digestNamed("two signatures"));
    const writes = bench.effects.length;
    await nextDay();
    expect(bench.effects.slice(writes).filter((effect) => effect.startsWith("images"))).toEqual([]);
    bench.upstream.tags.set(`${repository}:${cosignTag}`, digestNamed("one signature"));
    await nextDay();
    expect(bench.target.tags.get(`mirror/app:${cosignTag}`)).toBe(digestNamed("one signature"));
  });

  it("is asked for again when it failed, and when the target has lost it", async () => {
    await followed();
    refer("sbom", artifactTypes.spdx);
    await poll();
    bench.target.manifests.clear();
    bench.target.attached.clear();
    await nextDay();
    expect(bench.target.manifests.size).toBe(1);
    expect(bench.target.attached.size).toBe(1);
  });

  it("is brought in for images that were there before the watch asked for it", async () => {
    await followed("none");
    await poll();
    refer("sbom", artifactTypes.spdx);
    const row = { Source: `${upstreamHost}/${repository}`, Tags: "exact 1.0.0", Referrers: "sboms" };
    await bench.stores.watches.put(
      id,
      { ...row, Target: "mirror/app:{tag}" },
      { signal: never, existing: "replace" },
    );
    await nextDay();
    expect(await referrers()).toMatchObject([{ state: "done" }]);
  });

  it("looks at one child of an index a day, and at cosign's tags of all", async () => {
    await followed();
    const children = ["amd64", "arm64", "s390x"].map(digestNamed);
    const read = bench.target.getManifest;
    bench.target.getManifest = async (...args) => {
      const manifest = await read(...args);
      const platform = { os: "linux", architecture: "any" };
      return (
        manifest && {
          ...manifest,
          manifests: children.map((digest) => ({ ...manifest.descriptor, digest, platform })),
        }
      );
    };
    await poll();
    for (const child of children) refer(`signature of ${child}`, artifactTypes.notation, child);
    const tag = `${fallbackTagOf(children[1] ?? image)}.sig`;
    bench.upstream.tags.set(`${repository}:${tag}`, digestNamed("cosign's"));
    const before = bench.upstream.calls.length;
    await nextDay();
    expect(await referrers()).toHaveLength(2);
    expect(bench.upstream.calls.slice(before, before + 3)).toEqual([
      `list ${repository}`,
      `referrers ${repository}@${image}`,
      expect.stringContaining(`referrers ${repository}@`),
    ]);
    await nextDay();
    await nextDay();
    expect(await referrers()).toHaveLength(4);
  });
});

describe("a watch with many images", () => {
  it("is looked at a hundred at a time, each once, whatever fails on the way", async () => {
    await followed();
    const many = Array.from({ length: 230 }, (_, at) =>
      makeRecord({ tag: `2.${at}.0`, digest: digestNamed(`2.${at}`), state: "done", endedAt: bench.now() }),
    );
    await bench.stores.ledger.add(
      many.map((record) => ({ record })),
      never,
    );
    for (const { tag, digest } of many) bench.target.tags.set(`mirror/app:${tag}`, digest);
    let faults = 0;
    bench.upstream.onCall = (call) => {
      if (call.startsWith("referrers") && faults++ === 150) throw new Failure("network", "reset");
    };
    await nextDay();
    const asked = bench.upstream.calls.filter((call) => call.startsWith("referrers"));
    expect(asked).toHaveLength(231);
    expect(new Set(asked).size).toBe(230);
    expect(bench.upstream.calls.filter((call) => call.startsWith("list"))).toHaveLength(3);
    expect(told()).toEqual([]);
  });
});

describe("an image that was asked for by name", () => {
  const source = `${upstreamHost}/${repository}:1.0.0`;
  const manual = async () =>
    (await collect(bench.stores.ledger.ofWatch(manualWatch, never))).map(({ record }) => record);
  const looked = () => bench.upstream.calls.filter((call) => call.startsWith("referrers")).length;
  async function asked(referrersWanted: readonly string[]): Promise<void> {
    bench.upstream.tags.set(`${repository}:1.0.0`, image);
    const body = { source, target: "mirror/app:{tag}", referrers: referrersWanted };
    await requestImport({ body, actor: "someone" }, bench.ports, never);
    await bench.drain();
    bench.upstream.calls.length = 0;
  }
  const days = async (count: number) => {
    for (let each = 0; each < count; each += 1) await nextDay(manualWatch);
  };

  it("is looked at again each day, and gets what came late, once", async () => {
    await asked(["signatures"]);
    await days(1);
    expect(looked()).toBe(1);
    refer("signature", artifactTypes.notation);
    refer("sbom", artifactTypes.spdx);
    await days(3);
    expect(await manual()).toHaveLength(2);
    expect(await manual()).toContainEqual(
      expect.objectContaining({ digest: digestNamed("signature"), subject: image, state: "done" }),
    );
    expect(told()).toEqual(["imported 1.0.0"]);
  });

  it("is looked at no more after the days that a setting says", async () => {
    await asked(["all"]);
    await days(29);
    expect(looked()).toBe(29);
    await days(5);
    expect(looked()).toBeLessThanOrEqual(30);
    bench.upstream.calls.length = 0;
    await days(2);
    expect(looked()).toBe(0);
  });

  it("is not looked at when it was asked for without referrers", async () => {
    await asked([]);
    await days(2);
    expect(bench.upstream.calls).toEqual([]);
  });
});

describe("what people see", () => {
  it("counts images apart from what refers to them, and shows it with its image", async () => {
    await followed();
    refer("sbom", artifactTypes.spdx);
    await poll();
    const { imports, referrers: counted } = await status({ ...bench.ports, ...bench.stores }, never);
    expect(imports).toMatchObject({ done: 1 });
    expect(counted).toMatchObject({ done: 1 });
    const [first] = (await records()).filter(({ subject }) => subject === undefined);
    const view = await getImport(`default.app.${first?.key}`, bench.stores.ledger, never);
    expect(view.referrers).toMatchObject([
      {
        digest: digestNamed("sbom"),
        state: "done",
        target: `${targetHost}/mirror/app@${digestNamed("sbom")}`,
      },
    ]);
    const [referrer] = await referrers();
    expect(await getImport(`default.app.${referrer?.key}`, bench.stores.ledger, never)).toMatchObject({
      subject: image,
      source: `${upstreamHost}/${repository}@${digestNamed("sbom")}`,
    });
  });

  it("tells of each one that the target has lost, while it has the image", async () => {
    await followed("none");
    bench.target.tags.set("mirror/app:1.0.0", image);
    for (const name of ["sbom", "signature"]) {
      const parts = { tag: fallbackTagOf(image), digest: digestNamed(name), subject: image };
      const target = { host: targetHost, path: "mirror/app" };
      const record = makeRecord({ ...parts, target, state: "done", endedAt: bench.now() });
      await bench.stores.ledger.add([{ record }], never);
    }
    bench.target.tags.set("mirror/app:1.0.0", image);
    await nextDay();
    expect(told().filter((line) => line.startsWith("drifted"))).toHaveLength(2);
  });
});
