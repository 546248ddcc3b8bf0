import { readFileSync } from "node:fs";
import { gunzipSync } from "node:zlib";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { z } from "zod";
import { tagListOf, tagPageOf } from "../../shared/model/tag-list.ts";
import { suggestRow } from "../../shared/steps/suggest/suggest-row.ts";
import type { Suggestion } from "../../shared/steps/suggest/suggestion.ts";

const source = { host: "up.example", path: "library/app" };
const suggest = (tags: readonly string[]) => suggestRow(source, tagListOf([tagPageOf(tags)]));

const history = z.object({ steps: z.array(z.object({ set: z.record(z.string(), z.string()) })) });

function listOf(name: string): string[] {
  const file = new URL(`../fixtures/tag-histories/${name}.json.gz`, import.meta.url);
  const { steps } = history.parse(JSON.parse(gunzipSync(readFileSync(file)).toString("utf8")));
  return [...new Set(steps.flatMap(({ set }) => Object.keys(set)))];
}

const range = (count: number) => Array.from({ length: count }, (_, at) => at);
/** Eight hex digits of which at least one is a letter. */
const commit = (at: number) =>
  `${"abcdef"[at % 6]}${((at * 48_271) % 0xfffffff).toString(16).padStart(7, "0")}`;

interface Case {
  readonly name: string;
  readonly tags: () => readonly string[];
  readonly columns: Readonly<Record<string, string>>;
  /** The first tags that the row selects. */
  readonly newest: readonly string[];
}

const perMinor = { Keep: "2", KeepPer: "minor" };

// Real lists at their end; what they are to be followed by was decided by looking at them.
const real: readonly Case[] = [
  {
    name: "nginx",
    tags: () => listOf("nginx"),
    columns: { Tags: "semver >=1.29 <2", ...perMinor },
    newest: ["1.31.4", "1.31.3", "1.30.4", "1.30.3", "1.29.8", "1.29.7"],
  },
  {
    name: "node, whose major versions are maintained",
    tags: () => listOf("node"),
    columns: { Tags: "semver >=24 <27", Keep: "2", KeepPer: "major" },
    newest: ["26.7.0", "26.6.0", "25.9.0", "25.8.2", "24.19.0", "24.18.1"],
  },
  {
    name: "php",
    tags: () => listOf("php"),
    columns: { Tags: "semver >=8.3 <9", ...perMinor },
    newest: ["8.5.9", "8.5.8", "8.4.24"],
  },
  {
    name: "redis",
    tags: () => listOf("redis"),
    columns: { Tags: "semver >=8.6 <9", ...perMinor },
    newest: ["8.10.1", "8.10.0", "8.8.2"],
  },
  {
    name: "traefik, with and without v",
    tags: () => listOf("traefik"),
    columns: { Tags: "semver >=3.5 <4", ...perMinor },
    newest: ["3.7.11", "3.7.10", "3.6.25"],
  },
  {
    name: "alpine, whose first versions have two numbers",
    tags: () => listOf("alpine"),
    columns: { Tags: "loose >=3.22 <4", ...perMinor },
    newest: ["3.24.1", "3.24.0", "3.23.5"],
  },
];

