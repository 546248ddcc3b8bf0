import { setImmediate } from "node:timers/promises";
import npmSemver from "semver";
import { readRules } from "../shared/documents/watch-rules.ts";
import { type TagList, tagListOf, tagPageOf } from "../shared/model/tag-list.ts";
import type { Rules } from "../shared/policies/rules.ts";
import { explainAll, select, selectAll } from "../shared/policies/select.ts";
import { scanTags } from "../shared/registry/scan-tags.ts";
import { print } from "./figures.ts";

const keep = 10;

/** Tags as large repositories have them: families, prereleases, v, floating names, commit ids, dates; in no order. */
function realLookingTags(count: number): string[] {
  let seed = 42;
  const random = (below: number) => {
    seed = (Math.imul(seed, 1_664_525) + 1_013_904_223) >>> 0;
    return seed % below;
  };
  const suffixes = ["", "", "", "-alpine", "-alpine3.20", "-slim", "-slim-bookworm", "-bookworm"];
  const tags = new Set<string>();
  while (tags.size < count) {
    const version = `${random(6)}.${random(30)}.${random(60)}`;
    const suffix = suffixes[random(suffixes.length)] ?? "";
    switch (random(12)) {
      case 0:
        tags.add(`${version}-rc.${random(9)}${suffix}`);
        break;
      case 1:
        tags.add(`v${version}${suffix}`);
        break;
      case 2:
        tags.add(`${random(6)}.${random(30)}${suffix}`);
        break;
      case 3:
        tags.add((random(2 ** 30) + 2 ** 30).toString(16));
        break;
      case 4:
        tags.add(`nightly-2024${String(random(12) + 1).padStart(2, "0")}${random(28) + 10}-${random(500)}`);
        break;
      default:
        tags.add(`${version}${suffix}`);
    }
  }
  return [...tags];
}

function rulesOf(columns: Readonly<Record<string, string>>): Rules {
  const problems: string[] = [];
  const rules = readRules((column, parse) => {
    const text = columns[column];
    return text === undefined ? undefined : parse(text);
  }, problems);
  if (problems.length > 0) throw new Error(problems.join("; "));
  return rules;
}

/** The tags where they stand in the JSON of a page, as a poll has them. */
function inPlace(bytes: Buffer): TagList {
  const scan = scanTags(bytes);
  let step = scan.next();
  while (step.done !== true) step = scan.next();
  if (step.value === undefined) throw new Error("the page was not read in place");
  return tagListOf([{ bytes, bounds: step.value }]);
}

/** Milliseconds of contestants that run in turns, so that all of them meet the same machine: each one's best run, warm. */
function race<Name extends string>(
  contestants: Readonly<Record<Name, () => unknown>>,
  rounds: number,
): Readonly<Record<Name, number>> {
  const names = Object.keys(contestants) as Name[];
  const times = new Map<Name, number[]>(names.map((name) => [name, []]));
  for (let round = -rounds; round < rounds; round++) {
    for (const name of names) {
      const started = performance.now();
      contestants[name]();
      if (round >= 0) times.get(name)?.push(performance.now() - started);
    }
  }
  return Object.fromEntries(names.map((name) => [name, Math.min(...(times.get(name) ?? []))])) as Record<
    Name,
    number
  >;
}

const tags = realLookingTags(50_000);
const json = Buffer.from(JSON.stringify({ name: "library/app", tags }));
const list = inPlace(json);
const rules = rulesOf({
  Tags: "semver ^3.2.0",
  Family: "plain,-alpine",
  Prereleases: "include",
  Keep: `${keep}`,
});
const plainRules = rulesOf({ Tags: "semver ^3.2.0", Prereleases: "include", Keep: `${keep}` });
const everything = rulesOf({ Tags: "semver *", Family: "plain,-alpine*,-slim", Prereleases: "include" });

