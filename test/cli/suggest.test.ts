import { execFileSync } from "node:child_process";
import { describe, expect, it } from "vitest";
import { addCommand, suggestionLines } from "../../cli/suggest.ts";
import { tagListOf, tagPageOf } from "../../shared/model/tag-list.ts";
import { suggestRow } from "../../shared/steps/suggest/suggest-row.ts";

const source = { host: "up.example", path: "library/app" };

describe("the line to paste", () => {
  it.each([
    [
      { Tags: "semver >=1.27 <2", Keep: "2", KeepPer: "minor" },
      "--tags 'semver >=1.27 <2' --keep 2 --keep-per minor",
    ],
    [{ Family: "-debian-*-r*" }, "--family='-debian-*-r*'"],
    [{ Extract: "a([0-9]+)\\.b => $1" }, "--extract 'a([0-9]+)\\.b => $1'"],
    [{ Include: "it's" }, "--include 'it'\\''s'"],
  ])("for %j", (columns, flags) => {
    expect(addCommand("up.example/app", columns)).toBe(`wharfgate watch add up.example/app ${flags}`);
  });

  it("gives a shell exactly the columns", () => {
    const columns = { Tags: "number *", Extract: "v$1'\"\\`;x", Exclude: "a|b&c", Family: "-x y" };
    const line = addCommand("up.example/app", columns).replace("wharfgate", "printf '%s\\n'");
    expect(execFileSync("/bin/sh", ["-c", line], { encoding: "utf8" }).trimEnd().split("\n")).toEqual([
      "watch",
      "add",
      "up.example/app",
      ...["--tags", columns.Tags, "--extract", columns.Extract, "--exclude", columns.Exclude],
      `--family=${columns.Family}`,
    ]);
  });
});

function linesFor(tags: readonly string[]): string[] {
  const suggestion = suggestRow(source, tagListOf([tagPageOf(tags)]));
  return suggestionLines(suggestion, ({ columns }) => addCommand(suggestion.source, columns));
}

describe("a suggestion's lines", () => {
  it("end with what the row selects, and the line to paste", () => {
    expect(linesFor(["1.0.0", "1.1.0", "1.1", "1.1.0-alpine", "latest"])).toEqual([
      "up.example/library/app: 5 tags",
      "  4 of 4 tags that could be versions are semantic versions, or short forms of them.",
      "  All are taken: there are no more than 2.",
      "",
      "  families     plain 2 (newest 1.1.0), -alpine 1 (newest 1.1.0-alpine)",
      "  moving       latest",
      "  short forms  1, such as 1.1",
      "",
      "  latest moves with upstream: to follow it by its digest too, add --track latest.",
      "",
      "  semantic versions without a suffix: selects 2 now, 1.1.0, 1.0.0",
      "  wharfgate watch add up.example/library/app --tags 'semver *'",
      "",
    ]);
  });

  it("show every alternative when it is unclear", () => {
    const lines = linesFor(["1.0.0-jdk", "1.1.0-jdk", "1.0.0-jre", "1.1.0-jre"]);
    expect(lines).toContain("  No row is proposed, since the tags do not say which is meant. Choose one:");
    expect(lines.filter((line) => line.includes("watch add"))).toEqual([
      "  wharfgate watch add up.example/library/app --tags 'semver *' --family=-jdk",
      "  wharfgate watch add up.example/library/app --tags 'semver *' --family=-jre",
    ]);
  });

  it("say when there is nothing to follow", () => {
    expect(linesFor([])).toEqual([
      "up.example/library/app: 0 tags",
      "  The repository has no tags.",
      "",
      "  No row is proposed.",
    ]);
  });
});
