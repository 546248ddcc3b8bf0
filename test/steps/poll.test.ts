import { setImmediate } from "node:timers/promises";
import { describe, expect, it } from "vitest";
import type { Values } from "../../shared/azure/tables.ts";
import type { WatchId } from "../../shared/documents/watch-id.ts";
import { Failure } from "../../shared/model/failure.ts";
import { parseLimits } from "../../shared/registry/limits.ts";
import { type PollResult, poll } from "../../shared/steps/poll/poll.ts";
import { collect } from "../support/collect.ts";
import { failureOf } from "../support/failures.ts";
import { digestNamed, upstreamHost } from "../support/records.ts";
import { never } from "../support/registries.ts";
import { createStepBench, type StepBench } from "../support/step-bench.ts";

const app: WatchId = { group: "default", name: "app" };
const key = "default~app";
const minute = 60_000;

describe("a poll", () => {
  it("orders each chosen version and floating tag once, by digest", async () => {
    const bench = await watching({ Tags: "semver >=1", Track: "latest", Keep: 2 });
    publish(bench, { "1.0.0": "a", "1.1.0": "b", "1.2.0": "c", latest: "c", junk: "d" });
    expect(await pollNow(bench)).toEqual({ polled: 1, ordered: 3, moved: 0, troubled: 0, deferred: 0 });
    expect(bench.waiting("import")).toHaveLength(3);
    await bench.drain();
    expect(Object.fromEntries(bench.target.tags)).toEqual({
      "up.example/library/app:1.1.0": digestNamed("b"),
      "up.example/library/app:1.2.0": digestNamed("c"),
      "up.example/library/app:latest": digestNamed("c"),
    });
    expect(told(bench)).toEqual(["imported 1.1.0", "imported 1.2.0", "updated latest"]);
  });

  it("of an unchanged watch costs one list and one HEAD, and writes nothing", async () => {
    const bench = await watching({ Tags: "semver >=1" });
    publish(bench, { "1.0.0": "a", "1.1.0": "b" });
    await pollNow(bench);
    await bench.drain();
    const asked: string[] = [];
    for (let time = 0; time < 4; time += 1) {
      bench.upstream.calls.length = 0;
      bench.effects.length = 0;
      bench.pass(15 * minute);
      expect(await pollNow(bench)).toMatchObject({ polled: 1, ordered: 0 });
      expect(bench.effects).toEqual([]);
      expect(bench.upstream.calls).toEqual([
        "list library/app",
        expect.stringMatching(/^head library\/app:1\./),
      ]);
      asked.push(bench.upstream.calls[1] ?? "");
    }
    expect(new Set(asked).size).toBe(2);
  });

  it("of a watch that only tracks a floating tag asks for no list", async () => {
    const bench = await watching({ Track: "latest" });
    publish(bench, { latest: "a" });
    await pollNow(bench);
    expect(bench.upstream.calls).toEqual(["head library/app:latest"]);
  });

  it("shares one listing between the watches of one repository", async () => {
    const bench = await watching({ Tags: "semver >=1" });
    const second = { group: "default", name: "again" };
    await addWatch(bench, second, { Tags: "semver <2", Target: "other/{name}" });
    publish(bench, { "1.0.0": "a" });
    expect(await pollNow(bench, [app, second])).toMatchObject({ polled: 2, ordered: 2 });
    expect(bench.upstream.calls.filter((call) => call.startsWith("list"))).toEqual(["list library/app"]);
  });

  it("announces all repositories before it asks for the first", async () => {
    const bench = await watching({ Tags: "semver >=1" });
    const second = { group: "default", name: "second" };
    await addWatch(bench, second, { Source: `${upstreamHost}/library/other`, Tags: "semver <2" });
    publish(bench, { "1.0.0": "a" });
    const announced: unknown[] = [];
    bench.upstream.onCall = () => void announced.push([...bench.upstream.prepared]);
    await pollNow(bench, [app, second]);
    expect(announced[0]).toEqual([["library/app", "library/other"]]);
    expect(bench.upstream.prepared).toHaveLength(1);
  });

  it("passes by watches that are disabled, rejected, of another host, or gone", async () => {
    const bench = await watching({ Tags: "semver >=1", Enabled: false });
    const others = ["elsewhere", "bad", "gone"].map((name) => ({ group: "default", name }));
    const [elsewhere, bad] = others as [WatchId, WatchId];
    await addWatch(bench, elsewhere, { Source: "other.example/library/app", Tags: "semver >=1" });
    await addWatch(bench, bad, { Tags: "nonsense" });
    expect(await pollNow(bench, [app, ...others])).toMatchObject({ polled: 0, troubled: 0 });
    expect(bench.upstream.calls).toEqual([]);
  });

  it("case 43: of two pollers at once gives one import", async () => {
    const bench = await watching({ Tags: "semver >=1" });
    publish(bench, { "1.0.0": "a", "1.1.0": "b" });
    await Promise.all([pollNow(bench), pollNow(bench)]);
    expect(await ledgerOf(bench)).toEqual(["1.0.0 pending", "1.1.0 pending"]);
    await bench.drain();
    expect(bench.method.calls).toEqual(["start", "start"]);
    expect(told(bench)).toEqual(["imported 1.0.0", "imported 1.1.0"]);
  });

  it("case 12: finds next time what was added meanwhile", async () => {
    const bench = await watching({ Tags: "semver >=1" });
    publish(bench, { "1.0.0": "a" });
    await pollNow(bench);
    publish(bench, { "1.0.1": "b" });
    expect(await pollNow(bench)).toMatchObject({ ordered: 1 });
    expect(await ledgerOf(bench)).toEqual(["1.0.0 pending", "1.0.1 pending"]);
  });

  it("leaves a tag that was listed but is not there for the next poll", async () => {
    const bench = await watching({ Track: "latest" });
    expect(await pollNow(bench)).toMatchObject({ polled: 1, ordered: 0 });
    publish(bench, { latest: "a" });
    expect(await pollNow(bench)).toMatchObject({ polled: 1, ordered: 1 });
  });
});