/** What one writes with npm's package: suffixes are prereleases to it, so it has no families to tell apart. */
function bySemver(all: readonly string[]): string[] {
  const options = { includePrerelease: true };
  const valid = all.filter(
    (tag) => npmSemver.valid(tag) !== null && npmSemver.satisfies(tag, "^3.2.0", options),
  );
  return npmSemver.rsort(valid).slice(0, keep);
}

function sumOfBytes({ pages }: TagList): number {
  let sum = 0;
  for (const { bytes, bounds } of pages) {
    for (let tag = 0; tag < bounds.length; tag += 2) {
      const end = bounds[tag + 1] ?? 0;
      for (let at = bounds[tag] ?? 0; at < end; at++) sum += bytes[at] ?? 0;
    }
  }
  return sum;
}

function parsed(): string[] {
  const page: unknown = JSON.parse(json.toString("utf8"));
  return typeof page === "object" && page !== null && "tags" in page && Array.isArray(page.tags)
    ? page.tags
    : [];
}

const fast = race(
  {
    sum: () => sumOfBytes(list),
    families: () => select(list, rules),
    plain: () => select(list, plainRules),
  },
  300,
);
const parsing = race(
  {
    parse: parsed,
    both: () => select(tagListOf([tagPageOf(parsed())]), rules),
    poll: () => select(inPlace(json), rules),
  },
  100,
);
const slow = race({ semver: () => bySemver(tags), sorted: () => select(list, everything) }, 8);

print("select: 50,000 tags, the newest 10 of ^3.2.0", {
  "ms, plain and -alpine, with prereleases": fast.families,
  "ms, plain alone": fast.plain,
  "ms, all versions of three families, sorted": slow.sorted,
  "ms, npm semver": slow.semver,
  "times as fast as npm semver": slow.semver / fast.families,
  "times as fast as npm semver (goal)": 30,
  "ms, sum of the tags' bytes": fast.sum,
  "times the sum of the bytes": fast.families / fast.sum,
  "times the sum of the bytes (goal, at most)": 5,
  "ms, JSON.parse": parsing.parse,
  "ms, JSON.parse and select": parsing.both,
  "times JSON.parse": parsing.both / parsing.parse,
  "times JSON.parse (goal, at most)": 2,
  "ms, read in place and select, as a poll does": parsing.poll,
});

/** The longest that work on a million tags keeps the event loop to itself. */
async function longestBlock(
  columns: Readonly<Record<string, string>>,
  work: typeof selectAll | typeof explainAll = selectAll,
): Promise<number> {
  const million = tagListOf(
    Array.from({ length: 1_000 }, (_, page) =>
      tagPageOf(
        Array.from(
          { length: 1_000 },
          (_, index) => `${page % 50}.${index}.${page}${index % 3 === 0 ? "-alpine" : ""}`,
        ),
      ),
    ),
  );
  // Of CPU time, so that other processes' turns are not counted.
  const now = () => {
    const { user, system } = process.threadCpuUsage();
    return (user + system) / 1000;
  };
  let since = now();
  let longest = 0;
  await work(million, rulesOf(columns), async () => {
    longest = Math.max(longest, now() - since);
    await setImmediate();
    since = now();
  });
  return Math.max(longest, now() - since);
}

print("select: a million tags, longest block of the event loop (CPU)", {
  "ms, the newest 10": await longestBlock({ Tags: "semver *", Keep: "10" }),
  "ms, all of them, sorted": await longestBlock({ Tags: "semver *" }),
  "ms, loose, the newest 3 of each minor": await longestBlock({
    Tags: "loose *",
    Keep: "3",
    KeepPer: "minor",
  }),
  "ms, alphabetical with Include": await longestBlock({
    Tags: "alphabetical",
    Include: "([a-z0-9.]+-?)+",
    Keep: "10",
  }),
  "ms, every reason against 999,990": await longestBlock({ Tags: "semver *", Keep: "10" }, explainAll),
  "ms (goal, at most)": 100,
});