const invented: readonly Case[] = [
  {
    name: "releases named by date and time",
    tags: () => [
      ...range(20).map((at) => `RELEASE.2024-0${1 + (at % 9)}-1${at % 7}T0${at % 8}-00-0${at % 3}Z`),
      "RELEASE.2023-01-05T01-02-03Z.fips",
      "latest",
    ],
    columns: {
      Tags: "calver *",
      Extract:
        "RELEASE\\.([0-9]{4})-([0-9]{2})-([0-9]{2})T([0-9]{2})-([0-9]{2})-([0-9]{2})Z => $1.$2.$3.$4$5$6",
      Keep: "5",
    },
    newest: ["RELEASE.2024-09-13T01-00-02Z", "RELEASE.2024-09-11T00-00-02Z"],
  },
  {
    name: "builds of main, beside a few of a branch",
    tags: () => [
      ...range(20).map((at) => `main-${commit(at)}-${1_718_000_000 + at}`),
      ...range(3).map((at) => `fix-it-${commit(at)}-${1_719_000_000 + at}`),
    ],
    columns: { Tags: "number *", Extract: "main-g?[0-9a-f]{7,40}-(1[0-9]{9,12})", Keep: "5" },
    newest: [`main-${commit(19)}-1718000019`],
  },
  {
    name: "build numbers",
    tags: () => range(20).map((at) => String(995 + at)),
    columns: { Tags: "number *", Keep: "5" },
    newest: ["1014", "1013"],
  },
  {
    name: "revisions of versions",
    tags: () => [
      "latest",
      "1",
      "1.27",
      ...range(8).flatMap((at) => [`1.27.${at}`, ...range(11).map((r) => `1.27.${at}-debian-12-r${r}`)]),
    ],
    columns: { Tags: "semver >=1 <2", Family: "-debian-*-r*", Keep: "5" },
    newest: ["1.27.7-debian-12-r10", "1.27.7-debian-12-r9"],
  },
  {
    name: "codenames in the order of the alphabet",
    tags: () => ["latest", "focal", "groovy", "hirsute", "impish", "jammy", "kinetic"],
    columns: { Tags: "alphabetical *", Include: "[a-z]+", Exclude: "latest", Keep: "5" },
    newest: ["kinetic", "jammy"],
  },
  {
    name: "dates with dots",
    tags: () => [...range(12).map((at) => `2024.${1 + at}.2`), "2024.12.0b1", "latest"],
    columns: { Tags: "calver *", Keep: "5" },
    newest: ["2024.12.2", "2024.11.2"],
  },
  {
    name: "dates with hyphens",
    tags: () => range(9).map((at) => `2024-0${at + 1}-15`),
    columns: { Tags: "calver *", Keep: "5" },
    newest: ["2024-09-15"],
  },
  {
    name: "versions of four numbers",
    tags: () => range(9).map((at) => `10.0.20348.24${at}0`),
    columns: { Tags: "loose >=10 <11", Keep: "5" },
    newest: ["10.0.20348.2480"],
  },
  {
    name: "one tag",
    tags: () => ["1.0.0"],
    columns: { Tags: "semver *" },
    newest: ["1.0.0"],
  },
  {
    name: "prereleases alone",
    tags: () => range(9).map((at) => `1.${at}.0-rc.1`),
    columns: { Tags: "semver >=1 <2", Prereleases: "include", Keep: "5" },
    newest: ["1.8.0-rc.1"],
  },
  {
    name: "one platform alone",
    tags: () => ["1.0.0-amd64", "1.1.0-amd64"],
    columns: { Tags: "semver *", Family: "-amd64" },
    newest: ["1.1.0-amd64", "1.0.0-amd64"],
  },
  {
    name: "versions behind a word",
    tags: () => range(9).map((at) => `release-1.${at}.0`),
    columns: { Tags: "semver >=1 <2", Extract: "release-(v?[0-9]+\\.[0-9]+\\.[0-9]+)", Keep: "5" },
    newest: ["release-1.8.0"],
  },
  {
    name: "dated builds of versions",
    tags: () => [
      "16.0",
      "17.0",
      "17",
      ...range(9).flatMap((at) => [`16.0-202412${at + 10}`, `17.0-202412${at + 11}`]),
    ],
    columns: {
      Tags: "loose >=16 <18",
      Extract: "(v?[0-9]+\\.[0-9]+)-([0-9]{8}(?:\\.[0-9]{1,3})?)",
      Keep: "2",
      KeepPer: "major",
    },
    newest: ["17.0-20241219", "17.0-20241218", "16.0-20241218", "16.0-20241217"],
  },
  {
    name: "versions, each with words before it too",
    tags: () =>
      range(9).flatMap((at) => ["", "alpine-", "ubuntu-", "alpine3.18-"].map((word) => `${word}v1.${at}.0`)),
    columns: { Tags: "semver >=1 <2", Keep: "5" },
    newest: ["v1.8.0"],
  },
  {
    name: "versions with revisions, once for each platform",
    tags: () =>
      range(5).flatMap((at) =>
        range(3).flatMap((r) => ["", "amd64-", "arm64v8-"].map((word) => `${word}5.1.${at}-ls${at * 3 + r}`)),
      ),
    columns: { Tags: "semver >=5 <6", Family: "-ls*", Keep: "5" },
    newest: ["5.1.4-ls14", "5.1.4-ls13"],
  },
  {
    name: "a suffix that nearly all versions have",
    tags: () => ["1.0.0", ...range(9).map((at) => `1.${at}.0-ce.0`)],
    columns: { Tags: "semver >=1 <2", Family: "-ce.0", Keep: "5" },
    newest: ["1.8.0-ce.0"],
  },
  {
    name: "wud#866: two old dates do not beat versions",
    tags: () => [...range(20).map((at) => `10.${at}.4`), "2021.12.16", "2021.11.3"],
    columns: { Tags: "semver >=10 <11", Keep: "5" },
    newest: ["10.19.4"],
  },
  {
    name: "commit ids beside a tag that moves",
    tags: () => [...range(30).map(commit), "main", "latest"],
    columns: { Track: "latest" },
    newest: ["latest"],
  },
];

