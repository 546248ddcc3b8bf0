import { describe, expect, it } from "vitest";
import { defaultHandling } from "../../shared/documents/handling.ts";
import type { ImportRecord } from "../../shared/documents/import-record.ts";
import { type ProposalItem, parseProposalRequest } from "../../shared/documents/proposal.ts";
import { parseWatch } from "../../shared/documents/watch.ts";
import { Failure } from "../../shared/model/failure.ts";
import { poll } from "../../shared/steps/poll/poll.ts";
import { applyProposal, applyRemoval } from "../../shared/steps/retention/apply-removal.ts";
import { openProposals } from "../../shared/steps/retention/proposal-calls.ts";
import { emptyState } from "../../shared/stores/watch-states.ts";
import { failureOf } from "../support/failures.ts";
import { digestNamed, makeRecord, targetHost, upstreamHost } from "../support/records.ts";
import { never } from "../support/registries.ts";
import { createStepBench, type StepBench } from "../support/step-bench.ts";

const day = 24 * 3_600_000;
const id = { group: "default", name: "app" };
const row = {
  Source: `${upstreamHost}/library/app`,
  Target: "mirror/app:{tag}",
  Tags: "semver *",
  Keep: "1",
  Schedule: "0 0 0 1 1 *",
};

describe("a proposal", () => {
  it("names what the watch does not follow any more, with what goes along, and writes nothing at the target", async () => {
    const bench = await benchWith(["1.0.0", "1.1.0"], { known: ["1.1.0"] });
    const child = digestNamed("child");
    bench.target.manifests.set(`mirror/app@${digestNamed("1.0.0")}`, {
      kind: "index",
      manifests: [{ mediaType: "application/vnd.oci.image.manifest.v1+json", digest: child, size: 5 }],
    });
    bench.target.manifests.set(`mirror/app@${child}`, {});
    const proposal = await propose(bench);
    expect(proposal).toMatchObject({
      state: "proposed",
      items: 1,
      followed: 1,
      by: "ann",
      scope: "all watches",
    });
    expect(proposal.removals).toMatchObject([
      { target: `${targetHost}/mirror/app:1.0.0`, digest: digestNamed("1.0.0"), manifests: 2, bytes: 200 },
    ]);
    expect(bench.effects.filter((effect) => effect.startsWith("target"))).toEqual([]);
    expect(await calls(bench).show(proposal.id, never)).toEqual(proposal);
    expect((await calls(bench).list(never)).map((each) => each.id)).toEqual([proposal.id]);
  });

  it("says what stays and why", async () => {
    const bench = await benchWith(["1.0.0", "1.1.0", "1.2.0"], { known: ["1.2.0"] });
    bench.target.tags.set("mirror/app:stable", digestNamed("1.1.0"));
    const proposal = await propose(bench, { keepAlso: ["mirror/app:1\\.0\\..*"] });
    expect(proposal.items).toBe(0);
    expect(proposal.kept).toMatchObject([
      { target: `${targetHost}/mirror/app:1.0.0`, rule: "excluded" },
      {
        target: `${targetHost}/mirror/app:1.1.0`,
        rule: "shared-tag",
        reason: expect.stringContaining("the tag stable"),
      },
    ]);
  });

  it("passes over a watch that has not been polled since its row was changed, and says so", async () => {
    const bench = await benchWith(["1.0.0"], { known: [] });
    await bench.stores.watches.put(
      id,
      { ...row, Tags: "semver >=1" },
      { signal: never, existing: "replace" },
    );
    const proposal = await propose(bench);
    expect(proposal.items).toBe(0);
    expect(proposal.notes).toEqual([
      "default/app is passed over: it has not been polled since its row was changed",
    ]);
  });

  it.each([
    {
      name: "asked for a pause",
      answer: (bench: StepBench) =>
        void bench.upstream.faults.set(
          "head library/app:1.0.0",
          new Failure("rate-limited", "429", { retryAfterMs: 20_000 }),
        ),
    },
    {
      name: "failed for that tag",
      answer: (bench: StepBench) =>
        void bench.upstream.faults.set("head library/app:1.0.0", new Failure("unavailable", "500")),
    },
  ])(
    "passes over a watch of whose tags, after a change of its row, upstream has $name",
    async ({ answer }) => {
      const bench = await benchWith(["1.0.0", "1.1.0"], { known: ["1.0.0", "1.1.0"] });
      for (const tag of ["1.0.0", "1.1.0"]) bench.upstream.tags.set(`library/app:${tag}`, digestNamed(tag));
      await bench.stores.watches.put(id, { ...row, Keep: "2" }, { signal: never, existing: "replace" });
      answer(bench);
      await poll({ host: upstreamHost, slot: bench.now(), watches: [id] }, bench.ports, never);
      const proposal = await propose(bench);
      expect(proposal.items).toBe(0);
      expect(proposal.notes).toEqual([
        "default/app is passed over: upstream has not told of all the tags that it follows",
      ]);
      bench.upstream.faults.clear();
      bench.pass(60_000);
      await poll({ host: upstreamHost, slot: bench.now(), watches: [id] }, bench.ports, never);
      expect(await propose(bench)).toMatchObject({ items: 0, followed: 2, notes: [] });
    },
  );

  it("proposes nothing in a repository that cannot be read whole", async () => {
    const bench = await benchWith(["1.0.0"], { known: [] });
    bench.target.faults.set("get mirror/app:1.0.0", new Failure("protocol", "not a manifest"));
    const proposal = await propose(bench);
    expect(proposal.items).toBe(0);
    expect(proposal.notes[0]).toContain("cannot be read whole: not a manifest");
  });

  it("is refused while the ledger has rows that cannot be read: one may be a claim", async () => {
    const bench = await benchWith(["1.0.0"], { known: [] });
    const broken = makeRecord({ tag: "2.0.0", state: "done" });
    await bench.stores.ledger.add([{ record: { ...broken, state: "lost" as "done" } }], never);
    await failureOf(() => propose(bench), "conflict");
  });

  it.each([
    { name: "one watch", watch: "default/app", items: 1 },
    { name: "its group", watch: "default/*", items: 1 },
    { name: "another group", watch: "other/*", items: 0 },
  ])("can be for $name", async ({ watch, items }) => {
    const bench = await benchWith(["1.0.0"], { known: [] });
    expect((await propose(bench, { watch })).items).toBe(items);
  });

  it.each([
    { body: { watch: "a/b/c" } },
    { body: { watch: "A/*" } },
    { body: { keepAlso: ["no-colon"] } },
    { body: { keepAlso: ["a:("] } },
    { body: { keep: 1 } },
  ])("cannot be asked for by $body", async ({ body }) => {
    await failureOf(async () => parseProposalRequest(body), "invalid");
  });

  it("of a watch that is not there is refused", async () => {
    const bench = await benchWith(["1.0.0"], { known: [] });
    await failureOf(() => propose(bench, { watch: "default/none" }), "not-found");
  });
});

