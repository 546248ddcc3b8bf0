import { describe, expect, it } from "vitest";
import { formatImportId, type ImportRecord } from "../../shared/documents/import-record.ts";
import { parseWatch } from "../../shared/documents/watch.ts";
import { createPolicy, openPolicy } from "../../shared/gates/policy.ts";
import { shortDigest } from "../../shared/model/digest.ts";
import { Failure } from "../../shared/model/failure.ts";
import { type DecidedImport, decideOnImport } from "../../shared/steps/decide/decide-on-import.ts";
import { findImport } from "../../shared/steps/decide/find-import.ts";
import { gatesAhead, gatesOfRow } from "../../shared/steps/plan/gates-ahead.ts";
import { plan } from "../../shared/steps/plan/plan.ts";
import { collect } from "../support/collect.ts";
import { failureOf } from "../support/failures.ts";
import { digestNamed, makeRecord, upstreamHost } from "../support/records.ts";
import { never } from "../support/registries.ts";
import { createStepBench, type StepBench } from "../support/step-bench.ts";

const hour = 3_600_000;
const day = 24 * hour;
const watch = { group: "default", name: "app" };
type Columns = Readonly<Record<string, string>>;

describe("a version that cools down", () => {
  const columns = { Cooldown: "3d" };

  it("comes in when the time is over, if upstream still stands by it", async () => {
    const bench = await following(columns);
    await publish(bench, { "1.1.0": "b" });
    expect(await standing(bench)).toEqual({ "1.0.0": "done", "1.1.0": "waiting" });
    await bench.drain({ forMs: 3 * day - hour });
    expect(await standing(bench)).toMatchObject({ "1.1.0": "waiting" });
    await bench.drain({ forMs: 2 * hour });
    expect(await recordOf(bench, "1.1.0")).toMatchObject({
      state: "done",
      gates: [
        { gate: "allow-list", verdict: "passed" },
        { gate: "cooldown", verdict: "passed", reason: expect.stringContaining("at least 3d ago") },
      ],
    });
    expect(told(bench)).toEqual(["imported 1.0.0", "imported 1.1.0"]);
  });

  it("does not when it was withdrawn meanwhile, and people are told", async () => {
    const bench = await following(columns);
    await publish(bench, { "1.1.0": "b" });
    bench.upstream.tags.delete("library/app:1.1.0");
    await bench.drain({ forMs: 4 * day });
    expect(await recordOf(bench, "1.1.0")).toMatchObject({
      state: "denied",
      reason: expect.stringContaining("was withdrawn upstream while it waited. Find out why."),
    });
    expect(bench.target.tags.has("m:1.1.0")).toBe(false);
    expect(told(bench)).toEqual(["denied 1.1.0", "imported 1.0.0"]);
  });

  it("does not by itself when a poll sees it re-pushed, and the new one is held", async () => {
    const bench = await following(columns);
    await publish(bench, { "1.1.0": "b" });
    await publish(bench, { "1.1.0": "evil" }, { polls: 3 });
    expect(await states(bench, "1.1.0")).toEqual(["held evil", "overtaken b"]);
    const held = (await records(bench, "1.1.0")).find(({ state }) => state === "held");
    expect(held?.reason).toContain("The one before was not in yet, and does not come in any more");
    expect(held).not.toHaveProperty("previousDigest");
    await bench.drain({ forMs: 5 * day });
    expect(bench.target.tags.has("m:1.1.0")).toBe(false);
    expect(told(bench)).toEqual(["imported 1.0.0", "moved 1.1.0"]);
  });

  it("comes in at once when somebody skips it, with the reason in the ledger and the audit", async () => {
    const bench = await following(columns);
    await publish(bench, { "1.1.0": "b" });
    await decide(bench, "1.1.0", { decision: "skip-cooldown", reason: "fixes a hole" });
    await bench.drain({ forMs: hour });
    expect(await recordOf(bench, "1.1.0")).toMatchObject({
      state: "done",
      decisions: [{ kind: "skip-cooldown", by: "ops", reason: "fixes a hole" }],
    });
  });

  it("keeps its first sight when the row is changed, and is looked at anew when it demands less", async () => {
    const bench = await following(columns);
    await publish(bench, { "1.1.0": "b" });
    const { seenAt } = await recordOf(bench, "1.1.0");
    bench.pass(day);
    await save(bench, { Cooldown: "2d" });
    await publish(bench, {});
    expect(await recordOf(bench, "1.1.0")).toMatchObject({ state: "waiting", seenAt });
    await bench.drain({ forMs: day });
    expect(await standing(bench)).toMatchObject({ "1.1.0": "done" });
  });

  it.each([
    { name: "excluded", change: (bench: StepBench) => save(bench, { ...columns, Exclude: "1\\.1\\..*" }) },
    { name: "sent elsewhere", change: (bench: StepBench) => save(bench, { ...columns, Target: "n:{tag}" }) },
    { name: "no longer watched", change: (bench: StepBench) => bench.stores.watches.remove(watch, never) },
  ])("does not come in when it was $name meanwhile", async ({ change }) => {
    const bench = await following(columns);
    await publish(bench, { "1.1.0": "b" });
    await change(bench);
    await bench.drain({ forMs: 5 * day });
    expect((await states(bench, "1.1.0"))[0]).toBe("overtaken b");
    expect(bench.target.tags.has("m:1.1.0")).toBe(false);
  });

  it("waits on while its watch is disabled", async () => {
    const bench = await following(columns);
    await publish(bench, { "1.1.0": "b" });
    await save(bench, { ...columns, Enabled: "false" });
    await bench.drain({ forMs: 5 * day });
    expect(await recordOf(bench, "1.1.0")).toMatchObject({
      state: "waiting",
      reason: "its watch is disabled. It goes on when the watch is followed again",
    });
    await save(bench, columns);
    await bench.drain({ forMs: 2 * day });
    expect(await standing(bench)).toMatchObject({ "1.1.0": "done" });
  });

  it("waits for upstream when that cannot be asked at the end, without using up its tries", async () => {
    const bench = await following(columns);
    await publish(bench, { "1.1.0": "b" });
    bench.upstream.faults.set("head", new Failure("unavailable", "503"));
    await bench.drain({ forMs: 4 * day });
    expect(await recordOf(bench, "1.1.0")).toMatchObject({
      state: "waiting",
      attempts: 0,
      reason: expect.stringContaining("upstream cannot be asked whether it still stands by it: 503"),
    });
    bench.upstream.faults.clear();
    await bench.drain({ forMs: 2 * hour });
    expect(await standing(bench)).toMatchObject({ "1.1.0": "done" });
  });

  it("is exempt when the very first poll found it, and that poll is not one that failed", async () => {
    const bench = createStepBench();
    bench.upstream.faults.set("list", new Failure("unavailable", "503"));
    await save(bench, columns);
    await publish(bench, { "1.0.0": "a" });
    bench.upstream.faults.clear();
    await publish(bench, {});
    expect(await standing(bench)).toEqual({ "1.0.0": "done" });
    const strict = createStepBench();
    await save(strict, { Cooldown: "3d strict" });
    await publish(strict, { "1.0.0": "a" });
    expect(await standing(strict)).toEqual({ "1.0.0": "waiting" });
  });

  it("is exempt in all of a first look that upstream's pause parted in two, and no longer after a day", async () => {
    for (const { passes, state } of [
      { passes: hour, state: "done" },
      { passes: 25 * hour, state: "waiting" },
    ]) {
      const bench = createStepBench();
      bench.upstream.faults.set(
        "head library/app:1.1.0",
        new Failure("rate-limited", "429", { retryAfterMs: 1000 }),
      );
      await save(bench, columns);
      await publish(bench, { "1.0.0": "a", "1.1.0": "b" }, { forMs: 5000 });
      bench.upstream.faults.clear();
      bench.pass(passes);
      await publish(bench, {});
      expect(await standing(bench)).toEqual({ "1.0.0": "done", "1.1.0": state });
    }
  });
});

