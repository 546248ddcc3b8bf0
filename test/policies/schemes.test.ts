import { describe, expect, it } from "vitest";
import { parsePolicy } from "../../shared/policies/members.ts";
import { type Columns, reasonsOf, selectBy } from "./selecting.ts";

interface Case extends Columns {
  readonly name: string;
  readonly tags: string;
  readonly chosen: readonly string[];
  readonly skipped?: Readonly<Record<string, string>>;
}

const loose: readonly Case[] = [
  {
    name: "two to four numbers, leading zeros, missing ones as 0",
    tags: "loose *",
    chosen: ["10.0.20348.2402", "2.01", "v1.10.0", "1.9"],
    skipped: {
      "10.0.20348": "floating",
      "3": "not-a-version",
      "1.2.3.4.5": "not-a-version",
      latest: "not-a-version",
    },
  },
  {
    name: "1.25 and 1.25.0: one version, of which 1.25 is an alias",
    tags: "loose *",
    chosen: ["1.25.0"],
    skipped: { "1.25": "floating", "v1.25.0": "same-version" },
  },
  {
    name: "1.25 alone is a version",
    tags: "loose 1.x",
    chosen: ["1.25", "1.24.3"],
  },
  {
    name: "an alias even of a tag that is out of range",
    tags: "loose <=1.27.0",
    chosen: ["1.26.1"],
    skipped: { "1.27": "floating", "1.27.4": "out-of-range" },
  },
  {
    name: "prereleases without a separator, as Python has them",
    tags: "loose 3.13",
    prereleases: "include",
    chosen: ["3.13.1", "3.13.0", "3.13.0rc10", "3.13.0rc2", "3.13.0b4", "3.13.0a1"],
    skipped: { "3.13-rc": "floating", "3.13": "floating", "3.13.0foo": "not-a-version" },
  },
  {
    name: "7.2-rc2 is no alias of 7.2.0",
    tags: "loose *",
    prereleases: "include",
    chosen: ["7.2.0", "7.2-rc2"],
  },
  {
    name: "a word alone is an alias of any prerelease (PHP's 8.6-rc of 8.6.0beta1)",
    tags: "loose *",
    prereleases: "include",
    chosen: ["8.6.0beta1"],
    skipped: { "8.6-rc": "floating" },
  },
  {
    name: "7.2-rc2 is one of 7.2.0-rc2",
    tags: "loose *",
    prereleases: "include",
    chosen: ["7.2.0-rc2"],
    skipped: { "7.2-rc2": "floating" },
  },
  {
    name: "an alias has the suffix of what it stands for, whatever else is of its family",
    tags: "loose *",
    family: "_*-jdk",
    chosen: ["11.0.14.1_1-jdk", "11.0.14_9-jdk"],
    skipped: { "11.0.14_1-jdk": "floating" },
  },
  {
    name: "suffixes of other kinds are families too",
    tags: "loose *",
    family: "_*-jdk, .Final",
    chosen: ["17.0.9_11-jdk", "17.0.9_9-jdk", "26.1.3.Final"],
    skipped: { "26.1.3.CR1": "prerelease", "17.0.9": "other-family" },
  },
  {
    name: "a date does not beat versions (wud#866)",
    tags: "loose *",
    chosen: ["10.11.4"],
    skipped: { "2021.12.16": "implausible-major" },
  },
];

const ranges: readonly Case[] = [
  { name: "a prefix", tags: "loose 1.2", chosen: ["1.2.9.1", "1.2.3"], skipped: { "1.3": "out-of-range" } },
  { name: "with x", tags: "loose 1.2.x", chosen: ["1.2.9"], skipped: { "1.20.1": "out-of-range" } },
  { name: "above a prefix", tags: "loose >1.2", chosen: ["1.3.0"], skipped: { "1.2.9": "out-of-range" } },
  { name: "up to a prefix", tags: "loose <=1.2", chosen: ["1.2.9"], skipped: { "1.3.0": "out-of-range" } },
  { name: "a tilde", tags: "loose ~1.2.3", chosen: ["1.2.9"], skipped: { "1.3.0": "out-of-range" } },
  { name: "a tilde of one number", tags: "loose ~1", chosen: ["1.9"], skipped: { "2.0": "out-of-range" } },
  { name: "a caret", tags: "loose ^1.2", chosen: ["1.9.0"], skipped: { "2.0.0": "out-of-range" } },
  { name: "a caret below 1", tags: "loose ^0.2.1", chosen: ["0.2.9"], skipped: { "0.3.0": "out-of-range" } },
  {
    name: "alternatives, and blanks behind operators",
    tags: "loose >= 1.2 < 1.4 || = 3.1.0.0",
    chosen: ["3.1", "1.3.9"],
    skipped: { "1.4": "out-of-range", "3.2": "out-of-range" },
  },
  {
    name: "an upper bound shuts out its own prereleases",
    tags: "loose >=1.2 <2.0.0",
    prereleases: "include",
    chosen: ["1.2.0rc1"],
    skipped: { "2.0.0rc1": "out-of-range" },
  },
  {
    name: "a lower bound of three numbers begins with the release",
    tags: "loose >=1.2.0 || =3.1.0",
    prereleases: "include",
    chosen: ["3.1.0", "1.2.0"],
    skipped: { "1.2.0rc1": "out-of-range", "0.9": "out-of-range" },
  },
  {
    name: "bounds that are prereleases",
    tags: "loose >=3.13.0rc2 <=3.13.0",
    prereleases: "include",
    chosen: ["3.13.0", "3.13.0rc10", "3.13.0rc2"],
    skipped: { "3.13.0rc1": "out-of-range" },
  },
];