describe("applying a proposal", () => {
  it("removes what it names, writes it down, and tells people", async () => {
    const bench = await benchWith(["1.0.0", "1.1.0"], { known: ["1.1.0"] });
    const { id: proposal } = await propose(bench);
    bench.effects.length = 0;
    await applyProposal(proposal, "bob", bench.ports, never);
    await bench.drain();
    expect([...bench.target.tags.keys()]).toEqual(["mirror/app:1.1.0"]);
    expect(bench.target.manifests.size).toBe(0);
    const removed = await recordOf(bench, "1.0.0");
    expect(removed).toMatchObject({ state: "removed", reason: expect.stringContaining("which bob applied") });
    expect(await calls(bench).show(proposal, never)).toMatchObject({
      state: "applied",
      appliedBy: "bob",
      removals: [{ outcome: "removed" }],
    });
    expect(told(bench)).toEqual(["removed 1.0.0"]);
    // Who did it stands in the audit before anything is done.
    const audits = bench.effects.flatMap((effect, at) => (effect === "audit insert" ? [at] : []));
    expect(audits).toHaveLength(2);
    expect(Math.max(...audits)).toBeLessThan(bench.effects.indexOf("target untag"));
  });

  it("lets what was removed in again once the watch follows it again", async () => {
    const bench = await benchWith(["1.0.0"], { known: [] });
    await apply(bench, (await propose(bench)).id);
    bench.upstream.tags.set("library/app:1.0.0", digestNamed("1.0.0"));
    await bench.stores.queues.poll(
      { host: upstreamHost, slot: bench.now(), watches: [id] },
      { signal: never },
    );
    await bench.drain();
    expect(await recordOf(bench, "1.0.0")).toMatchObject({ state: "done" });
    expect(told(bench)).toEqual(["removed 1.0.0", "imported 1.0.0"]);
  });

  it("does not take what a tag names that was pushed while the step was at it", async () => {
    const bench = await benchWith(["1.0.0", "1.1.0", "2.0.0"], { known: ["2.0.0"] });
    const { id: proposal } = await propose(bench);
    const went: string[] = [];
    bench.target.onCall = (call) => {
      if (!call.startsWith("untag")) return;
      went.push(call.endsWith("1.0.0") ? "1.0.0" : "1.1.0");
      bench.target.tags.set("mirror/app:pinned", digestNamed(went[0] === "1.0.0" ? "1.1.0" : "1.0.0"));
    };
    await apply(bench, proposal);
    expect(told(bench)).toEqual([`removed ${went[0]}`]);
    expect((await calls(bench).show(proposal, never)).removals).toMatchObject([
      { outcome: "removed" },
      { outcome: "skipped", why: expect.stringContaining("the tag pinned has it") },
    ]);
    expect(went).toHaveLength(1);
  });

  it.each<{ readonly name: string; readonly change: (bench: StepBench) => unknown; readonly why: string }>([
    {
      name: "its tag has another digest",
      change: ({ target }) => target.tags.set("mirror/app:1.0.0", digestNamed("foreign")),
      why: "it has another digest now",
    },
    { name: "it is gone", change: ({ target }) => target.tags.clear(), why: "it is gone already" },
    {
      name: "it was locked at the registry",
      change: ({ target }) => {
        target.locks = new Set(["mirror/app:1.0.0"]);
      },
      why: "it is locked at the registry",
    },
    {
      name: "Wharfgate has locked it",
      change: ({ stores }) =>
        stores.locks.put(
          {
            target: { host: targetHost, path: "mirror/app", tag: "1.0.0" },
            digest: digestNamed("1.0.0"),
            by: "ledger",
            state: "locked",
            at: new Date(),
          },
          never,
        ),
      why: "Wharfgate has locked it",
    },
    {
      name: "another tag has its digest now",
      change: ({ target }) => target.tags.set("mirror/app:stable", digestNamed("1.0.0")),
      why: "the tag stable has it or names it",
    },
    {
      name: "an index names it now",
      change: ({ target }) => {
        target.tags.set("mirror/app:all", digestNamed("all"));
        const child = { mediaType: "m", digest: digestNamed("1.0.0"), size: 1 };
        target.manifests.set(`mirror/app@${digestNamed("all")}`, { kind: "index", manifests: [child] });
      },
      why: "the tag all has it or names it",
    },
    {
      name: "a signature came in since",
      change: ({ target }) =>
        target.manifests.set(`mirror/app@${digestNamed("sig")}`, {
          subject: { mediaType: "m", digest: digestNamed("1.0.0"), size: 1 },
        }),
      why: "was added to it since it was proposed",
    },
    {
      name: "the watch follows it again",
      change: (bench) => follow(bench, ["1.0.0"]),
      why: "its watch follows it again",
    },
    {
      name: "the watch was removed",
      change: ({ stores }) => stores.watches.remove(id, never),
      why: "does not say so any more",
    },
    {
      name: "somebody asked for it by name",
      change: ({ stores }) =>
        stores.ledger.add(
          [
            {
              record: {
                ...doneRecord("1.0.0"),
                watch: { group: "manual", name: "requests" },
                requestedBy: "cy",
              },
            },
          ],
          never,
        ),
      why: "cy asked for it by name",
    },
  ])("skips an item when $name, and says so", async ({ change, why }) => {
    const bench = await benchWith(["1.0.0"], { known: [] });
    const { id: proposal } = await propose(bench);
    await change(bench);
    const before = new Map(bench.target.tags);
    await apply(bench, proposal);
    const { removals } = await calls(bench).show(proposal, never);
    expect(removals).toMatchObject([{ outcome: "skipped", why: expect.stringContaining(why) }]);
    expect(bench.target.tags).toEqual(before);
    expect(told(bench)).toEqual([]);
  });

  it("removes a digest when all its tags are approved, and a dated tag with its digest's own import", async () => {
    const bench = await benchWith([], { known: ["stable"] });
    const keptAs = [{ tag: "stable-20261101", digest: digestNamed("old"), at: bench.now() }];
    const floating = (digest: string, parts: Partial<ImportRecord> = {}) =>
      makeRecord({
        tag: "stable",
        digest: digestNamed(digest),
        state: "done",
        endedAt: bench.now(),
        ...parts,
      });
    await bench.stores.ledger.add(
      [{ record: floating("old") }, { record: floating("new", { keptAs }) }],
      never,
    );
    bench.target.tags.set("mirror/app:stable", digestNamed("new"));
    bench.target.tags.set("mirror/app:stable-20261101", digestNamed("old"));
    const proposal = await propose(bench);
    expect(proposal.removals).toMatchObject([
      { kind: "dated", target: `${targetHost}/mirror/app:stable-20261101` },
    ]);
    await apply(bench, proposal.id);
    expect([...bench.target.tags.keys()]).toEqual(["mirror/app:stable"]);
    const states = [floating("old"), floating("new")].map(
      async ({ watch, key }) => (await bench.stores.ledger.get(watch, key, never))?.record.state,
    );
    expect(await Promise.all(states)).toEqual(["removed", "done"]);
    expect(told(bench)).toEqual(["removed stable"]);
  });

  it("marks an image's referrers, and the same image of another watch, as removed with it", async () => {
    const bench = await benchWith(["1.0.0"], { known: [] });
    const other = { group: "default", name: "other" };
    await bench.stores.watches.put(other, row, { signal: never, existing: "keep" });
    await follow(bench, [], other);
    const twin = doneRecord("1.0.0", { watch: other });
    const digest = digestNamed("sig");
    const referrer = doneRecord("sig", {
      target: { host: targetHost, path: "mirror/app" },
      digest,
      subject: digestNamed("1.0.0"),
    });
    for (const record of [twin, referrer]) await bench.stores.ledger.add([{ record }], never);
    bench.target.manifests.set(`mirror/app@${digest}`, {
      subject: { mediaType: "m", digest: digestNamed("1.0.0"), size: 1 },
    });
    const proposal = await propose(bench);
    expect(proposal.removals).toMatchObject([{ manifests: 2 }]);
    await apply(bench, proposal.id);
    for (const { watch, key } of [twin, referrer])
      expect((await bench.stores.ledger.get(watch, key, never))?.record.state).toBe("removed");
    expect(told(bench)).toEqual(["removed 1.0.0"]);
  });

  it("goes on message by message, one digest at the least, when the time is up", async () => {
    const bench = await benchWith(["1.0.0", "1.1.0", "1.2.0"], { known: [] });
    const { id: proposal } = await propose(bench);
    await applyProposal(proposal, "bob", bench.ports, never);
    bench.queued.length = 0;
    const hurried = { ...bench.ports, leaseMs: 0 };
    const step = () => applyRemoval({ proposal }, hurried, never);
    expect([await step(), await step(), await step()]).toMatchObject([
      { kind: "going-on", settled: 1 },
      { kind: "going-on", settled: 1 },
      { kind: "applied", settled: 1 },
    ]);
    expect(await step()).toEqual({ kind: "stale", settled: 0 });
    expect(bench.waiting("retention")).toHaveLength(2);
  });

  it("is left to the worker that holds it", async () => {
    const bench = await benchWith(["1.0.0"], { known: [] });
    const { id: proposal } = await propose(bench);
    await applyProposal(proposal, "bob", bench.ports, never);
    const entry = await bench.stores.proposals.get(proposal, never);
    if (entry === undefined) throw new Error("the proposal is gone");
    await bench.stores.proposals.update(entry, entry.proposal, { signal: never, worker: "w" });
    expect(await applyRemoval({ proposal }, bench.ports, never)).toMatchObject({ kind: "leased" });
    bench.pass(6 * 60_000);
    expect(await applyRemoval({ proposal }, bench.ports, never)).toMatchObject({ kind: "applied" });
  });

  it("that lost its message is sent again by the sweep", async () => {
    const bench = await benchWith(["1.0.0"], { known: [] });
    await applyProposal((await propose(bench)).id, "bob", bench.ports, never);
    bench.queued.length = 0;
    bench.pass(11 * 60_000);
    await bench.stores.ticks.record(bench.now(), never);
    expect(await bench.sweep()).toMatchObject({ revived: 1 });
    await bench.drain();
    expect(bench.target.tags.size).toBe(0);
  });

  it("fails what the registry does not let it delete, and asks it for nothing more", async () => {
    const bench = await benchWith(["1.0.0", "1.1.0"], { known: [] });
    bench.target.faults.set("untag", new Failure("unsupported", "deletion is switched off"));
    const { id: proposal } = await propose(bench);
    await apply(bench, proposal);
    const { removals, state } = await calls(bench).show(proposal, never);
    expect(state).toBe("applied");
    expect(removals.map(({ outcome, why }) => `${outcome}: ${why}`)).toEqual([
      "failed: deletion is switched off",
      "failed: not tried, since another one failed: deletion is switched off",
    ]);
    expect(bench.target.calls.filter((call) => call.startsWith("untag"))).toHaveLength(1);
    expect(await recordOf(bench, "1.0.0")).toMatchObject({ state: "done" });
  });

  it("goes on after a failure that passes", async () => {
    const bench = await benchWith(["1.0.0"], { known: [] });
    bench.target.faults.set("delete", new Failure("unavailable", "503"));
    const { id: proposal } = await propose(bench);
    await applyProposal(proposal, "bob", bench.ports, never);
    bench.target.onCall = (call) => {
      if (call.startsWith("head") && bench.failures.length > 0) bench.target.faults.clear();
    };
    await bench.drain();
    // The worker's lease had to lapse first, as after a crash.
    expect(bench.target.manifests.size).toBe(0);
    expect(told(bench)).toEqual(["removed 1.0.0"]);
  });

  it.each([
    { name: "older than 7 days", days: 7.1, code: "conflict" },
    { name: "not quite 7 days old", days: 6.9, code: undefined },
  ] as const)("$name: $code", async ({ days, code }) => {
    const bench = await benchWith(["1.0.0"], { known: [] });
    const { id: proposal } = await propose(bench);
    bench.pass(days * day);
    const applying = () => applyProposal(proposal, "bob", bench.ports, never);
    if (code === undefined) expect((await applying()).state).toBe("applying");
    else await failureOf(applying, code);
  });

  it("twice is refused, while it goes on it is only sent again", async () => {
    const bench = await benchWith(["1.0.0"], { known: [] });
    const { id: proposal } = await propose(bench);
    await applyProposal(proposal, "bob", bench.ports, never);
    expect((await applyProposal(proposal, "cy", bench.ports, never)).appliedBy).toBe("bob");
    await bench.drain();
    await failureOf(() => applyProposal(proposal, "cy", bench.ports, never), "conflict");
  });

  it.each(["20261122100000-00000000", "x", "../x"])("is refused for %j, which is none", async (proposal) => {
    const bench = await benchWith([], { known: [] });
    await failureOf(() => applyProposal(proposal, "bob", bench.ports, never), "not-found");
  });
});

