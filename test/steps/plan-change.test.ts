import { beforeEach, describe, expect, it } from "vitest";
import { parsePlanRequest } from "../../shared/documents/plan-request.ts";
import { parseWatch } from "../../shared/documents/watch.ts";
import { Failure } from "../../shared/model/failure.ts";
import type { Plan } from "../../shared/steps/plan/plan.ts";
import type { ChangedTag, ChangePlan } from "../../shared/steps/plan/plan-change.ts";
import { boundPlan } from "../../shared/steps/plan/plan-groups.ts";
import { planRow } from "../../shared/steps/plan/plan-row.ts";
import { failureOf } from "../support/failures.ts";
import { makeBlob, makeImage, makeIndex, noise } from "../support/images.ts";
import { createMemoryRegistry, type MemoryRegistry } from "../support/memory-registry.ts";
import { makeRecord, targetHost, upstreamHost } from "../support/records.ts";
import { never } from "../support/registries.ts";
import { createStepBench, type StepBench } from "../support/step-bench.ts";

const repository = "library/app";
const mirrored = `${upstreamHost}/${repository}`;
const base = makeBlob(noise("base", 40_000));
const versions = ["1.0.0", "1.1.0", "2.0.0", "2.1.0"];
const watch = { group: "default", name: "app" };
const columns = { Source: mirrored, Tags: "semver ^2.0.0" };

let bench: StepBench;
let upstream: MemoryRegistry;
let target: MemoryRegistry;
beforeEach(async () => {
  bench = createStepBench();
  upstream = createMemoryRegistry(upstreamHost);
  target = createMemoryRegistry(targetHost);
  for (const tag of versions) putImage(upstream, repository, tag);
  await bench.stores.watches.put(watch, columns, { signal: never, existing: "keep" });
  bench.effects.length = 0;
});

/** An index of two platforms that share a layer with every other image. */
function putImage(registry: MemoryRegistry, path: string, tag: string): void {
  const images = ["amd64", "arm64"].map((arch) =>
    makeImage([base, makeBlob(noise(`${tag} ${arch}`, 1000))], arch),
  );
  for (const image of images) registry.put(path, image);
  registry.put(path, { manifest: makeIndex(images.map(({ manifest }) => manifest)), blobs: [] }, tag);
}

function ask(body: unknown): Promise<Plan | ChangePlan> {
  const ports = {
    ...bench.ports,
    registries: { open: (host: string) => (host === targetHost ? target : upstream) },
    openTarget: () => target,
  };
  return planRow(parsePlanRequest(body).request, ports, never);
}

async function change(body: unknown): Promise<ChangePlan> {
  const plan = await ask(body);
  if ("cost" in plan) return plan;
  throw new Error("expected the plan of a change");
}

function verdicts({ tags }: { readonly tags: readonly ChangedTag[] }): Record<string, string> {
  return Object.fromEntries(
    tags.map((tag) => [tag.tag, tag.verdict === "enters" ? `enters: ${tag.arrival.fate}` : tag.verdict]),
  );
}