describe("an import that waits for its turn", () => {
  it.each([
    { name: "at once", polls: 0, columns: { Approval: "always" }, state: "waiting" },
    { name: "after a poll", polls: 1, columns: { Approval: "always" }, state: "waiting" },
    { name: "for a verifier that is not there", polls: 0, columns: { Verify: "acme" }, state: "denied" },
    { name: "for a pin", polls: 0, columns: { Pins: `1.0.0@${digestNamed("a")}` }, state: "denied" },
  ])("passes the gates that its row asks for by then: $name", async ({ polls, columns, state }) => {
    const bench = await following({});
    const down = { kind: "refused", code: "unavailable", reason: "503" } as const;
    bench.method.always = { start: () => down };
    await publish(bench, { "1.1.0": "b" });
    expect(await recordOf(bench, "1.1.0")).toMatchObject({ state: "pending" });
    bench.method.always = {};
    await save(bench, columns);
    if (polls > 0) await publish(bench, {}, { polls, forMs: 0 });
    await bench.drain({ forMs: hour });
    expect(await standing(bench)).toMatchObject({ "1.1.0": state });
    expect(bench.target.tags.has("m:1.1.0")).toBe(false);
  });
});

describe("an import that waits for its turn, and whose row", () => {
  it.each([
    { name: "was disabled", columns: { Enabled: "false" }, state: "waiting" },
    { name: "was set aside", columns: { Verify: "No Name" }, state: "waiting" },
    { name: "excludes it", columns: { Exclude: "1\\.1\\..*" }, state: "overtaken" },
    { name: "sends it elsewhere", columns: { Target: "n:{tag}" }, state: "overtaken" },
  ])("$name does not come in", async ({ columns, state }) => {
    const bench = await following({});
    const down = { kind: "refused", code: "unavailable", reason: "503" } as const;
    bench.method.always = { start: () => down };
    await publish(bench, { "1.1.0": "b" });
    bench.method.always = {};
    await save(bench, columns);
    await bench.drain({ forMs: hour });
    expect(await standing(bench)).toMatchObject({ "1.1.0": state });
    expect(bench.target.tags.has("m:1.1.0")).toBe(false);
  });
});