describe("a moved tag", () => {
  it("case 13: is held and told once, and the target keeps what it has", async () => {
    const bench = await watching({ Tags: "semver >=1" });
    publish(bench, { "1.0.0": "a" });
    await pollNow(bench);
    await bench.drain();
    publish(bench, { "1.0.0": "pushed anew" });
    expect(await pollNow(bench)).toMatchObject({ moved: 1, ordered: 0 });
    expect(await pollNow(bench)).toMatchObject({ moved: 0 });
    await bench.drain();
    expect(bench.target.tags.get("up.example/library/app:1.0.0")).toBe(digestNamed("a"));
    expect(told(bench)).toEqual(["imported 1.0.0", "moved 1.0.0"]);
    expect(await ledgerOf(bench)).toEqual(["1.0.0 done", "1.0.0 held"]);
  });

  it("that comes back is told no more, nor when it goes again to what was told", async () => {
    const bench = await watching({ Tags: "semver >=1" });
    for (const content of ["a", "b", "a", "b"]) {
      publish(bench, { "1.0.0": content });
      await pollNow(bench);
      await bench.drain();
    }
    expect(told(bench)).toEqual(["imported 1.0.0", "moved 1.0.0"]);
  });

  it("is not taken for a new one when its watch was changed", async () => {
    const bench = await watching({ Tags: "semver >=1" });
    publish(bench, { "1.0.0": "a" });
    await pollNow(bench);
    await bench.drain();
    publish(bench, { "1.0.0": "pushed anew" });
    await addWatch(bench, app, { Tags: "semver >=1.0.0" });
    await pollNow(bench);
    await bench.drain();
    expect(bench.target.tags.get("up.example/library/app:1.0.0")).toBe(digestNamed("a"));
    expect(told(bench)).toEqual(["imported 1.0.0", "moved 1.0.0"]);
  });
});

