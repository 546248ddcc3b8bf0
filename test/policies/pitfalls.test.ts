import { describe, expect, it } from "vitest";
import { type Columns, reasonsOf, selectBy } from "./selecting.ts";

interface Case extends Columns {
  /** Where users of another tool ran into it. */
  readonly issue: string;
  readonly name: string;
  readonly list: readonly string[];
  readonly chosen: readonly string[];
  readonly skipped?: Readonly<Record<string, string>>;
}

const cases: readonly Case[] = [
  {
    issue: "regclient#215",
    name: "only the newest N",
    tags: "semver *",
    keep: 2,
    list: ["1.0.0", "1.2.0", "1.10.0", "1.9.0"],
    chosen: ["1.10.0", "1.9.0"],
    skipped: { "1.0.0": "superseded", "1.2.0": "superseded" },
  },
  {
    issue: "regclient#761",
    name: "the newest N of each minor version",
    tags: "semver *",
    keep: 1,
    keepPer: "minor",
    list: ["1.26.1", "1.26.2", "1.27.0", "1.27.1", "2.0.0"],
    chosen: ["2.0.0", "1.27.1", "1.26.2"],
    skipped: { "1.26.1": "superseded", "1.27.0": "superseded" },
  },
  {
    issue: "image-syncer#52",
    name: "the newest N of each major version, in each family",
    tags: "semver *",
    family: "plain,-alpine",
    keep: 1,
    keepPer: "major",
    list: ["1.26.1", "1.27.0", "2.0.0", "1.26.1-alpine", "1.27.0-alpine"],
    chosen: ["2.0.0", "1.27.0", "1.27.0-alpine"],
    skipped: { "1.26.1": "superseded", "1.26.1-alpine": "superseded" },
  },
  {
    issue: "wud#866",
    name: "a date does not beat versions, in whatever range",
    tags: "semver >=10 || >=11",
    list: ["10.11.4", "10.11.3", "2021.12.16"],
    chosen: ["10.11.4", "10.11.3"],
    skipped: { "2021.12.16": "implausible-major" },
  },
  {
    issue: "wud#866",
    name: "not even when all versions are below the range",
    tags: "semver >=11",
    list: ["10.11.4", "2021.12.16"],
    chosen: [],
    skipped: { "10.11.4": "out-of-range", "2021.12.16": "implausible-major" },
  },
  {
    issue: "wud#866",
    name: "in each family by what that family has, in range or not",
    tags: "semver >=10",
    family: "plain,-alpine",
    list: ["9.1.0", "9.0.0", "9.0.0-alpine", "2021.12.16-alpine", "2021.12.16"],
    chosen: [],
    skipped: {
      "9.1.0": "out-of-range",
      "9.0.0": "out-of-range",
      "9.0.0-alpine": "out-of-range",
      "2021.12.16-alpine": "implausible-major",
      "2021.12.16": "implausible-major",
    },
  },
  {
    issue: "wud#866",
    name: "a range that names such a number means it",
    tags: "semver >=10 <3000",
    list: ["10.11.4", "2021.12.16"],
    chosen: ["2021.12.16", "10.11.4"],
  },
  {
    issue: "wud#866",
    name: "majors that grow fast are believed",
    tags: "semver *",
    list: ["4.0.0", "104.0.0", "250.0.0"],
    chosen: ["250.0.0", "104.0.0", "4.0.0"],
  },
  {
    issue: "regclient#1041",
    name: "a suffix is no prerelease: it neither hides nor joins the versions",
    tags: "semver >=1.27",
    family: "-alpine",
    list: ["1.27.0", "1.27.0-alpine", "1.27.1-alpine", "1.28.0-rc.1-alpine"],
    chosen: ["1.27.1-alpine", "1.27.0-alpine"],
    skipped: { "1.27.0": "other-family", "1.28.0-rc.1-alpine": "prerelease" },
  },
  {
    issue: "argocd-image-updater#426",
    name: "prereleases only when asked for, though the range names one",
    tags: "semver >=1.0.0-0",
    list: ["1.0.0", "1.1.0-rc.1", "1.1.0-beta", "1.1.0-20240101"],
    chosen: ["1.0.0"],
    skipped: { "1.1.0-rc.1": "prerelease", "1.1.0-beta": "prerelease", "1.1.0-20240101": "prerelease" },
  },
  {
    issue: "argocd-image-updater#426",
    name: "only those with a label that is asked for, known or not",
    tags: "semver *",
    prereleases: "rc, hotfix",
    list: ["1.0.0", "1.0.0-hotfix.1", "1.1.0-RC1", "1.1.0-beta.1", "1.1.0-1", "1.1.0-rcx"],
    chosen: ["1.1.0-RC1", "1.0.0", "1.0.0-hotfix.1"],
    skipped: { "1.1.0-beta.1": "prerelease", "1.1.0-1": "prerelease", "1.1.0-rcx": "other-family" },
  },
  {
    issue: "image-reflector-controller#809",
    name: "four numbers are a version",
    tags: "loose >=10",
    list: ["10.0.20348.2402", "10.0.20348.2340", "9.0.1.1"],
    chosen: ["10.0.20348.2402", "10.0.20348.2340"],
    skipped: { "9.0.1.1": "out-of-range" },
  },
  {
    issue: "diun#556",
    name: "only newer than mine",
    tags: "semver >1.27.3",
    list: ["1.27.2", "1.27.3", "1.27.4", "1.28.0-rc1", "latest"],
    chosen: ["1.27.4"],
    skipped: {
      "1.27.2": "out-of-range",
      "1.27.3": "out-of-range",
      "1.28.0-rc1": "prerelease",
      latest: "not-a-version",
    },
  },
  {
    issue: "image-reflector-controller#932",
    name: "a list of latest alone has no version, and says so",
    tags: "semver *",
    list: ["latest"],
    chosen: [],
    skipped: { latest: "not-a-version" },
  },
  {
    issue: "flux-mirror",
    name: "an upper bound shuts out its own prereleases",
    tags: "semver <2.0.0",
    prereleases: "include",
    list: ["2.0.0-rc1", "1.9.0"],
    chosen: ["1.9.0"],
    skipped: { "2.0.0-rc1": "out-of-range" },
  },
  {
    issue: "flux-mirror",
    name: "sorted by what was extracted, and back to the tag",
    tags: "number *",
    extract: "[a-z]+-([0-9]+)",
    keep: 2,
    list: ["zulu-1", "alpha-30", "mike-200"],
    chosen: ["mike-200", "alpha-30"],
    skipped: { "zulu-1": "superseded" },
  },
  {
    issue: "Renovate",
    name: "compared within a family: 3.22-alpine is 3.22",
    tags: "loose *",
    family: "-alpine",
    keep: 1,
    list: ["3.9-alpine", "3.22-alpine", "3.23", "3.22.1-slim"],
    chosen: ["3.22-alpine"],
    skipped: { "3.9-alpine": "superseded", "3.23": "other-family", "3.22.1-slim": "other-family" },
  },
  {
    issue: "Renovate",
    name: "with the same number of segments: an alias is no version",
    tags: "loose *",
    list: ["1.27", "1.27.4", "1.27.3", "1.28"],
    chosen: ["1.28", "1.27.4", "1.27.3"],
    skipped: { "1.27": "floating" },
  },
  {
    issue: "Renovate",
    name: "hex commit ids are no versions",
    tags: "number *",
    list: ["1234567", "123456e", "sha-1234567"],
    chosen: ["1234567"],
    skipped: { "123456e": "commit-id", "sha-1234567": "commit-id" },
  },
  {
    issue: "dregsy",
    name: "verbatim tags are always kept, beside the newest N",
    tags: "semver *",
    keep: 1,
    exclude: ".*nightly",
    verbatim: ["1.0.0", "2.0.0-nightly", "absent"],
    list: ["1.0.0", "1.1.0", "1.2.0", "2.0.0-nightly"],
    chosen: ["1.2.0", "1.0.0", "2.0.0-nightly"],
    skipped: { "1.1.0": "superseded" },
  },
];