describe("a floating tag that cools down", () => {
  it("is not exempt when it moves while the first look goes on", async () => {
    const bench = createStepBench();
    bench.upstream.faults.set(
      "head library/app:z",
      new Failure("rate-limited", "429", { retryAfterMs: 1000 }),
    );
    await save(bench, { Tags: "", Track: "latest, z", Cooldown: "3d" });
    await publish(bench, { latest: "a", z: "a" }, { forMs: 14 * 60_000 });
    await publish(bench, { latest: "b" }, { forMs: 14 * 60_000 });
    expect(await states(bench, "latest")).toEqual(["done a", "waiting b"]);
  });

  it("passes over what upstream has left behind, without a word", async () => {
    const bench = createStepBench();
    await save(bench, { Tags: "", Track: "latest", Cooldown: "3d" });
    await publish(bench, { latest: "a" });
    await publish(bench, { latest: "b" });
    bench.pass(day);
    await publish(bench, { latest: "c" });
    await bench.drain({ forMs: 4 * day });
    expect(await states(bench, "latest")).toEqual(["done a", "done c", "overtaken b"]);
    expect(bench.target.tags.get("m:latest")).toBe(digestNamed("c"));
    expect(told(bench)).toEqual(["updated latest", "updated latest"]);
  });
});

describe("a version that must be approved", () => {
  it.each([
    {
      name: "its watch was removed",
      columns: undefined,
      reason: "Its watch was removed: it does not come in.",
    },
    {
      name: "its watch does not follow it any more",
      columns: {
        Source: "up.example/library/app",
        Tags: "semver <1.1",
        Target: "m:{tag}",
        Approval: "always",
      },
      reason: "Its watch was changed, and does not follow it any more: it does not come in.",
    },
  ])("does not come in when $name, although it is approved then", async ({ columns, reason }) => {
    const bench = await following({ Approval: "always" }, { first: "approve" });
    await publish(bench, { "1.1.0": "b" });
    const id = { group: "default", name: "app" };
    if (columns === undefined) await bench.stores.watches.remove(id, never);
    else await bench.stores.watches.put(id, columns, { signal: never, existing: "replace" });
    await decide(bench, "1.1.0", { decision: "approve" });
    await bench.drain({ forMs: hour });
    expect(await recordOf(bench, "1.1.0")).toMatchObject({ state: "overtaken", reason });
    expect(bench.target.tags.has("m:1.1.0")).toBe(false);
  });

  it("waits for a person, who is told once, and comes in when approved", async () => {
    const bench = await following({ Approval: "always" }, { first: "approve" });
    await publish(bench, { "1.1.0": "b" });
    await bench.drain({ forMs: 3 * day });
    expect(await recordOf(bench, "1.1.0")).toMatchObject({
      state: "waiting",
      gates: [{ gate: "allow-list" }, { gate: "approval", verdict: "waiting", on: "person" }],
    });
    await decide(bench, "1.1.0", { decision: "approve" });
    await bench.drain({ forMs: hour });
    expect(await standing(bench)).toEqual({ "1.0.0": "done", "1.1.0": "done" });
    expect(told(bench).filter((line) => line.endsWith("1.1.0"))).toEqual(["imported 1.1.0", "waiting 1.1.0"]);
    const [waiting] = bench.channel.sent.flatMap(({ events }) => events.filter(({ tag }) => tag === "1.1.0"));
    expect(waiting).toMatchObject({
      kind: "waiting",
      reason: expect.stringContaining("wharfgate approve default/app:1.1.0"),
    });
  });

  it("never comes in once it is refused, whatever becomes of its row, and nobody is told again", async () => {
    const bench = await following({ Approval: "always" }, { first: "approve" });
    await publish(bench, { "1.1.0": "b" });
    const before = told(bench).length;
    await decide(bench, "1.1.0", { decision: "refuse", reason: "not ours" });
    await save(bench, { Approval: "never" });
    await publish(bench, {}, { polls: 3 });
    expect(await recordOf(bench, "1.1.0")).toMatchObject({
      state: "denied",
      reason: "Refused by ops: not ours",
    });
    expect(told(bench)).toHaveLength(before);
    expect(bench.target.tags.has("m:1.1.0")).toBe(false);
  });

  it("is denied when nobody decides within 30 days, and may be looked at again", async () => {
    const bench = await following({ Approval: "always" }, { first: "approve" });
    await publish(bench, { "1.1.0": "b" });
    await bench.drain({ forMs: 31 * day });
    expect(await recordOf(bench, "1.1.0")).toMatchObject({
      state: "denied",
      reason: expect.stringContaining("nobody decided within 30 days"),
    });
    await decide(bench, "1.1.0", { decision: "retry" });
    await bench.drain({ forMs: hour });
    expect(await standing(bench)).toMatchObject({ "1.1.0": "waiting" });
  });

  it("after a cooldown is asked for only then", async () => {
    const bench = await following({ Approval: "always", Cooldown: "3d" }, { first: "approve" });
    await publish(bench, { "1.1.0": "b" });
    await bench.drain({ forMs: 2 * day });
    expect(told(bench)).not.toContain("waiting 1.1.0");
    await bench.drain({ forMs: 2 * day });
    expect(told(bench)).toContain("waiting 1.1.0");
  });
});