describe("a floating tag", () => {
  it("is followed, also back to an older digest", async () => {
    const bench = await watching({ Track: "latest" });
    for (const content of ["a", "b", "a", "a"]) {
      publish(bench, { latest: content });
      await pollNow(bench);
      await bench.drain();
      expect(bench.target.tags.get("up.example/library/app:latest")).toBe(digestNamed(content));
    }
    expect(told(bench)).toEqual(["updated latest", "updated latest", "updated latest"]);
    expect(await ledgerOf(bench)).toEqual(["latest done", "latest done"]);
  });

  it("is not set back by an import that was put off, and follows upstream back to it", async () => {
    const bench = await watching({ Track: "latest" });
    publish(bench, { latest: "a" });
    bench.method.next.push(() => {
      throw new Failure("rate-limited", "429", { retryAfterMs: 60 * minute });
    });
    await pollNow(bench);
    await bench.drain({ forMs: minute });
    publish(bench, { latest: "b" });
    await pollNow(bench);
    await bench.drain();
    expect(bench.target.tags.get("up.example/library/app:latest")).toBe(digestNamed("b"));
    expect(await ledgerOf(bench)).toEqual(["latest done", "latest overtaken"]);
    publish(bench, { latest: "a" });
    await pollNow(bench);
    await bench.drain();
    expect(bench.target.tags.get("up.example/library/app:latest")).toBe(digestNamed("a"));
    expect(told(bench)).toEqual(["updated latest", "updated latest"]);
  });

  it("back at a digest that failed to come in is tried again", async () => {
    const bench = await watching({ Track: "latest" });
    publish(bench, { latest: "a" });
    bench.method.next.push(() => ({ kind: "refused", code: "forbidden", reason: "no" }));
    for (const content of ["a", "b", "a"]) {
      publish(bench, { latest: content });
      await pollNow(bench);
      await bench.drain();
    }
    expect(told(bench)).toEqual(["failed latest", "updated latest", "updated latest"]);
  });
});

describe("a failed import", () => {
  it("is not tried again by every poll, but once its watch was changed", async () => {
    const bench = await watching({ Tags: "semver >=1" });
    publish(bench, { "1.0.0": "a" });
    bench.method.next.push(() => ({ kind: "refused", code: "unsupported", reason: "over 50 manifests" }));
    for (let time = 0; time < 3; time += 1) {
      await pollNow(bench);
      await bench.drain();
    }
    expect(bench.method.calls).toEqual(["start"]);
    await addWatch(bench, app, { Tags: "semver >=1", Method: "agent-pool" });
    await pollNow(bench);
    await bench.drain();
    expect(await ledgerOf(bench)).toEqual(["1.0.0 done"]);
    const [{ record } = { record: undefined }] = await collect(bench.stores.ledger.all(never));
    expect(record).toMatchObject({ method: "agent-pool", attempts: 0 });
    expect(told(bench)).toEqual(["failed 1.0.0", "imported 1.0.0"]);
  });
});