describe("the plan of a changed row", () => {
  it("tells what comes in, what leaves, what stays, and what it takes", async () => {
    const plan = await change({ watch: "default/app", with: { Tags: "semver >=1.1 <2.1" } });
    expect(verdicts(plan)).toEqual({
      "2.1.0": "leaves",
      "2.0.0": "stays",
      "1.1.0": "enters: import",
      "1.0.0": "skip",
    });
    expect(plan.cost).toMatchObject({
      images: 1,
      measured: 1,
      certainty: "exact",
      presentBytes: 0,
      pulls: { kind: "exact", count: 2, manifests: 3 },
      notes: [],
    });
    expect(plan.cost.bytes).toBeGreaterThan(base.bytes.length + 2000);
    expect(plan.cost.bytes).toBeLessThan(base.bytes.length + 5000);
    expect(plan.spent).toEqual({ pages: 1, heads: 1, gets: 3 });
    expect(plan.nextPoll).toEqual({ pages: 1, heads: 2 });
  });

  it("changes nothing and writes nothing, at the storage, upstream or the target", async () => {
    await change({ watch: "default/app", with: { Tags: "semver *" } });
    expect(bench.effects).toEqual([]);
    expect(bench.queued).toEqual([]);
    const verbs = [...upstream.calls, ...target.calls].map((call) => call.slice(0, call.indexOf(" ")));
    expect(new Set(verbs)).toEqual(new Set(["listTags", "headManifest", "getManifest", "headBlob"]));
    const row = await bench.stores.watches.get(watch, never);
    expect(row?.columns).toMatchObject(columns);
  });

  it("counts a layer that the target has from another version as there", async () => {
    putImage(target, `${mirrored}`, "2.0.0");
    const { cost } = await change({ watch: "default/app", with: { Tags: "semver >=1.1" } });
    expect(cost.presentBytes).toBe(base.bytes.length);
    expect(cost.bytes).toBeLessThan(5000);
  });

  it("says which tags the target has already, and which it has with another image", async () => {
    putImage(target, mirrored, "1.1.0");
    target.put(mirrored, makeImage([makeBlob("another")]), "1.0.0");
    const plan = await change({ watch: "default/app", with: { Tags: "semver *" } });
    expect(verdicts(plan)).toMatchObject({ "1.1.0": "enters: present", "1.0.0": "enters: conflict" });
    expect(plan.cost).toMatchObject({ images: 0, bytes: 0, pulls: { kind: "exact", count: 0 } });
  });

  it("says which tags lack a platform that the row demands", async () => {
    const { cost } = await change({ watch: "app", with: { Tags: "semver >=1.1", Platforms: "linux/s390x" } });
    expect(cost).toMatchObject({ images: 1, measured: 0, bytes: 0, certainty: "at-least" });
    expect(cost.notes).toEqual(["1.1.0: lacks linux/s390x and would not be imported."]);
  });

  it("says that what refers to the images comes on top", async () => {
    const { cost } = await change({ watch: "app", with: { Tags: "semver >=1.1", Referrers: "sboms" } });
    expect(cost).toMatchObject({ images: 1, certainty: "at-least" });
    expect(cost.notes).toEqual([
      "What refers to the images comes on top (sboms): it is looked for once they are in.",
    ]);
  });

  it("counts two tags with one digest as one image", async () => {
    const alias = upstream.manifests.get(`${repository}:1.1.0`);
    if (alias !== undefined) upstream.manifests.set(`${repository}:1.0.0`, alias);
    const { cost } = await change({ watch: "default/app", with: { Tags: "semver *" } });
    expect(cost).toMatchObject({ images: 1, pulls: { count: 2 } });
  });

  it("reads no more manifests than it is allowed, and says that the bytes are the least", async () => {
    const { cost, spent } = await change({ watch: "default/app", with: { Tags: "semver *" }, reads: 3 });
    expect(spent.gets).toBe(3);
    expect(cost).toMatchObject({
      images: 2,
      measured: 1,
      certainty: "at-least",
      pulls: { kind: "about", count: 4, manifests: 6 },
    });
    expect(cost.notes.join()).toMatch(/^Images that were not read: 1\./);
  });

  it("reads nothing with reads 0, and still knows the least number of pulls", async () => {
    const { cost, spent } = await change({ watch: "default/app", with: { Tags: "semver *" }, reads: 0 });
    expect(spent.gets).toBe(0);
    expect(cost).toMatchObject({ measured: 0, bytes: 0, pulls: { kind: "at-least", count: 2 } });
  });

  it("asks for at most 200 tags", async () => {
    for (let patch = 0; patch < 250; patch += 1) putImage(upstream, repository, `3.0.${patch}`);
    const { cost, spent } = await change({ watch: "default/app", with: { Tags: "semver 3.x" }, reads: 0 });
    expect(spent.heads).toBe(200);
    expect(cost.notes.join()).toMatch(/50 further tags were not asked for/);
    expect(cost.pulls).toMatchObject({ kind: "at-least", count: 250 });
  });

  it.each([
    ["one tag that cannot be read", "unsupported", { unreadable: 1, import: 1 }],
    ["a pause that upstream asks for: nothing further is asked", "rate-limited", { unasked: 2 }],
  ] as const)("goes on at %s", async (_, code, fates) => {
    upstream.failNext("headManifest", new Failure(code, "no"));
    if (code === "rate-limited") upstream.failNext("headManifest", new Failure(code, "no"));
    const { tags } = await change({ watch: "default/app", with: { Tags: "semver *" } });
    const found: Record<string, number> = {};
    for (const tag of tags)
      if (tag.verdict === "enters") found[tag.arrival.fate] = (found[tag.arrival.fate] ?? 0) + 1;
    expect(found).toEqual(fates);
  });

  it("stops asking at a 429", async () => {
    for (let patch = 0; patch < 50; patch += 1) putImage(upstream, repository, `3.0.${patch}`);
    upstream.failNext("headManifest", new Failure("rate-limited", "no"));
    const { spent, cost } = await change({ watch: "default/app", with: { Tags: "semver 3.x" }, reads: 0 });
    expect(spent.heads).toBeLessThanOrEqual(4);
    expect(cost.notes.join()).toMatch(/further tags were not asked for: .* stops at a 429/);
  });

  it("leaves what little is left of a quota to the imports", async () => {
    const at = new Date(bench.now().getTime());
    const quota = { limit: 100, remaining: 3, since: at, until: new Date(at.getTime() + 60_000) };
    await bench.stores.hosts.change(
      upstreamHost,
      ({ state }) => ({ answer: {}, next: { ...state, quota } }),
      never,
    );
    const { spent, cost } = await change({ watch: "default/app", with: { Tags: "semver *" } });
    expect(spent.gets).toBe(0);
    expect(cost).toMatchObject({ images: 2, measured: 0, certainty: "at-least" });
  });

  it("knows that a change which selects nothing new asks no more than any poll", async () => {
    const parsed = parseWatch("default", "app", columns);
    const known = new Map(["2.1.0", "2.0.0"].map((tag) => [tag, makeRecord({ tag }).digest]));
    const state = { revision: parsed.revision, known, moved: new Map(), listed: 4 };
    await bench.stores.states.save(upstreamHost, parsed, { state, etag: undefined, signal: never });
    const plan = await change({ watch: "app", with: { Note: "as it was" } });
    expect(plan.nextPoll).toEqual({ pages: 1, heads: 1 });
    expect(plan.notes).toEqual(["The same tags are followed before and after."]);
  });

  it("notes what the row names and nobody has", async () => {
    const { notes } = await change({ watch: "app", with: { Notify: "nobody", Site: "plant-8" } });
    expect(notes.join()).toMatch(/no channel "nobody", there is ops.*no site "plant-8", there is none yet/);
  });

  it("says that upstream lists nothing, and which tags of Verbatim it does not list", async () => {
    const verbatim = await change({ watch: "app", with: { Verbatim: "1.0.0,pr-99" } });
    expect(verbatim.notes.join()).toContain("Upstream does not list pr-99, which Verbatim names");
    upstream.manifests.clear();
    const { notes } = await change({ watch: "app", with: { Tags: "semver *" } });
    expect(notes).toEqual(["Upstream lists no tags at all."]);
  });

  it("is still told when the target does not answer: all counts as lacking there", async () => {
    target.failNext("headManifest", new Failure("network", "target.example does not answer"));
    const { cost } = await change({ watch: "default/app", with: { Tags: "semver >=1.1" } });
    expect(cost).toMatchObject({ images: 1, certainty: "at-least" });
    expect(cost.notes.join()).toMatch(/target could not be asked.*does not answer/);
  });

  it("takes an empty text as taking the column away", async () => {
    await bench.stores.watches.put(watch, { ...columns, Keep: "1" }, { signal: never, existing: "replace" });
    const plan = await change({ watch: "app", with: { Keep: "" } });
    expect(verdicts(plan)).toMatchObject({ "2.1.0": "stays", "2.0.0": "enters: import" });
  });

  it("compares with what is known of another source, without asking that", async () => {
    const parsed = parseWatch("default", "app", columns);
    const known = new Map([["2.1.0", makeRecord().digest]]);
    const state = { revision: parsed.revision, known, moved: new Map(), listed: 4 };
    await bench.stores.states.save(upstreamHost, parsed, { state, etag: undefined, signal: never });
    putImage(upstream, "library/other", "7.0.0");
    const plan = await change({
      watch: "app",
      with: { Source: `${upstreamHost}/library/other`, Tags: "semver *" },
    });
    expect(verdicts(plan)).toEqual({ "7.0.0": "enters: import", "2.1.0": "leaves" });
    expect(upstream.calls.filter((call) => call.startsWith("listTags"))).toEqual(["listTags library/other"]);
  });

  it("plans a row that is not stored", async () => {
    const plan = await change({ columns: { Source: mirrored, Tags: "semver *", Keep: "1" } });
    expect([plan.watch, verdicts(plan)["2.1.0"]]).toEqual(["default/app", "enters: import"]);
  });

  it("mends a row that is set aside: everything enters", async () => {
    await bench.stores.watches.put(
      watch,
      { ...columns, Tags: "semver >>2" },
      { signal: never, existing: "replace" },
    );
    await failureOf(() => ask({ watch: "app" }), "invalid");
    const plan = await change({ watch: "app", with: { Tags: "semver >=2.1" } });
    expect(verdicts(plan)["2.1.0"]).toBe("enters: import");
  });

  it.each([
    ["a column that cannot be read", { watch: "app", with: { Tags: "semver >>1" } }, "invalid", /Tags/],
    [
      "a column that there is not",
      { watch: "app", with: { Tagz: "semver *" } },
      "invalid",
      /did you mean Tags/,
    ],
    ["a watch that there is not", { watch: "no/such" }, "not-found", /There is no watch no\/such/],
    ["no source", { columns: { Tags: "semver *" } }, "invalid", /Source is missing/],
  ] as const)("refuses %s", async (_, body, code, message) => {
    expect((await failureOf(() => ask(body), code)).message).toMatch(message);
  });

  it("asks nothing of a host that wants a pause, and says until when", async () => {
    const until = new Date(bench.now().getTime() + 60_000);
    await bench.stores.hosts.pause(upstreamHost, { since: bench.now(), until }, never);
    const failure = await failureOf(() => ask({ watch: "app" }), "rate-limited");
    expect(failure.message).toContain(until.toISOString());
    expect(failure.retryAfterMs).toBe(60_000);
    expect(upstream.calls).toEqual([]);
  });
});

describe("a bounded plan", () => {
  it("groups what is not wanted by its reason, the most frequent first, and shows a few of each", async () => {
    for (let minor = 0; minor < 30; minor += 1) putImage(upstream, repository, `0.${minor}.0`);
    putImage(upstream, repository, "edge");
    const plan = await ask({ watch: "app", with: { Tags: "semver >=2.1" } });
    const { groups } = boundPlan(plan, { taken: 10, skipped: 2 });
    expect(groups.map(({ verdict, reason, count, tags }) => [verdict, reason, count, tags.length])).toEqual([
      ["leaves", undefined, 1, 1],
      ["stays", undefined, 1, 1],
      ["skip", "out-of-range", 32, 2],
      ["skip", "not-a-version", 1, 1],
    ]);
  });
});