describe("a new major version", () => {
  it("waits for a person with all its patches until one is approved, while known ones come in", async () => {
    const bench = await following({ Approval: "major" });
    await publish(bench, { "2.0.0": "b" });
    await publish(bench, { "2.0.1": "c", "1.0.1": "d" });
    expect(await standing(bench)).toEqual({
      "1.0.0": "done",
      "1.0.1": "done",
      "2.0.0": "waiting",
      "2.0.1": "waiting",
    });
    expect((await recordOf(bench, "2.0.1")).reason).toContain(
      "2.0.1 is of major version 2, and the greatest that came in before is 1",
    );
    await decide(bench, "2.0.1", { decision: "approve" });
    await bench.drain({ forMs: hour });
    await publish(bench, { "2.0.2": "e" });
    expect(await standing(bench)).toMatchObject({ "2.0.0": "waiting", "2.0.1": "done", "2.0.2": "done" });
  });

  it("that was refused is not the base line of the next", async () => {
    const bench = await following({ Approval: "major" });
    await publish(bench, { "2.0.0": "b" });
    await decide(bench, "2.0.0", { decision: "refuse", reason: "not yet" });
    await publish(bench, { "2.0.1": "c" });
    expect(await standing(bench)).toMatchObject({ "2.0.0": "denied", "2.0.1": "waiting" });
  });

  it("is still told from known ones when the row is changed", async () => {
    const bench = await following({ Approval: "major" });
    await save(bench, { Approval: "major", Keep: "9" });
    await publish(bench, { "1.0.1": "b", "2.0.0": "c" });
    expect(await standing(bench)).toMatchObject({ "1.0.1": "done", "2.0.0": "waiting" });
  });
});