describe("a host that asks for a pause", () => {
  it("case 33: is left alone by all, and what was put off is said and done later", async () => {
    const bench = await watching({ Tags: "semver >=1" });
    const others = Array.from({ length: 12 }, (_, at) => ({ group: "default", name: `w${at}` }));
    for (const [at, id] of others.entries()) {
      await addWatch(bench, id, { Source: `${upstreamHost}/library/r${at}`, Tags: "semver >=1" });
      bench.upstream.tags.set(`library/r${at}:1.0.0`, digestNamed(`r${at}`));
    }
    publish(bench, { "1.0.0": "a" });
    const limit = new Failure("rate-limited", "429", { retryAfterMs: 30 * minute });
    bench.upstream.faults.set("list library/r3", limit);
    const result = await pollNow(bench, [app, ...others]);
    const until = new Date(bench.now().getTime() + 30 * minute);
    expect(result).toMatchObject({ troubled: 0, until });
    expect(result.deferred).toBeGreaterThan(0);
    expect(result.polled + result.deferred).toBe(13);
    expect(await bench.stores.hosts.pauseOf(upstreamHost, never)).toMatchObject({ until });
    // No watch is in trouble for it.
    expect(
      [...(await bench.stores.states.all(never)).values()].every(({ trouble }) => trouble === undefined),
    ).toBe(true);

    bench.upstream.calls.length = 0;
    expect(await pollNow(bench)).toMatchObject({ polled: 0, deferred: 1, until });
    await bench.drain({ forMs: 29 * minute });
    expect(bench.upstream.calls).toEqual([]);
    bench.upstream.faults.clear();
    await bench.drain();
    expect(await ledgerOf(bench)).toHaveLength(13);
  });

  it("leaves a mark on what was put off, once, which the next poll takes away", async () => {
    const bench = await watching({ Tags: "semver >=1" });
    publish(bench, { "1.0.0": "a" });
    await pollNow(bench);
    await bench.drain();
    const mark = async () => (await bench.stores.states.all(never)).get(`${upstreamHost} ${key}`)?.unchecked;
    expect(await mark()).toBeUndefined();
    const slot = bench.now();
    await bench.stores.hosts.pauseFor(upstreamHost, 30 * minute, never);
    await pollNow(bench);
    const until = new Date(slot.getTime() + 30 * minute);
    expect(await mark()).toEqual({ since: slot, until, reason: "The upstream asked for a pause." });
    const before = await stateOf(bench);
    expect(before).toMatchObject({ known: new Map([["1.0.0", digestNamed("a")]]) });
    bench.effects.length = 0;
    await pollNow(bench);
    expect(bench.effects).toEqual(["send poll"]);
    bench.upstream.calls.length = 0;
    await bench.drain();
    expect(new Set(bench.upstream.calls)).toEqual(new Set(["list library/app", "head library/app:1.0.0"]));
    expect(await mark()).toBeUndefined();
    expect(await stateOf(bench)).toMatchObject({ revision: before?.revision, known: before?.known });
  });

  it("keeps the first moment over several pauses", async () => {
    const bench = await watching({ Tags: "semver >=1", Schedule: "every 6h" });
    const slot = bench.now();
    const message = { host: upstreamHost, slot, watches: [app] };
    for (let time = 0; time < 3; time += 1) {
      await bench.stores.hosts.pauseFor(upstreamHost, 30 * minute, never);
      await poll(message, bench.ports, never);
      bench.pass(31 * minute);
    }
    const until = new Date(slot.getTime() + 92 * minute);
    expect((await stateOf(bench))?.unchecked).toMatchObject({ since: slot, until });
  });

  it("leaves no mark for a wait of seconds", async () => {
    const bench = await watching({ Tags: "semver >=1" });
    await bench.stores.hosts.pauseFor(upstreamHost, 20_000, never);
    expect(await pollNow(bench)).toMatchObject({ deferred: 1 });
    expect(await stateOf(bench)).toBeUndefined();
    expect(bench.waiting("poll")).toHaveLength(1);
  });

  it("leaves a watch that has come due again to its later message", async () => {
    const bench = await watching({ Tags: "semver >=1", Schedule: "every 15m" });
    const message = { host: upstreamHost, slot: bench.now(), watches: [app] };
    bench.pass(16 * minute);
    await bench.stores.hosts.pauseFor(upstreamHost, 30 * minute, never);
    await poll(message, bench.ports, never);
    expect(bench.waiting("poll")).toEqual([]);
    expect((await stateOf(bench))?.unchecked).toMatchObject({ since: message.slot });
  });

  it.each([
    ["a 503 that says until when", new Failure("unavailable", "503", { retryAfterMs: 5 * minute }), 5],
    ["a 429 that wants no wait", new Failure("rate-limited", "429", { retryAfterMs: 0 }), 1 / 60],
  ])("pauses for %s", async (_, failure, minutes) => {
    const bench = await watching({ Tags: "semver >=1" });
    bench.upstream.faults.set("list", failure);
    expect((await pollNow(bench)).until).toEqual(new Date(bench.now().getTime() + minutes * minute));
    expect((await stateOf(bench))?.trouble).toBeUndefined();
  });

  it("stops at the reserve of its quota, and writes it down once", async () => {
    const bench = await watching({ Tags: "semver >=1" });
    const second = { group: "default", name: "second" };
    await addWatch(bench, second, { Source: `${upstreamHost}/library/second`, Tags: "semver >=1" });
    publish(bench, { "1.0.0": "a" });
    bench.upstream.tags.set("library/second:1.0.0", digestNamed("s"));
    bench.upstream.onCall = () =>
      bench.ports.quotas.note(upstreamHost, { limit: 100, remaining: 20, resetMs: 600_000 });
    const result = await pollNow(bench, [app, second]);
    const until = new Date(bench.now().getTime() + 10 * minute);
    expect(result).toMatchObject({ polled: 0, deferred: 2, until });
    expect(bench.effects.filter((effect) => effect.startsWith("hosts"))).toEqual([
      "hosts insert",
      "hosts replace",
    ]);
    bench.upstream.calls.length = 0;
    expect(await pollNow(bench)).toMatchObject({ polled: 0, deferred: 1, until });
    expect(bench.upstream.calls).toEqual([]);
    bench.upstream.onCall = () => bench.ports.quotas.note(upstreamHost, { limit: 100, remaining: 99 });
    await bench.drain();
    expect(await ledgerOf(bench)).toHaveLength(2);
  });

  it("with a rate and a bound on connections spreads its requests, for two writes a message", async () => {
    const bench = await watching({ Tags: "semver >=1" });
    const ports = { ...bench.ports, limits: parseLimits(`${upstreamHost} rps=1 concurrency=2`) };
    publish(bench, { "1.0.0": "a", "1.1.0": "b", "1.2.0": "c" });
    const times: number[] = [];
    const from = bench.now().getTime();
    bench.upstream.onCall = () => void times.push((bench.now().getTime() - from) / 1000);
    await poll({ host: upstreamHost, slot: bench.now(), watches: [app] }, ports, never);
    expect(times).toEqual([0, 1, 2, 3]);
    bench.effects.length = 0;
    bench.pass(15 * minute);
    await poll({ host: upstreamHost, slot: bench.now(), watches: [app] }, ports, never);
    expect(bench.effects).toEqual(["hosts replace", "hosts replace"]);
    expect((await bench.stores.hosts.get(upstreamHost, never))?.state.slots).toEqual([]);
  });

  it("has no more requests under way than connections, of however many repositories", async () => {
    const bench = await watching({ Tags: "semver >=1" });
    const others = Array.from({ length: 6 }, (_, at) => ({ group: "default", name: `w${at}` }));
    for (const [at, id] of others.entries()) {
      await addWatch(bench, id, { Source: `${upstreamHost}/library/r${at}`, Tags: "semver >=1" });
      bench.upstream.tags.set(`library/r${at}:1.0.0`, digestNamed(`r${at}`));
    }
    publish(bench, { "1.0.0": "a" });
    const underWay = { now: 0, most: 0 };
    bench.upstream.onCall = async () => {
      underWay.now += 1;
      underWay.most = Math.max(underWay.most, underWay.now);
      await setImmediate();
      underWay.now -= 1;
    };
    const ports = { ...bench.ports, limits: parseLimits(`${upstreamHost} concurrency=3`) };
    const message = { host: upstreamHost, slot: bench.now(), watches: [app, ...others] };
    expect(await poll(message, ports, never)).toMatchObject({ polled: 7 });
    expect(underWay).toEqual({ now: 0, most: 3 });
  });

  it("pauses for a minute when it does not say how long", async () => {
    const bench = await watching({ Tags: "semver >=1" });
    bench.upstream.faults.set("list", new Failure("rate-limited", "429"));
    const { until } = await pollNow(bench);
    expect(until).toEqual(new Date(bench.now().getTime() + minute));
  });

  it("pauses by a HEAD too, and goes on after it from what was answered", async () => {
    const bench = await watching({ Tags: "semver >=1" });
    publish(bench, { "1.0.0": "a", "1.1.0": "b" });
    bench.upstream.faults.set("head library/app:1.0.0", new Failure("rate-limited", "429"));
    expect(await pollNow(bench)).toMatchObject({ polled: 0, deferred: 1 });
    expect(await ledgerOf(bench)).toEqual(["1.1.0 pending"]);
    bench.upstream.faults.clear();
    bench.upstream.calls.length = 0;
    await bench.drain();
    expect(bench.upstream.calls.filter((call) => call === "head library/app:1.0.0")).toHaveLength(1);
    expect(await ledgerOf(bench)).toEqual(["1.0.0 done", "1.1.0 done"]);
  });
});