describe("a suggestion", () => {
  it.each([...real, ...invented])("$name", ({ tags, columns, newest }) => {
    const suggestion = suggest(tags());
    expect(suggestion).toMatchObject({ kind: "row", row: { columns } });
    if (suggestion.kind !== "row") return;
    expect(Object.keys(suggestion.row.columns).toSorted()).toEqual(Object.keys(columns).toSorted());
    expect(suggestion.row.selects.newest.slice(0, newest.length)).toEqual(newest);
  });

  it.each([
    [
      "eclipse-temurin, whose families are all equally large",
      () => listOf("eclipse-temurin"),
      /8 families are about equally large: _\*-jdk \(72\), _\*-jre \(71\)/,
      ["_*-jdk", "_*-jre", "_*-jdk-alpine", "_*-jre-alpine"],
    ],
    [
      "ubuntu, whose dated builds are of many lines",
      () => listOf("ubuntu"),
      /672 tags are dates in tags such as .*, in 27 lines that have no order among them/,
      [undefined, undefined, undefined, undefined],
    ],
    [
      "versions and dates, both many",
      () => [...range(20).map((at) => `1.${at}.0`), ...range(15).map((at) => `202401${at + 10}`)],
      /Two schemes compete: 20 tags are semantic versions, and 15 are dates/,
      [undefined, undefined],
    ],
    [
      "two families of one size",
      () => range(9).flatMap((at) => [`1.${at}.0-jdk`, `1.${at}.0-jre`]),
      /2 families are about equally large: -jdk \(9\), -jre \(9\)/,
      ["-jdk", "-jre"],
    ],
    [
      "versions that are there for each of several numbers",
      () => range(6).flatMap((at) => [14, 15, 16].map((pg) => `2.1${at}.0-pg${pg}`)),
      /Most versions have several tags with the suffix -pg\* \(such as -pg16, -pg15, -pg14\)/,
      ["-pg*", "-pg16", "-pg15", "-pg14"],
    ],
    [
      "nothing of which explains most",
      () => [
        ...range(5).map((at) => `1.${at}.0`),
        ...range(20).map((at) => `${"abcdefghijklmnopqrst"[at]}x${at}-${"qwertzuiop"[at % 10]}`),
      ],
      /No scheme explains most of the tags: the best one, semantic versions, explains 5 of 25/,
      [undefined],
    ],
  ])("is not made for %s", (_, tags, why, families) => {
    const suggestion = suggest(tags());
    expect(suggestion.kind).toBe("unclear");
    expect(suggestion.why.join(" ")).toMatch(why);
    if (suggestion.kind !== "unclear") return;
    expect(suggestion.alternatives.map(({ columns }) => columns.Family)).toEqual(families);
    expect(new Set(suggestion.alternatives.map(({ columns }) => JSON.stringify(columns))).size).toBe(
      families.length,
    );
  });

  it("shows ubuntu's newest codenames and its dates, each with what it selects", () => {
    const suggestion = suggest(listOf("ubuntu"));
    expect(
      suggestion.kind === "unclear" && suggestion.alternatives.map(({ selects }) => selects.newest[0]),
    ).toEqual(["resolute-20260811.1", "jammy-20260810", "noble-20260810", "26.10"]);
  });

  it.each([
    ["no tags", [], "The repository has no tags."],
    [
      "commit ids alone",
      range(30).map(commit),
      "No tag says what is newer: 30 of 30 are commit ids, which have no order.",
    ],
    ["names alone", ["alpine", "slim"], "No tag says what is newer."],
    ["one tag of each kind", ["foo_1", "zz9-plural"], "No tag says what is newer."],
  ])("says so when there is nothing to follow: %s", (_, tags, why) => {
    expect(suggest(tags)).toMatchObject({ kind: "nothing", why: [why] });
  });

  it("tells its evidence, the families, what moves, and what the row leaves out", () => {
    const tags = [
      "1.0.0",
      "1.1.0",
      "1.1",
      "1.1.0-alpine",
      "1.2.0-rc.1",
      "1.1.0-arm64",
      "latest",
      "20240613",
      "20240614",
    ];
    expect(suggest([...tags, ...range(8).map((at) => `1.1.${at + 1}`)])).toMatchObject({
      why: [
        "14 of 16 tags that could be versions are semantic versions, or short forms of them.",
        "Minor versions get several patches each, so the newest 2 of each of the last 2 minor versions are kept. A major version of 2 or more waits until somebody widens the range.",
      ],
      findings: {
        total: 17,
        families: [
          { family: "plain", count: 11, newest: "1.1.8" },
          { family: "-alpine", count: 1, newest: "1.1.0-alpine" },
        ],
        prereleases: [{ label: "rc", count: 1 }],
        floating: ["latest"],
        aliases: { count: 1, examples: ["1.1"] },
        noise: [{ kind: "tags of one platform alone", count: 1, examples: ["1.1.0-arm64"] }],
      },
      notes: [
        "Not followed by this row: 20240614 and 1 more (dates).",
        "Dates do not count as newer than versions.",
        "latest moves with upstream: to follow it by its digest too, add --track latest.",
      ],
    });
  });
});