describe("a moved tag", () => {
  it("that is accepted replaces the old one, by the gates, and the next polls are at peace", async () => {
    const bench = await following({});
    await publish(bench, { "1.0.0": "b" }, { polls: 2 });
    expect(await states(bench, "1.0.0")).toEqual(["done a", "held b"]);
    await decide(bench, "1.0.0", { decision: "accept", reason: "rebuilt" });
    await bench.drain({ forMs: hour });
    expect(bench.target.tags.get("m:1.0.0")).toBe(digestNamed("b"));
    const accepted = (await records(bench, "1.0.0")).find(({ digest }) => digest === digestNamed("b"));
    expect(accepted).toMatchObject({
      state: "done",
      previousDigest: digestNamed("a"),
      decisions: [{ kind: "accept", by: "ops", reason: "rebuilt" }],
    });
    await publish(bench, {}, { polls: 3 });
    expect(told(bench)).toEqual(["imported 1.0.0", "moved 1.0.0", "updated 1.0.0"]);
    const state = (await bench.stores.states.some(upstreamHost, [watch], never)).get("default~app")?.state;
    expect([state?.known.get("1.0.0"), state?.moved.size]).toEqual([digestNamed("b"), 0]);
    // Back to where it was is a move like any other.
    await publish(bench, { "1.0.0": "a" }, { polls: 3 });
    expect(await states(bench, "1.0.0")).toEqual(["done b", "held a"]);
    expect(told(bench).filter((line) => line === "moved 1.0.0")).toHaveLength(2);
  });

  it("is told once, with both digests and the two commands", async () => {
    const bench = await following({});
    await publish(bench, { "1.0.0": "b" }, { polls: 4 });
    const moved = bench.channel.sent.flatMap(({ events }) => events.filter(({ kind }) => kind === "moved"));
    expect(moved).toMatchObject([{ digest: digestNamed("b"), previousDigest: digestNamed("a") }]);
    expect(moved[0]?.reason).toContain('wharfgate accept default/app:1.0.0 --reason "..."');
    expect(moved[0]?.reason).toContain('wharfgate refuse default/app:1.0.0 --reason "..."');
  });

  it("that is refused stays refused, and is not told again", async () => {
    const bench = await following({});
    await publish(bench, { "1.0.0": "b" }, { polls: 2 });
    await decide(bench, "1.0.0", { decision: "refuse", reason: "unexplained" });
    await save(bench, { Keep: "9" });
    await publish(bench, {}, { polls: 3 });
    expect(await states(bench, "1.0.0")).toEqual(["denied b", "done a"]);
    expect(bench.target.tags.get("m:1.0.0")).toBe(digestNamed("a"));
    expect(told(bench)).toEqual(["imported 1.0.0", "moved 1.0.0"]);
  });

  it("must pass the gates when it is accepted, but for approval", async () => {
    const bench = await following(
      { Approval: "always", Pins: `1.0.0@${digestNamed("a")}` },
      { first: "approve" },
    );
    await publish(bench, { "1.0.0": "b" }, { polls: 2 });
    await decide(bench, "1.0.0", { decision: "accept", reason: "rebuilt" });
    await bench.drain({ forMs: hour });
    expect(await states(bench, "1.0.0")).toEqual(["denied b", "done a"]);
    await save(bench, { Approval: "always", Pins: `1.0.0@${digestNamed("b")}` });
    await publish(bench, {}, { polls: 1 });
    expect(bench.target.tags.get("m:1.0.0")).toBe(digestNamed("a"));
  });
});