describe("a watch in trouble", () => {
  it("is told once per reason, written down once, and cleared", async () => {
    const bench = await watching({ Tags: "semver >=1" });
    const troubles = async () =>
      (await bench.stores.states.all(never)).get(`${upstreamHost} ${key}`)?.trouble;
    expect(await pollNow(bench)).toMatchObject({ polled: 0, troubled: 1 });
    const since = bench.now();
    expect(await troubles()).toEqual({
      code: "not-found",
      reason: "up.example/library/app does not exist",
      since,
    });
    bench.effects.length = 0;
    bench.pass(minute);
    await pollNow(bench);
    expect(bench.effects).toEqual([]);
    bench.upstream.faults.set("list", new Failure("forbidden", "no right"));
    await pollNow(bench);
    await bench.drain();
    expect(told(bench)).toEqual(
      ["watch-failing not exist", "watch-failing no right"].map(() => expect.anything()),
    );
    expect(bench.channel.sent.flatMap(({ events }) => events.map(({ reason }) => reason))).toEqual([
      "up.example/library/app does not exist",
      "no right",
    ]);
    bench.upstream.faults.clear();
    publish(bench, { "1.0.0": "a" });
    expect(await pollNow(bench)).toMatchObject({ polled: 1, ordered: 1 });
    expect(await troubles()).toBeUndefined();
  });

  it("that passes by itself is in the status only", async () => {
    const bench = await watching({ Tags: "semver >=1" });
    bench.upstream.faults.set("list", new Failure("unavailable", "503"));
    await pollNow(bench);
    await bench.drain();
    expect(told(bench)).toEqual([]);
    expect((await bench.stores.states.all(never)).get(`${upstreamHost} ${key}`)?.trouble?.code).toBe(
      "unavailable",
    );
  });

  it("is told once although two pollers met it at once", async () => {
    const bench = await watching({ Tags: "semver >=1" });
    const slot = bench.now();
    const { host } = { host: upstreamHost };
    await poll({ host, slot, watches: [app] }, { ...bench.ports, states: blind(bench) }, never);
    bench.pass(20_000);
    await poll({ host, slot, watches: [app] }, { ...bench.ports, states: blind(bench) }, never);
    await bench.drain();
    expect(told(bench)).toEqual(["watch-failing -"]);
  });

  it("case 10: does not believe a listing that lost more than half of its tags", async () => {
    const bench = await watching({ Tags: "semver >=1", Keep: 3 });
    publish(bench, Object.fromEntries(Array.from({ length: 30 }, (_, at) => [`1.${at}.0`, `${at}`])));
    await pollNow(bench);
    await bench.drain();
    const imported = bench.target.tags.size;
    for (const name of [...bench.upstream.tags.keys()].slice(10)) bench.upstream.tags.delete(name);
    expect(await pollNow(bench)).toMatchObject({ troubled: 1, ordered: 0 });
    await bench.drain();
    expect(bench.target.tags.size).toBe(imported);
    expect(bench.channel.sent.at(-1)?.events[0]?.reason).toContain("listed 30 tags before and 10 now");
    // Saving the watch with a change accepts the shorter listing.
    await addWatch(bench, app, { Tags: "semver >=1.0", Keep: 3 });
    expect(await pollNow(bench)).toMatchObject({ polled: 1, ordered: 3 });
  });

  it.each([
    {
      what: "a listed version",
      columns: { Tags: "semver >=1" },
      tag: "1.1.0",
      says: "upstream has no image under it",
    },
    {
      what: "a tracked tag",
      columns: { Tags: "semver >=1 <1.1", Track: "stable" },
      tag: "stable",
      says: "is in Track",
    },
  ])("tells once of $what that upstream has no image for, and takes it when it is there", async (row) => {
    const bench = await watching(row.columns);
    publish(bench, { "1.0.0": "a", [row.tag]: "b" });
    const absent = `head library/app:${row.tag}`;
    const { headManifest } = bench.upstream;
    bench.upstream.headManifest = async (repository, reference, signal) =>
      reference === row.tag ? undefined : headManifest(repository, reference, signal);
    expect(await pollNow(bench)).toMatchObject({ polled: 1, ordered: 1 });
    await bench.drain();
    bench.effects.length = 0;
    expect(await pollNow(bench)).toMatchObject({ polled: 1, ordered: 0 });
    expect(bench.effects).toEqual([]);
    const told = bench.channel.sent
      .flatMap(({ events }) => events)
      .filter(({ kind }) => kind === "watch-failing");
    expect(told.map(({ reason }) => reason)).toEqual([expect.stringContaining(row.says)]);
    bench.upstream.headManifest = headManifest;
    expect(await pollNow(bench)).toMatchObject({ polled: 1, ordered: 1 });
    const states = await bench.stores.states.all(never);
    expect([...states.values()].map(({ trouble }) => trouble)).toEqual([undefined]);
    expect(bench.upstream.calls).toContain(absent);
  });

  it("case 27: by one bad tag goes on with the others", async () => {
    const bench = await watching({ Tags: "semver >=1" });
    publish(bench, { "1.0.0": "a", "1.1.0": "b", "1.2.0": "c" });
    bench.upstream.faults.set("head library/app:1.1.0", new Failure("integrity", "1.1.0: the digest lies"));
    expect(await pollNow(bench)).toMatchObject({ polled: 1, ordered: 2 });
    bench.effects.length = 0;
    expect(await pollNow(bench)).toMatchObject({ polled: 1, ordered: 0 });
    expect(bench.effects).toEqual([]);
    await bench.drain();
    expect(await ledgerOf(bench)).toEqual(["1.0.0 done", "1.2.0 done"]);
    expect(bench.channel.sent.flatMap(({ events }) => events.map(({ reason }) => reason))).toContain(
      "1.1.0: the digest lies",
    );
    const before = bench.channel.sent.length;
    publish(bench, { "1.3.0": "d" });
    expect(await pollNow(bench)).toMatchObject({ polled: 1, ordered: 1 });
    await bench.drain();
    const after = bench.channel.sent.slice(before).flatMap(({ events }) => events);
    expect(after.map(({ kind }) => kind)).toEqual(["imported"]);
    bench.upstream.faults.clear();
    expect(await pollNow(bench)).toMatchObject({ polled: 1, ordered: 1 });
  });

  it("case 50: by more tags than its row holds is told before thousands are asked for", async () => {
    const bench = await watching({ Tags: "semver >=1" });
    publish(bench, Object.fromEntries(Array.from({ length: 6000 }, (_, at) => [`1.0.${at}`, "a"])));
    expect(await pollNow(bench)).toMatchObject({ troubled: 1, ordered: 0 });
    expect(bench.upstream.calls).toEqual(["list library/app"]);
    expect((await bench.stores.states.all(never)).get(`${upstreamHost} ${key}`)?.trouble?.reason).toContain(
      "set Keep or narrow Tags",
    );
  });

  it("is not one when our own storage fails: the message is tried again", async () => {
    const bench = await watching({ Tags: "semver >=1" });
    publish(bench, { "1.0.0": "a" });
    const ledger = {
      ...bench.stores.ledger,
      add: async () => {
        throw new Failure("conflict", "412");
      },
    };
    const message = { host: upstreamHost, slot: bench.now(), watches: [app] };
    await failureOf(() => poll(message, { ...bench.ports, ledger }, never), "conflict");
    expect(await bench.stores.states.all(never)).toEqual(new Map());
    expect(await pollNow(bench)).toMatchObject({ ordered: 1 });
  });
});

