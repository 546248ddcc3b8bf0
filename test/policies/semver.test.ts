import { describe, expect, it } from "vitest";
import { Failure } from "../../shared/model/failure.ts";
import { parsePolicy } from "../../shared/policies/members.ts";
import { reasonsOf, selectBy } from "./selecting.ts";

interface Case {
  readonly name: string;
  readonly range: string;
  readonly prereleases?: "include" | "exclude";
  readonly chosen: readonly string[];
  readonly skipped?: Readonly<Record<string, string>>;
}

const cases: readonly Case[] = [
  {
    name: "a range of two bounds",
    range: ">=1.27 <2",
    chosen: ["1.31.4", "1.27.0"],
    skipped: { "1.26.9": "out-of-range", "2.0.0": "out-of-range" },
  },
  { name: "a caret", range: "^1.27.1", chosen: ["1.31.4", "1.27.1"], skipped: { "1.27.0": "out-of-range" } },
  { name: "a tilde", range: "~1.27.1", chosen: ["1.27.9", "1.27.1"], skipped: { "1.28.0": "out-of-range" } },
  { name: "one version", range: "1.27.1", chosen: ["1.27.1"], skipped: { "1.27.2": "out-of-range" } },
  { name: "a partial version", range: "1.27", chosen: ["1.27.1"], skipped: { "1.28.0": "out-of-range" } },
  {
    name: "alternatives",
    range: "1.x || >=3",
    chosen: ["3.1.0", "1.2.0"],
    skipped: { "2.0.0": "out-of-range" },
  },
  {
    name: "a hyphen",
    range: "1.2 - 2.3.4",
    chosen: ["2.3.4", "1.2.0"],
    skipped: { "2.3.5": "out-of-range" },
  },
  { name: "everything", range: "*", chosen: ["3.1.0", "0.0.1"] },
  {
    name: "a v in front",
    range: ">=v1.2",
    chosen: ["v2.0.0", "1.2.0"],
    skipped: { "v1.0.0": "out-of-range" },
  },
  {
    name: "strictly three numbers (image-reflector-controller#809 has four)",
    range: "*",
    chosen: ["1.27.0"],
    skipped: {
      "1": "not-a-version",
      "1.25": "not-a-version",
      "1.25-alpine": "not-a-version",
      "10.0.20348.2402": "not-a-version",
      "1.02.3": "not-a-version",
      "01.2.3": "not-a-version",
      "2024.04.01": "not-a-version",
      "vv1.2.3": "not-a-version",
      "V1.2.3": "not-a-version",
      "1.2.3_1": "not-a-version",
      "1.2.3-01": "not-a-version",
      "1.2.3-rc..1": "not-a-version",
      "1.2.3-rc.": "not-a-version",
      "1.2.3-": "not-a-version",
      "1.2.3rc1": "not-a-version",
      "1.2.9007199254740993": "not-a-version",
      "3.22-alpine": "not-a-version",
    },
  },
  {
    name: "no prereleases unless asked for (argocd-image-updater#426)",
    range: ">=1.27.0-rc.1 <2",
    chosen: ["1.27.0"],
    skipped: { "1.27.0-rc.2": "prerelease", "1.28.0-beta": "prerelease", "1.26.0-rc.1": "out-of-range" },
  },
  {
    name: "a suffix is a family, not a prerelease (regclient#1041)",
    range: "*",
    chosen: ["1.27.0"],
    skipped: { "1.27.0-alpine": "other-family", "1.27.1-rc1-alpine": "prerelease" },
  },
  {
    name: "prereleases in their order",
    range: "*",
    prereleases: "include",
    chosen: ["1.0.0", "1.0.0-rc.11", "1.0.0-rc.2", "1.0.0-rc", "1.0.0-beta", "1.0.0-1"],
  },
  {
    name: "prereleases: <2.0.0 does not admit those of 2.0.0",
    range: ">=1.0.0 <2.0.0",
    prereleases: "include",
    chosen: ["1.9.0", "1.9.0-rc1"],
    skipped: { "2.0.0-rc1": "out-of-range", "2.0.0-0": "out-of-range", "1.0.0-rc1": "out-of-range" },
  },
  {
    name: "prereleases: nor do <2, ^1 and 1.x",
    range: "<2 || ^1.0.0 || 1.x",
    prereleases: "include",
    chosen: ["1.9.0-rc1"],
    skipped: { "2.0.0-rc1": "out-of-range" },
  },
  {
    name: "prereleases: a bound that is one itself is taken as written",
    range: "<2.0.0-rc2",
    prereleases: "include",
    chosen: ["2.0.0-rc1"],
    skipped: { "2.0.0-rc2": "out-of-range", "2.0.0": "out-of-range" },
  },
  {
    name: "prereleases: <=2.0.0 admits those of 2.0.0, which it admits itself",
    range: "<=2.0.0",
    prereleases: "include",
    chosen: ["2.0.0", "2.0.0-rc1"],
    skipped: { "2.0.1-rc1": "out-of-range" },
  },
  {
    name: "prereleases: a partial version covers its own",
    range: ">=1.27",
    prereleases: "include",
    chosen: ["1.27.0-rc1"],
    skipped: { "1.26.9-rc1": "out-of-range" },
  },
  {
    name: "a date does not beat versions (wud#866)",
    range: ">=10",
    chosen: ["10.11.4"],
    skipped: { "2021.12.16": "implausible-major", "20211216.1.0": "implausible-major" },
  },
  { name: "dates when the range names one", range: ">=2021", chosen: ["2024.1.5", "2021.12.16"] },
  { name: "dates when the range names nothing", range: "*", chosen: ["2024.1.5", "2021.12.16"] },
];

