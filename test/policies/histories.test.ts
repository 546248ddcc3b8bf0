import { readFileSync } from "node:fs";
import { gunzipSync } from "node:zlib";
import npmSemver from "semver";
import { describe, expect, it } from "vitest";
import { z } from "zod";
import { type Columns, selectBy } from "./selecting.ts";

const history = z.object({
  steps: z.array(z.object({ t: z.number(), set: z.record(z.string(), z.string()) })),
});

/** Tag lists as the registry had them, the last one at the end. */
function listsOf(name: string, every: number): string[][] {
  const file = new URL(`../fixtures/tag-histories/${name}.json.gz`, import.meta.url);
  const { steps } = history.parse(JSON.parse(gunzipSync(readFileSync(file)).toString("utf8")));
  const tags = new Set<string>();
  const lists: string[][] = [];
  for (const [index, { set }] of steps.entries()) {
    for (const tag of Object.keys(set)) tags.add(tag);
    if (index % every === 0 || index === steps.length - 1) lists.push([...tags]);
  }
  return lists;
}

interface Case extends Columns {
  readonly repository: string;
  readonly tags: string;
  readonly count: number;
  readonly newest: readonly string[];
  readonly oldest: string;
}

// Counts and names were checked by hand against the lists.
const cases: readonly Case[] = [
  { repository: "nginx", tags: "semver *", count: 153, newest: ["1.31.4", "1.31.3"], oldest: "1.7.1" },
  {
    repository: "nginx",
    tags: "semver >=1.27 <2",
    count: 29,
    newest: ["1.31.4", "1.31.3"],
    oldest: "1.27.0",
  },
  {
    repository: "nginx",
    tags: "semver *",
    family: "-alpine",
    keep: 3,
    count: 3,
    newest: ["1.31.4-alpine", "1.31.3-alpine"],
    oldest: "1.31.2-alpine",
  },
  { repository: "node", tags: "semver ^20.0.0", count: 41, newest: ["20.20.2", "20.20.1"], oldest: "20.0.0" },
  { repository: "node", tags: "semver *", count: 662, newest: ["26.7.0", "26.6.0"], oldest: "0.8.28" },
  { repository: "php", tags: "semver >=8.3 <8.5", count: 55, newest: ["8.4.24", "8.4.23"], oldest: "8.3.0" },
  { repository: "traefik", tags: "semver *", count: 287, newest: ["3.7.11", "3.7.10"], oldest: "v1.0.0" },
  {
    repository: "traefik",
    tags: "semver >=2.10 <4",
    keep: 5,
    count: 5,
    newest: ["3.7.11", "3.7.10"],
    oldest: "3.7.7",
  },
];

describe("real tag histories", () => {
  it.each(cases)("$repository by $tags: $count", ({ repository, count, newest, oldest, ...columns }) => {
    const list = listsOf(repository, Number.MAX_SAFE_INTEGER).at(-1) ?? [];
    const { versions } = selectBy(columns, list);
    expect(versions).toHaveLength(count);
    expect(versions.slice(0, newest.length)).toEqual(newest);
    expect(versions.at(-1)).toBe(oldest);
  });

  it.each(["nginx", "node", "php", "traefik"])(
    "%s: at any moment the newest is what npm's semver says",
    (name) => {
      for (const list of listsOf(name, 40)) {
        const [newest] = selectBy({ tags: "semver *", keep: 1 }, list).versions;
        const expected = npmSemver.maxSatisfying(list, "*");
        expect(newest === undefined ? null : npmSemver.clean(newest)).toBe(
          expected === null ? null : npmSemver.clean(expected),
        );
      }
    },
  );
});
