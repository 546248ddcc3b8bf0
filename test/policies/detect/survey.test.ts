import { describe, expect, it } from "vitest";
import { groupFamilies } from "../../../shared/policies/detect/family-groups.ts";
import { surveyTags } from "../../../shared/policies/detect/survey.ts";

const digest = "0123456789abcdef".repeat(4);

/** Where each of the tags stands. */
function sorted(tags: readonly string[]): Record<string, readonly string[]> {
  const survey = surveyTags(tags);
  const { versions, dates, numbers, aliases, platforms, lines, names, artifacts, commits, invalid } = survey;
  const tagsOf = (list: readonly { readonly tag: string }[]) => list.map(({ tag }) => tag);
  const all = {
    versions: tagsOf(versions),
    dates: tagsOf(dates),
    numbers: tagsOf(numbers),
    aliases: tagsOf(aliases),
    platforms,
    lines: lines.flatMap((line) => line.tags),
    names,
    artifacts,
    commits,
    invalid,
  };
  return Object.fromEntries(Object.entries(all).filter(([, list]) => list.length > 0));
}

describe("a survey", () => {
  it.each([
    [
      "versions with their short forms",
      ["1.27.4", "1.27", "1"],
      { versions: ["1.27.4"], aliases: ["1", "1.27"] },
    ],
    [
      "short forms with a suffix of their own",
      ["21.0.4_7-jdk", "21-jdk"],
      { versions: ["21.0.4_7-jdk"], aliases: ["21-jdk"] },
    ],
    ["a version without a third number", ["3.1", "3.2.0"], { versions: ["3.1", "3.2.0"] }],
    ["builds", ["1234", "1235"], { numbers: ["1234", "1235"] }],
    ["dates in one piece", ["20240613", "20240613.1"], { dates: ["20240613.1"], aliases: ["20240613"] }],
    ["eight digits that are no date", ["20241399"], { numbers: ["20241399"] }],
    ["dates with dots", ["2024.6.1", "2024.12"], { dates: ["2024.12", "2024.6.1"] }],
    ["a year with what is no month", ["2024.13.1"], { versions: ["2024.13.1"] }],
    ["dates with hyphens", ["2024-06-13"], { dates: ["2024-06-13"] }],
    ["short years, when months are padded", ["24.04", "22.10"], { dates: ["22.10", "24.04"] }],
    [
      "two numbers of two digits, no month of which is padded",
      ["10.11", "11.10"],
      { versions: ["10.11", "11.10"] },
    ],
    ["two numbers of two digits that are no dates", ["10.11", "11.4"], { versions: ["10.11", "11.4"] }],
    [
      "versions that could be dates, were it not for others",
      ["22.12.0", "22.4.0"],
      { versions: ["22.12.0", "22.4.0"] },
    ],
    ["builds of a branch", ["main-1a2b3c4-1718318033"], { lines: ["main-1a2b3c4-1718318033"] }],
    ["versions with a commit", ["1.2.3-1a2b3c4"], { lines: ["1.2.3-1a2b3c4"] }],
    ["builds of a version by date", ["17.0-20240612"], { lines: ["17.0-20240612"] }],
    ["one platform's tags, by their first word", ["arm64v8-1.2.3"], { platforms: ["arm64v8-1.2.3"] }],
    ["names", ["latest", "noble"], { names: ["latest", "noble"] }],
    [
      "signatures and commits",
      [`sha256-${digest}.sig`, "1a2b3c4"],
      { artifacts: [`sha256-${digest}.sig`], commits: ["1a2b3c4"] },
    ],
    [
      "a commit that happens to have no letter",
      ["1234567", "1a2b3c4", "2a2b3c4", "3a2b3c4", "4a2b3c4", "5a2b3c4", "6a2b3c4"],
      { commits: ["1a2b3c4", "2a2b3c4", "3a2b3c4", "4a2b3c4", "5a2b3c4", "6a2b3c4", "1234567"] },
    ],
    ["what is no tag", ["", "-a", "a b"], { invalid: ["", "-a", "a b"] }],
    ["repeats, once", ["1.0.0", "1.0.0"], { versions: ["1.0.0"] }],
  ])("tells %s", (_, tags, expected) => {
    expect(sorted(tags)).toEqual(expected);
  });
});

describe("families", () => {
  it.each([
    ["no suffix", ["1.0.0", "v1.1.0"], [["plain", "v1.1.0"]]],
    ["one suffix, as it is", ["1.0.0-alpine3.20", "1.1.0-alpine3.20"], [["-alpine3.20", "1.1.0-alpine3.20"]]],
    [
      "suffixes that count, as one",
      ["1.0.0-alpine3.20", "1.0.0-alpine3.9"],
      [["-alpine*", "1.0.0-alpine3.20"]],
    ],
    ["revisions", ["1.0.0-debian-12-r9", "1.0.0-debian-12-r10"], [["-debian-*-r*", "1.0.0-debian-12-r10"]]],
    ["a release before its prerelease", ["1.0.0", "1.1.0-rc.1"], [["plain", "1.0.0"]]],
    ["prereleases alone", ["1.0.0-rc.2", "1.0.0-rc.10"], [["plain", "1.0.0-rc.10"]]],
    ["one platform's tags not, beside others", ["1.0.0", "1.0.0-amd64"], [["plain", "1.0.0"]]],
    ["one platform's tags alone", ["1.0.0-amd64"], [["-amd64", "1.0.0-amd64"]]],
    [
      "the one with the most versions first, however many tags it has",
      ["1.0.0-a1", "1.0.0-a2", "1.0.0-a3", "1.0.0-slim", "1.1.0-slim"],
      [["-slim", "1.1.0-slim"]],
    ],
  ])("%s", (_, tags, expected) => {
    const groups = groupFamilies(surveyTags(tags).versions);
    expect(groups.slice(0, expected.length).map(({ name, newest }) => [name, newest])).toEqual(expected);
  });
});