describe("a decision", () => {
  it.each([
    {
      state: "waiting",
      decision: "accept",
      says: "is waiting at the gate approval: accept does not fit, what fits now is approve or refuse",
    },
    { state: "waiting", decision: "skip-cooldown", says: "what fits now is approve or refuse" },
    { state: "waiting", decision: "retry", says: "what fits now is approve or refuse" },
    {
      state: "done",
      decision: "approve",
      says: "is done: approve does not fit, nothing can be decided about it now",
    },
  ])("to $decision what is $state is refused", async ({ state, decision, says }) => {
    const bench = await following({ Approval: "always" }, { first: "approve" });
    await publish(bench, { "1.1.0": "b" });
    const record = await recordOf(bench, state === "done" ? "1.0.0" : "1.1.0");
    const body = { decision, reason: "because" };
    const decided = { importId: formatImportId(record), body, actor: "sec", fourEyes: "unknown" } as const;
    const { message } = await failureOf(() => decideOnImport(decided, bench.ports, never), "conflict");
    expect(message).toContain(says);
  });

  it("that is made twice is answered as the first time, and written once", async () => {
    const bench = await following({ Approval: "always" }, { first: "approve" });
    await publish(bench, { "1.1.0": "b" });
    const refusal = { decision: "refuse", reason: "no" };
    expect([await decide(bench, "1.1.0", refusal), await decide(bench, "1.1.0", refusal)]).toEqual([
      "decided",
      "repeated",
    ]);
    expect((await recordOf(bench, "1.1.0")).decisions).toHaveLength(1);
    expect(bench.effects.filter((effect) => effect === "audit insert")).toHaveLength(2);
  });

  it("about an import by hand is somebody else's, where callers have names", async () => {
    const bench = await following({ Approval: "always" }, { first: "none" });
    const record = await recordOf(bench, "1.0.0");
    const entry = await bench.stores.ledger.get(watch, record.key, never);
    if (entry === undefined) throw new Error("no such import");
    await bench.stores.ledger.update(
      entry,
      { ...record, requestedBy: "Dev@corp.example" },
      { signal: never },
    );
    const decided = {
      importId: formatImportId(record),
      body: { decision: "approve" },
      actor: "dev@corp.example",
      fourEyes: "required",
    } as const;
    const { message } = await failureOf(() => decideOnImport(decided, bench.ports, never), "blocked");
    expect(message).toContain("You asked for this import yourself");
    await decideOnImport({ ...decided, actor: "sec@corp.example" }, bench.ports, never);
    await bench.drain({ forMs: hour });
    expect(await standing(bench)).toEqual({ "1.0.0": "done" });
  });

  it.each([
    { first: "refuse", second: "approve", state: "denied" },
    { first: "approve", second: "refuse", state: "done" },
    { first: "refuse", second: "refuse", state: "denied" },
  ])("to $first and one to $second at the same moment are one, and so says the evidence", async (both) => {
    const bench = await following({ Approval: "always" }, { first: "none" });
    const record = await recordOf(bench, "1.0.0");
    const [one, other] = [both.first, both.second].map((decision, index) => {
      const decided = { importId: formatImportId(record), body: { decision, reason: "so" } };
      return { ...decided, actor: `person ${index}`, fourEyes: "unknown" as const };
    });
    if (one === undefined || other === undefined) throw new Error("there are two");
    // The other has read the row before the first one writes, and decides after it.
    const { audit } = bench.ports;
    const late = {
      ...bench.ports,
      audit: {
        ...audit,
        record: async (...args: Parameters<typeof audit.record>) => {
          await decideOnImport(one, bench.ports, never);
          return audit.record(...args);
        },
      },
    };
    await failureOf(() => decideOnImport(other, late, never), "conflict");
    await bench.drain({ forMs: hour });
    expect(await recordOf(bench, "1.0.0")).toMatchObject({
      state: both.state,
      decisions: [{ kind: both.first, by: "person 0" }],
    });
    const evidence = await collect(bench.stores.evidence.all({}, { signal: never }));
    expect(evidence.map(({ evidence: { outcome, decisions } }) => [outcome, decisions[0]?.by])).toEqual([
      [both.state, "person 0"],
    ]);
  });

  it("that ends what a dead worker held leaves no lease of its", async () => {
    const bench = await following({ Approval: "always" }, { first: "none" });
    const record = await recordOf(bench, "1.0.0");
    const entry = await bench.stores.ledger.get(watch, record.key, never);
    if (entry === undefined) throw new Error("no such import");
    await bench.stores.ledger.update(entry, { ...record, lease: "dead" }, { signal: never });
    bench.pass(hour);
    await decide(bench, "1.0.0", { decision: "approve" });
    expect((await recordOf(bench, "1.0.0")).lease).toBeUndefined();
  });

  it("waits while a worker is at it", async () => {
    const bench = await following({ Approval: "always" }, { first: "none" });
    const record = await recordOf(bench, "1.0.0");
    const entry = await bench.stores.ledger.get(watch, record.key, never);
    if (entry === undefined) throw new Error("no such import");
    await bench.stores.ledger.update(entry, { ...record, lease: "another" }, { signal: never });
    const { code } = await failureOf(() => decide(bench, "1.0.0", { decision: "approve" }), "conflict");
    expect(code).toBe("conflict");
  });

  it.each([
    { body: { decision: "bribe" }, says: '"decision" must be "approve" or "refuse"' },
    { body: {}, says: '"decision" must be' },
    { body: { decision: "skip-cooldown" }, says: 'skip-cooldown needs a "reason"' },
    { body: { decision: "accept", reason: "  " }, says: 'accept needs a "reason"' },
    { body: { decision: "refuse" }, says: 'refuse needs a "reason"' },
    { body: { decision: "approve", force: 1 }, says: 'unknown field "force"' },
    { body: { decision: "approve", reason: "x".repeat(1001) }, says: "more than 1000 characters" },
  ])("of $body is refused", async ({ body, says }) => {
    const bench = createStepBench();
    const decided = { importId: "x", body, actor: "ops", fourEyes: "unknown" } as const;
    expect((await failureOf(() => decideOnImport(decided, bench.ports, never), "invalid")).message).toContain(
      says,
    );
    expect(bench.effects).toEqual([]);
  });

  it("about what is not there is told", async () => {
    const bench = createStepBench();
    const decided = {
      importId: "x\r\n",
      body: { decision: "approve" },
      actor: "ops",
      fourEyes: "unknown",
    } as const;
    const { message } = await failureOf(() => decideOnImport(decided, bench.ports, never), "not-found");
    expect(message).toBe('There is no import "x??"');
  });
});

