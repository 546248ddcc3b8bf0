import { beforeEach, describe, expect, it } from "vitest";
import { type DiscoverRequest, parseDiscoverRequest } from "../../shared/documents/discover-request.ts";
import { Failure, type FailureCode } from "../../shared/model/failure.ts";
import { boundDiscovery, discover } from "../../shared/steps/watches/discover.ts";
import { failureOf } from "../support/failures.ts";
import { upstreamHost } from "../support/records.ts";
import { never } from "../support/registries.ts";
import { createStepBench, type StepBench } from "../support/step-bench.ts";

let bench: StepBench;
let catalogue: string[];
let opened: unknown[];
beforeEach(() => {
  bench = createStepBench();
  catalogue = ["team/app", "team/web", "team/web", "other/tool", "Not/Proper"];
  opened = [];
});

const request = (more: Record<string, unknown> = {}): DiscoverRequest =>
  parseDiscoverRequest({ source: upstreamHost, ...more });
function run(more: Record<string, unknown> = {}) {
  const registries = {
    open(host: string, credential?: string) {
      opened.push([host, credential]);
      return { ...bench.upstream, listRepositories: async () => catalogue };
    },
  };
  return discover(request(more), { actor: "me", ports: { ...bench.ports, registries }, signal: never });
}
const sources = async () =>
  (await bench.stores.watches.all(never)).map(({ columns }) => String(columns.Source)).sort();