async function watching(columns: Values): Promise<StepBench> {
  const bench = createStepBench();
  await addWatch(bench, app, columns);
  return bench;
}

async function addWatch({ stores }: StepBench, id: WatchId, columns: Values): Promise<void> {
  const row = { Source: `${upstreamHost}/library/app`, ...columns };
  await stores.watches.put(id, row, { signal: never, existing: "replace" });
}

function publish({ upstream }: StepBench, tags: Readonly<Record<string, string>>): void {
  for (const [tag, content] of Object.entries(tags))
    upstream.tags.set(`library/app:${tag}`, digestNamed(content));
}

function pollNow(bench: StepBench, watches: readonly WatchId[] = [app]): Promise<PollResult> {
  return poll({ host: upstreamHost, slot: bench.now(), watches }, bench.ports, never);
}

async function stateOf({ stores }: StepBench) {
  return (await stores.states.all(never)).get(`${upstreamHost} ${key}`);
}

/** Watch states as a poller sees them that read before another one wrote. */
function blind({ stores }: StepBench): StepBench["stores"]["states"] {
  return { ...stores.states, some: async () => new Map() };
}

async function ledgerOf({ stores }: StepBench): Promise<string[]> {
  const entries = await collect(stores.ledger.all(never));
  return entries.map(({ record }) => `${record.tag} ${record.state}`).sort();
}

function told({ channel }: StepBench): string[] {
  return channel.sent.flatMap(({ events }) => events.map(({ kind, tag = "-" }) => `${kind} ${tag}`).sort());
}