const number = fc.integer({ min: 0, max: 60 });
const versionTag = fc
  .tuple(
    fc.constantFrom("", "v"),
    number,
    number,
    number,
    fc.constantFrom("", "", "-alpine", "-slim", "-rc.1"),
  )
  .map(([v, a, b, c, suffix]) => `${v}${a}.${b}.${c}${suffix}`);
const anyTag = fc.oneof(
  versionTag,
  fc.constantFrom(
    "latest",
    "stable",
    "edge",
    "deadbeef",
    "20240613",
    "2024.06.1",
    "main-1a2b3c4-1718318033",
    "1.2",
    "7",
  ),
  fc.stringMatching(/^[a-zA-Z0-9_][a-zA-Z0-9._-]{0,24}$/),
  // Many parts in one tag, as many as it may have characters.
  fc
    .tuple(
      fc.constantFrom("1.2.3", "build1", "x20240613"),
      fc.constantFrom("deadbee1", "7", "2.3"),
      fc.nat(60),
    )
    .map(([first, part, count]) => `${first}${`-${part}`.repeat(count)}`.slice(0, 128)),
  fc.string({ maxLength: 12 }),
);

function selected(suggestion: Suggestion): readonly (readonly string[])[] {
  if (suggestion.kind === "row") return [suggestion.row.selects.newest];
  return suggestion.kind === "unclear" ? suggestion.alternatives.map(({ selects }) => selects.newest) : [];
}

describe("whatever the tags", () => {
  it("each row is one that a watch takes, and selects tags of the list", () => {
    fc.assert(
      fc.property(fc.array(anyTag, { maxLength: 40 }), (tags) => {
        // The row is parsed as a watch's and tried by the real selection on the way.
        for (const newest of selected(suggest(tags))) {
          expect(newest.length).toBeGreaterThan(0);
          for (const tag of newest) expect(tags).toContain(tag);
        }
      }),
      { numRuns: 200 },
    );
  });

  it("the newest version is in it", () => {
    const triple = fc.tuple(number, number, number);
    fc.assert(
      fc.property(fc.uniqueArray(triple, { minLength: 1, maxLength: 40, selector: String }), (triples) => {
        const byNumbers = (a: readonly number[], b: readonly number[]) =>
          (b[0] ?? 0) - (a[0] ?? 0) || (b[1] ?? 0) - (a[1] ?? 0) || (b[2] ?? 0) - (a[2] ?? 0);
        const [newest = []] = triples.toSorted(byNumbers);
        const suggestion = suggest([...triples.map((each) => each.join(".")), "latest"]);
        expect(selected(suggestion)[0]?.[0]).toBe(newest.join("."));
      }),
      { numRuns: 150 },
    );
  });

  it("their order does not matter", () => {
    fc.assert(
      fc.property(fc.array(anyTag, { maxLength: 30 }), (tags) => {
        expect(suggest(tags.toReversed())).toEqual(suggest(tags));
      }),
      { numRuns: 100 },
    );
  });
});