describe("an import's name", () => {
  it("means the one that the decision fits, else the one that was seen last", async () => {
    const bench = await following({});
    await publish(bench, { "1.0.0": "b" }, { polls: 2 });
    const idOf = async (content: string) => {
      const found = (await records(bench, "1.0.0")).find(({ digest }) => digest === digestNamed(content));
      return found && formatImportId(found);
    };
    const { ledger } = bench.stores;
    expect(await findImport("default/app:1.0.0", "accept", ledger, never)).toBe(await idOf("b"));
    expect(await findImport("app:1.0.0", "approve", ledger, never)).toBe(await idOf("b"));
    const id = (await idOf("a")) ?? "";
    expect(await findImport(id, "accept", ledger, never)).toBe(id);
  });

  it("that means several is refused, with their ids", async () => {
    const { stores } = createStepBench();
    const held = ["a", "b"].map((name) => makeRecord({ state: "held", digest: digestNamed(name) }));
    await stores.ledger.add(
      held.map((record) => ({ record })),
      never,
    );
    const asked = () => findImport("default/app:1.0.0", "accept", stores.ledger, never);
    const { message } = await failureOf(asked, "invalid");
    expect(message).toContain("default/app:1.0.0 names 2 imports: say which by its id");
    for (const record of held) expect(message).toContain(formatImportId(record));
  });

  it.each([
    { name: "default/app:9.9.9", code: "not-found", says: "There is no import default/app:9.9.9" },
    { name: "default/app", code: "invalid", says: "names no import: give group/name:tag" },
    { name: "a/b/c:1", code: "invalid", says: "is not a watch" },
    { name: ":1", code: "invalid", says: "names no import" },
    { name: "x:", code: "invalid", says: "names no import" },
  ] as const)("$name is none", async ({ name, code, says }) => {
    const { stores } = createStepBench();
    const { message } = await failureOf(() => findImport(name, "approve", stores.ledger, never), code);
    expect(message).toContain(says);
  });
});

