import { describe, expect, it } from "vitest";
import { parseExtract } from "../../shared/policies/extract.ts";
import { reasonsOf, selectBy } from "./selecting.ts";

describe("Extract", () => {
  it.each([
    ["the group named version", "build-(?P<version>[0-9]+)-([a-z]+)", "build-12-main", "12"],
    ["all groups, parted by dots", "v([0-9]+)_([0-9]+)", "v1_2", "1.2"],
    ["only the groups that matched", "v([0-9]+)(?:_([0-9]+))?", "v1", "1"],
    ["the whole tag without groups", "[0-9]+", "12", "12"],
    ["a template", "(.*)-b([0-9]+) => $1.$2", "1.2-b07", "1.2.07"],
    ["names in a template", "(?P<day>.*)_(?P<month>.*) => $month-$day", "7_12", "12-7"],
    ["names in braces, where letters follow", "(?P<day>.*)_.* => $\u007bday\u007dth", "7_12", "7th"],
    ["group 0, the whole match", "r.* => 1.$0", "r5", "1.r5"],
    ["nothing of a tag that does not match as a whole", "[0-9]+", "12-x", undefined],
    ["nothing of an empty key", "x(.*)", "x", undefined],
  ])("takes %s", (_, pattern, tag, key) => {
    expect(parseExtract(pattern).from(tag)).toBe(key);
  });

  it.each([
    ["(", 'Extract "(" is not an RE2 pattern'],
    ["", "Extract is empty"],
    [" => $1", "Extract is empty"],
    ["(.*) =>", 'Extract\'s template "" is empty'],
    ["(.*) => $2", "names group 2, and the pattern has 1"],
    ["(.*) => $name", "names the group name, and the pattern has none with a name"],
    ["(?P<a>.*) => $b", "names the group b, and the pattern has a"],
    ["(.*) => $1 $1", 'has " ", which is neither of a tag nor a group'],
    ["(.*) => $", 'has "$", which is neither'],
    ["(.*) => $\u007b1", 'has "$", which is neither'],
  ])("refuses %s", (text, message) => {
    expect(() => parseExtract(text)).toThrow(expect.objectContaining({ code: "invalid" }));
    expect(() => parseExtract(text)).toThrow(message);
  });

  it("gives the scheme what it reads, and brings the tags in", () => {
    const selection = selectBy({ tags: "number >=10", extract: "main-[0-9a-f]+-([0-9]+)", keep: 1 }, [
      "main-9f2c1ab-11",
      "main-9f2c1ab-12",
      "main-0f2c1ab-9",
      "v1-9f2c1ab-13",
    ]);
    expect(selection.versions).toEqual(["main-9f2c1ab-12"]);
    expect(reasonsOf(selection)).toEqual({
      "main-9f2c1ab-11": "superseded",
      "main-0f2c1ab-9": "out-of-range",
      "v1-9f2c1ab-13": "not-extracted",
    });
  });

  it("reports two tags with one key, and chooses both, which count once for Keep", () => {
    const selection = selectBy({ tags: "semver *", extract: "(.*)-[a-z]+", keep: 2 }, [
      "1.0.0-a",
      "1.2.0-a",
      "1.1.0-a",
      "1.2.0-b",
      "1.0.0-b",
    ]);
    expect(selection.versions).toEqual(["1.2.0-a", "1.2.0-b", "1.1.0-a"]);
    expect(selection.collisions).toEqual([{ key: "1.2.0", tags: ["1.2.0-a", "1.2.0-b"] }]);
    expect(reasonsOf(selection)).toEqual({ "1.0.0-a": "superseded", "1.0.0-b": "superseded" });
  });

  it("reads families and prereleases out of the key", () => {
    const columns = { tags: "semver *", extract: "app-(.*)", family: "-alpine" };
    const selection = selectBy(columns, [
      "app-1.0.0-alpine",
      "app-1.0.0",
      "app-1.1.0-rc1-alpine",
      "1.2.0-alpine",
    ]);
    expect(selection.versions).toEqual(["app-1.0.0-alpine"]);
    expect(reasonsOf(selection)).toEqual({
      "app-1.0.0": "other-family",
      "app-1.1.0-rc1-alpine": "prerelease",
      "1.2.0-alpine": "not-extracted",
    });
    expect(selection.skipped.find(({ tag }) => tag === "app-1.0.0")?.detail).toContain(
      "app-1.0.0, read as 1.0.0, has no leading v",
    );
  });

  it("never takes artifacts or commit ids, whatever it makes of them", () => {
    const artifact = `sha256-${"1".repeat(64)}`;
    const { versions, skipped } = selectBy({ tags: "number *", extract: ".*[-a-f]([0-9])[0-9]*" }, [
      artifact,
      "9f2c1ab1",
      "ü-1",
    ]);
    expect(versions).toEqual([]);
    expect(skipped.map(({ reason }) => reason)).toEqual(["commit-id", "artifact", "invalid-tag"]);
  });

  it("keeps keys apart when there are more than fit into one block", () => {
    const list = Array.from({ length: 8_000 }, (_, index) => `build-${index}`);
    const { versions } = selectBy({ tags: "number *", extract: "build-(.*)" }, list);
    expect(versions).toEqual([...list].reverse());
  });
});