const calver: readonly Case[] = [
  {
    name: "years of four and two digits in one order",
    tags: "calver *",
    chosen: ["2024.10.1", "24.04.3", "2024.1.0", "2023.12.1"],
    skipped: { "24.04": "floating", "2024": "not-a-version", "2024.13.1": "not-a-version" },
  },
  {
    name: "dashes, and what follows them",
    tags: "calver >=2024",
    family: "plain,-slim",
    chosen: ["2024-04-02-1", "2024-04-02", "2024-04-01", "2024-04-02-slim"],
    skipped: { "2024-02-31": "not-a-version", "2024-04-03-rc1": "prerelease", "2023-12-31": "out-of-range" },
  },
  {
    name: "compact dates",
    tags: "calver 2024",
    chosen: ["20240402.1", "20240402", "20240229"],
    skipped: { "2024-04": "floating", "20240230": "not-a-version", "20241301": "not-a-version" },
  },
  {
    name: "a compact date with hex letters is a commit id",
    tags: "calver *",
    prereleases: "include",
    chosen: ["20240401"],
    skipped: { "20240402a1": "commit-id" },
  },
  {
    name: "versions are no dates",
    tags: "calver *",
    chosen: [],
    skipped: { "1.27.4": "not-a-version", "99999.1.1": "not-a-version", "2024.0.1": "not-a-version" },
  },
  {
    name: "one month",
    tags: "calver ~2024.04",
    chosen: ["2024.04.30"],
    skipped: { "2024.05.01": "out-of-range" },
  },
  {
    name: "one year, written short",
    tags: "calver ^24.04",
    chosen: ["2024.12"],
    skipped: { "2025.01": "out-of-range", "2024.03": "out-of-range" },
  },
];

const numbers: readonly Case[] = [
  {
    name: "whole numbers by their value",
    tags: "number *",
    chosen: ["1000", "v200", "030", "9"],
    skipped: { "1.2": "not-a-version", "12345678901234567": "not-a-version", latest: "not-a-version" },
  },
  {
    name: "seven digits are a number, not a commit id",
    tags: "number *",
    chosen: ["1234567"],
    skipped: { "123456a": "commit-id" },
  },
  {
    name: "a range",
    tags: "number >=10 <20 || 42",
    chosen: ["42", "19", "10"],
    skipped: { "20": "out-of-range", "9": "out-of-range" },
  },
  { name: "a number with a suffix", tags: "number *", family: "-alpine", chosen: ["21-alpine", "8-alpine"] },
  { name: "no guard on great numbers", tags: "number *", chosen: ["20240401", "3"] },
];

const names: readonly Case[] = [
  {
    name: "ascending: the last in the alphabet is the newest",
    tags: "alphabetical",
    keep: 2,
    chosen: ["release-c", "release-b"],
    skipped: { "release-a": "superseded" },
  },
  { name: "descending", tags: "alphabetical desc", keep: 1, chosen: ["a"], skipped: { b: "superseded" } },
  {
    name: "bounds",
    tags: "alphabetical asc >=b <c",
    chosen: ["bb", "b"],
    skipped: { a: "out-of-range", c: "out-of-range" },
  },
  { name: "bounds alone", tags: "alphabetical <=b", chosen: ["b"], skipped: { ba: "out-of-range" } },
  {
    name: "neither commit ids nor single platforms, unless Include names them",
    tags: "alphabetical",
    chosen: ["main"],
    skipped: { "main-amd64": "platform-suffix", "9f2c1ab": "commit-id", "sha-9f2c1ab": "commit-id" },
  },
  { name: "Include names a platform", tags: "alphabetical", include: ".*-amd64", chosen: ["main-amd64"] },
  {
    name: "exact names commit ids and platforms",
    tags: "exact 9f2c1ab, main-amd64",
    chosen: ["9f2c1ab", "main-amd64"],
    skipped: { main: "not-listed" },
  },
];

describe.each([
  ["loose", loose],
  ["ranges", ranges],
  ["calver", calver],
  ["number", numbers],
  ["names", names],
])("%s", (_, cases) => {
  it.each(cases)("$name", ({ chosen, skipped = {}, ...columns }) => {
    const list = [...Object.keys(skipped), ...[...chosen].reverse()];
    const selection = selectBy(columns, list);
    expect(selection.versions).toEqual(chosen);
    expect(reasonsOf(selection)).toEqual(skipped);
    for (const { tag, detail } of selection.skipped) expect(detail).toContain(tag);
  });
});

describe("a range", () => {
  it.each([
    ["loose", "loose needs a range"],
    ["loose latest", '"latest" is not a range of loose: write for example "loose >=1.25 <2"'],
    ["loose >=1.2, <2", "part the bounds with blanks, not commas"],
    ["loose >=1.2 ||", "is not a range of loose"],
    ["loose >=1.2-alpine", "is not a range of loose"],
    ["loose 1.2.3.4.5", "is not a range of loose"],
    [`loose ${">=1 ".repeat(100)}`, "longer than 256 characters"],
    ["calver >=2024.13", 'write for example "calver >=2024.04"'],
    ["number ~5", "~ means nothing here"],
    ["number >=1.2", 'write for example "number >=1200"'],
    ["number 99999999999999999999", "is not a range of number"],
    ["alphabetical newest", '"newest" is not what alphabetical reads'],
    ["alphabetical ascending", '"ascending" is not what alphabetical reads'],
    ["alphabetical >=ü", '">=?" is not what alphabetical reads'],
  ])("refuses %s", (text, message) => {
    const parse = () => parsePolicy(text);
    expect(parse).toThrow(expect.objectContaining({ code: "invalid" }));
    expect(parse).toThrow(message);
  });
});