describe("a plan", () => {
  it("tells the gates that a version will meet", async () => {
    const bench = await following({ Approval: "major", Cooldown: "3d" });
    bench.upstream.tags.set("library/app:1.1.0", digestNamed("b"));
    bench.upstream.tags.set("library/app:2.0.0", digestNamed("c"));
    const row = await bench.stores.watches.get(watch, never);
    if (row?.kind !== "watch") throw new Error("no such watch");
    const { tags } = await plan(row.watch, bench.ports, never);
    expect(tags).toMatchObject([
      {
        tag: "2.0.0",
        verdict: "import",
        gates: ["cooldown 3d", expect.stringContaining("approval: 2.0.0 is of major version 2")],
      },
      { tag: "1.1.0", verdict: "import", gates: ["cooldown 3d"] },
      { tag: "1.0.0", verdict: "have" },
    ]);
    expect(tags[2]).not.toHaveProperty("gates");
  });

  it("tells none for what the first poll will find, and that the policy denies", async () => {
    const parsed = parseWatch("default", "app", {
      Source: `${upstreamHost}/library/app`,
      Tags: "semver >=1",
      Approval: "major",
      Cooldown: "3d",
      Pins: `1.0.0@${digestNamed("a")}`,
    });
    const known = { poll: "first" } as const;
    expect(gatesAhead(parsed, "1.0.0", { policy: openPolicy, known })).toEqual([
      `pinned to ${shortDigest(digestNamed("a"))}`,
    ]);
    expect(gatesAhead(parsed, "1.1.0", { policy: openPolicy, known })).toEqual(["denied: it has no pin"]);
    const policy = createPolicy([], new Map());
    expect(gatesAhead(parsed, "1.0.0", { policy, known })).toEqual([
      "denied: no rule of the policy names it",
    ]);
    expect(gatesOfRow(parsed, openPolicy)).toBe(
      "What comes in must pass the gates: the digests of Pins (1); a cooldown of 3d; approval of new major versions.",
    );
    expect(
      gatesOfRow({ ...parsed, gates: { pins: new Map(), verify: [], approval: "never" } }, openPolicy),
    ).toBe(undefined);
  });
});

/** A watch that has 1.0.0 from its first poll; `approve`: somebody lets that one in. */
async function following(
  columns: Columns,
  { first = "in" }: { readonly first?: "in" | "approve" | "none" } = {},
): Promise<StepBench> {
  const bench = createStepBench();
  await save(bench, columns);
  await publish(bench, { "1.0.0": "a" });
  if (first === "approve") {
    await decide(bench, "1.0.0", { decision: "approve" });
    await bench.drain({ forMs: hour });
  }
  if (first !== "none") expect(await standing(bench)).toEqual({ "1.0.0": "done" });
  return bench;
}

async function save(bench: StepBench, columns: Columns): Promise<void> {
  const row = {
    Source: `${upstreamHost}/library/app`,
    Tags: "semver >=1",
    Target: "m:{tag}",
    Schedule: "every 15m",
    ...columns,
  };
  const filled = Object.fromEntries(Object.entries(row).filter(([, value]) => value !== ""));
  await bench.stores.watches.put(watch, filled, { signal: never, existing: "replace" });
}

/** Upstream has these tags too; then polls, a quarter of an hour apart. */
async function publish(
  bench: StepBench,
  tags: Readonly<Record<string, string>>,
  { polls = 1, forMs = 60_000 }: { readonly polls?: number; readonly forMs?: number } = {},
): Promise<void> {
  for (const [tag, content] of Object.entries(tags))
    bench.upstream.tags.set(`library/app:${tag}`, digestNamed(content));
  for (let poll = 0; poll < polls; poll += 1) {
    bench.pass(15 * 60_000);
    await bench.schedule();
    await bench.drain({ forMs });
  }
}

async function decide(bench: StepBench, tag: string, body: object): Promise<DecidedImport["how"]> {
  const [record] = (await records(bench, tag)).filter(({ state }) => state !== "done");
  if (record === undefined) throw new Error(`nothing to decide about ${tag}`);
  const decided = { importId: formatImportId(record), body, actor: "ops", fourEyes: "unknown" } as const;
  return (await decideOnImport(decided, bench.ports, never)).how;
}

async function records(bench: StepBench, tag?: string): Promise<ImportRecord[]> {
  const entries = await collect(bench.stores.ledger.ofWatch(watch, never));
  return entries.map(({ record }) => record).filter((record) => tag === undefined || record.tag === tag);
}

async function recordOf(bench: StepBench, tag: string): Promise<ImportRecord> {
  const [record] = await records(bench, tag);
  if (record === undefined) throw new Error(`there is no import of ${tag}`);
  return record;
}

async function standing(bench: StepBench): Promise<Record<string, string>> {
  return Object.fromEntries((await records(bench)).map(({ tag, state }) => [tag, state]));
}

/** `state content` of each digest of a tag. */
async function states(bench: StepBench, tag: string): Promise<string[]> {
  const names = new Map(["a", "b", "c", "evil"].map((name) => [digestNamed(name), name]));
  return (await records(bench, tag)).map(({ state, digest }) => `${state} ${names.get(digest)}`).sort();
}

function told({ channel }: StepBench): string[] {
  return channel.sent.flatMap(({ events }) => events.map(({ kind, tag }) => `${kind} ${tag}`)).sort();
}