describe("what others get wrong", () => {
  it.each(cases)("$issue: $name", ({ list, chosen, skipped = {}, ...columns }) => {
    const selection = selectBy(columns, list);
    expect(selection.versions).toEqual(chosen);
    expect(reasonsOf(selection)).toEqual(skipped);
  });

  it("argocd-image-updater#429: no logs need be read, every tag tells why it was not chosen", () => {
    const list = cases.flatMap((each) => [...each.list]);
    for (const columns of cases) {
      for (const { tag, detail } of selectBy(columns, list).skipped) {
        expect(detail).toContain(tag);
        expect(detail).toMatch(/^[\x20-\x7e]{10,300}[^.]$/);
      }
    }
  });

  it.each<{ readonly columns: Columns; readonly list: readonly string[]; readonly detail: string }>([
    {
      columns: { tags: "semver >=10" },
      list: ["2021.12.16", "10.11.4"],
      detail:
        "2021.12.16 is far beyond 10, the next lower first number here, and >=10 names no such number; if it is meant, name it in the range",
    },
    {
      columns: { tags: "loose *" },
      list: ["1.27", "1.27.4"],
      detail:
        "1.27 stands for the newest of the longer tags that begin with it; to follow it by digest, put it in Track",
    },
    {
      columns: { tags: "semver <2.0.0", prereleases: "include" },
      list: ["2.0.0-rc1"],
      detail: "2.0.0-rc1 is outside <2.0.0: an upper bound shuts out its own prereleases",
    },
    {
      columns: { tags: "semver *", prereleases: "rc,hotfix" },
      list: ["1.0.0-beta"],
      detail: "1.0.0-beta is a prerelease, and Prereleases lists only rc, hotfix",
    },
    {
      columns: { tags: "semver *", keep: 2, keepPer: "minor" },
      list: ["1.0.0", "1.0.1", "1.0.2"],
      detail: "1.0.0 comes after the 2 of each minor version that Keep allows",
    },
    {
      columns: { tags: "semver *" },
      list: ["latest"],
      detail: "latest is not a semantic version (X.Y.Z); to follow it by digest, put it in Track",
    },
    {
      columns: { tags: "semver *" },
      list: ["sha-9f2c1ab"],
      detail: "sha-9f2c1ab names a commit, not a version",
    },
  ])("says: $detail", ({ columns, list, detail }) => {
    expect(selectBy(columns, list).skipped.map((each) => each.detail)).toEqual([detail]);
  });
});