describe("semver", () => {
  it.each(cases)("$name", ({ range, prereleases = "exclude", chosen, skipped = {} }) => {
    const list = [...Object.keys(skipped), ...[...chosen].reverse()];
    const selection = selectBy({ tags: `semver ${range}`, prereleases }, list);
    expect(selection.versions).toEqual(chosen);
    expect(reasonsOf(selection)).toEqual(skipped);
  });

  it.each([
    ["1.28.0", "1.28.0 is outside ~1.27"],
    ["1.27.1-rc1", "1.27.1-rc1 is a prerelease, and Prereleases is exclude"],
    [
      "1.27.1-alpine",
      "1.27.1-alpine is of the family -alpine, and Family is plain; to follow it, add -alpine to Family",
    ],
    [
      "1.27",
      "1.27 has fewer than the three numbers of a semantic version; the scheme loose reads two to four",
    ],
    [
      "1.27.1.4",
      "1.27.1.4 has more than the three numbers of a semantic version; the scheme loose reads two to four",
    ],
    ["1.27.01", "1.27.01 has a leading zero, which semantic versions do not allow; the scheme loose does"],
    ["latest", "latest is not a semantic version (X.Y.Z); to follow it by digest, put it in Track"],
    ["2021.12.16", "2021.12.16 is outside ~1.27"],
  ])("explains %s", (tag, detail) => {
    expect(selectBy({ tags: "semver ~1.27" }, [tag]).skipped[0]?.detail).toBe(detail);
  });

  it.each([
    ["no range", "", "semver needs a range"],
    ["a word", "latest", '"latest" is not a semver range'],
    ["a pattern", "^1\\.2", "is not a semver range"],
    ["commas", ">=1.27, <2", "part the bounds with blanks, not commas"],
    ["control characters", ">=1\u001b[31m", '">=1?[31m" is not a semver range'],
    ["much", ">=1 ".repeat(100), "longer than 256 characters"],
  ])("refuses %s with an example", (_, range, message) => {
    const parse = () => parsePolicy(`semver ${range}`);
    expect(parse).toThrow(Failure);
    expect(parse).toThrow(message);
    expect(parse).toThrow("semver >=1.27 <2");
  });
});