function doneRecord(tag: string, parts: Partial<ImportRecord> = {}): ImportRecord {
  return makeRecord({
    tag,
    state: "done",
    endedAt: new Date("2026-11-01T10:00:00.000Z"),
    handling: defaultHandling,
    ...parts,
  });
}

async function benchWith(
  tags: readonly string[],
  { known }: { readonly known: readonly string[] },
): Promise<StepBench> {
  const bench = createStepBench();
  await bench.stores.watches.put(id, row, { signal: never, existing: "keep" });
  await bench.stores.ledger.add(
    tags.map((tag) => ({ record: doneRecord(tag) })),
    never,
  );
  for (const tag of tags) bench.target.tags.set(`mirror/app:${tag}`, digestNamed(tag));
  await follow(bench, known);
  return bench;
}

async function follow(bench: StepBench, known: readonly string[], watch = id): Promise<void> {
  const { revision } = parseWatch(watch.group, watch.name, row);
  const state = { ...emptyState, revision, known: new Map(known.map((tag) => [tag, digestNamed(tag)])) };
  const before = (await bench.stores.states.some(upstreamHost, [watch], never)).get(
    `${watch.group}~${watch.name}`,
  );
  await bench.stores.states.save(upstreamHost, watch, { state, etag: before?.etag, signal: never });
}

const calls = (bench: StepBench) => openProposals(bench.ports);

function propose(bench: StepBench, body: object = {}) {
  return calls(bench).propose(body, "ann", never);
}

async function apply(bench: StepBench, proposal: ProposalItem["key"]): Promise<void> {
  await applyProposal(proposal, "bob", bench.ports, never);
  await bench.drain();
}

async function recordOf(bench: StepBench, tag: string): Promise<ImportRecord | undefined> {
  const { watch, key } = doneRecord(tag);
  return (await bench.stores.ledger.get(watch, key, never))?.record;
}

function told({ channel }: StepBench): string[] {
  return channel.sent
    .flatMap(({ events }) => events.map(({ kind, tag }) => `${kind} ${tag}`))
    .filter((text) => !text.startsWith("stale"));
}