describe("discover", () => {
  it("tells each repository's fate once, in order, and writes nothing", async () => {
    await bench.stores.watches.put(
      { group: "mine", name: "web" },
      { Source: `${upstreamHost}/team/web`, Tags: "semver *" },
      { existing: "keep", signal: never },
    );
    const found = await run();
    expect(found).toMatchObject({ host: upstreamHost, listed: 4, added: 0, notes: [] });
    expect(found.repositories).toEqual([
      { repository: "Not/Proper", verdict: "improper" },
      { repository: "other/tool", verdict: "new", watch: "discovered/other-tool" },
      { repository: "team/app", verdict: "new", watch: "discovered/team-app" },
      { repository: "team/web", verdict: "followed", watch: "mine/web" },
    ]);
    expect(await sources()).toEqual([`${upstreamHost}/team/web`]);
  });

  it.each([
    {
      name: "a path",
      more: { source: `${upstreamHost}/team/*` },
      fresh: ["team/app", "team/web"],
      listed: 2,
    },
    {
      name: "a path without a star",
      more: { source: `${upstreamHost}/team` },
      fresh: ["team/app", "team/web"],
      listed: 2,
    },
    {
      name: "a part of a name, which is no path",
      more: { source: `${upstreamHost}/tea` },
      fresh: [],
      listed: 0,
    },
    { name: "include", more: { include: "team/.*" }, fresh: ["team/app", "team/web"], listed: 4 },
    { name: "include as a whole", more: { include: "team/a" }, fresh: [], listed: 4 },
    { name: "exclude", more: { exclude: ".*/web" }, fresh: ["other/tool", "team/app"], listed: 4 },
    { name: "both", more: { include: "team/.*", exclude: ".*/web" }, fresh: ["team/app"], listed: 4 },
  ])("narrows by $name", async ({ more, fresh, listed }) => {
    const found = await run(more);
    const names = found.repositories
      .filter(({ verdict }) => verdict === "new")
      .map(({ repository }) => repository);
    expect([names, found.listed]).toEqual([fresh, listed]);
  });

  it("adds a watch for each new repository, and for later ones at the next run", async () => {
    const more = {
      add: true,
      columns: { Tags: "semver *", Keep: "3", Credential: "env:CORP" },
      group: "corp",
    };
    expect((await run({ ...more, source: `${upstreamHost}/team/*` })).added).toBe(2);
    const [row] = await bench.stores.watches.all(never);
    expect(row).toMatchObject({
      kind: "watch",
      columns: {
        Source: `${upstreamHost}/team/app`,
        Tags: "semver *",
        Keep: "3",
        Credential: "env:CORP",
        ManagedBy: "discover",
      },
    });
    expect(opened).toEqual([[upstreamHost, "env:CORP"]]);
    catalogue.push("team/new");
    expect((await run({ ...more, source: `${upstreamHost}/team/*` })).added).toBe(1);
    expect(await sources()).toEqual(["app", "new", "web"].map((name) => `${upstreamHost}/team/${name}`));
  });

  it("gives names that would collide, or are too long, a part of their hash", async () => {
    const long = `team/${"very-".repeat(20)}long`;
    catalogue = ["team/a-b", "team/a_b", "team-a/b", long];
    await run({ add: true, columns: { Tags: "semver *" } });
    const rows = await bench.stores.watches.all(never);
    expect(rows.map((row) => (row.kind === "watch" ? row.watch.name : row.reason)).sort()).toEqual([
      "team-a-b",
      expect.stringMatching(/^team-a-b-[0-9a-f]{10}$/),
      expect.stringMatching(/^team-a-b-[0-9a-f]{10}$/),
      expect.stringMatching(/^team-very-.{0,42}-[0-9a-f]{10}$/),
    ]);
  });

  it("does not follow again what a row that is set aside names", async () => {
    await bench.stores.watches.put(
      { group: "mine", name: "app" },
      { Source: `${upstreamHost}/team/app`, Tags: "nonsense" },
      { existing: "keep", signal: never },
    );
    const found = await run({ include: "team/app" });
    expect(found.repositories).toContainEqual({
      repository: "team/app",
      verdict: "followed",
      watch: "mine/app",
    });
  });

  it.each<[string, Record<string, unknown>, FailureCode, string]>([
    ["columns that make no row", { add: true, columns: { Tags: "nonsense" } }, "invalid", "nonsense"],
    ["no columns to add with", { add: true }, "invalid", "Tags"],
    ["a secret for a credential", { columns: { Credential: "hunter2" } }, "invalid", "Credential"],
    ["a pattern that is none", { include: "(" }, "invalid", "include"],
    ["a reserved group", { group: "manual" }, "invalid", "reserved"],
    ["a path that is none", { source: `${upstreamHost}/../x` }, "invalid", "team/*"],
    ["a URL", { source: "https://registry.corp/team" }, "invalid", "host"],
  ])("asks nobody with %s", async (_name, more, code, says) => {
    const { message } = await failureOf(() => run(more), code);
    expect(message).toContain(says);
    expect(message).not.toContain("hunter2");
    expect(opened).toEqual([]);
  });

  it("adds nothing when it would add too much", async () => {
    catalogue = Array.from({ length: 501 }, (_, index) => `team/app-${index}`);
    const { message } = await failureOf(() => run({ add: true, columns: { Tags: "semver *" } }), "too-large");
    expect(message).toContain("501 repositories are new");
    expect(await sources()).toEqual([]);
  });

  it("adds nothing that names what is not there, and lists all the same", async () => {
    const more = { columns: { Tags: "semver *", Notify: "nobody" } };
    const { message } = await failureOf(() => run({ add: true, ...more }), "invalid");
    expect(message).toContain('there is no channel "nobody", there is ops');
    expect([await sources(), (await run(more)).listed]).toEqual([[], 4]);
  });

  it("says so when it sees nothing", async () => {
    catalogue = [];
    expect((await run()).notes).toEqual([expect.stringContaining("no repository at all")]);
  });

  it("passes on why there is no list", async () => {
    const ports = {
      ...bench.ports,
      registries: {
        open: () => ({
          ...bench.upstream,
          listRepositories: async () => {
            throw new Failure("unsupported", "it has none");
          },
        }),
      },
    };
    await failureOf(() => discover(request(), { actor: "me", ports, signal: never }), "unsupported");
  });
});

describe("boundDiscovery", () => {
  it("counts all and tells the new ones first", async () => {
    catalogue = [...Array.from({ length: 1200 }, (_, index) => `a/x-${index}`), "z/new"];
    const bounded = boundDiscovery(await run({ exclude: "a/.*" }));
    expect(bounded.counts).toEqual({ excluded: 1200, new: 1 });
    expect([bounded.repositories.length, bounded.repositories[0]?.repository]).toEqual([1000, "z/new"]);
  });
});

describe("parseDiscoverRequest", () => {
  it.each([
    [{}],
    [{ source: 7 }],
    [{ source: "a.corp", add: "yes" }],
    [{ source: "a.corp", extra: 1 }],
    ["x"],
    [null],
  ])("refuses %j", async (body) => {
    expect((await failureOf(() => parseDiscoverRequest(body), "invalid")).example).toContain('{"source":');
  });
});
