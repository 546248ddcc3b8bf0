import { describe, expect, it } from "vitest";
import { tagAt, tagListOf, tagPageOf, tagsOf } from "../../shared/model/tag-list.ts";

describe("a tag list", () => {
  it.each([
    { name: "plain tags", tags: ["1.2.3", "latest", "v1"] },
    { name: "none", tags: [] },
    { name: "repeats, kept as they are", tags: ["a", "b", "a"] },
    { name: "an empty tag between others", tags: ["a", "", "b"] },
    { name: "tags outside ASCII", tags: ["é", "1.0", "名"] },
  ])("gives back $name", ({ tags }) => {
    expect([...tagsOf(tagListOf([tagPageOf(tags)]))]).toEqual(tags);
  });

  it("goes on over pages and counts all", () => {
    const list = tagListOf([tagPageOf(["a", "b"]), tagPageOf([]), tagPageOf(["c"])]);
    expect([...tagsOf(list)]).toEqual(["a", "b", "c"]);
    expect(list.size).toBe(3);
  });

  it("reads a tag out of the middle of other text", () => {
    const text = Buffer.from('xx{"tags":["1.0"]}').subarray(2);
    const page = { bytes: text, bounds: Uint32Array.of(10, 13) };
    expect(tagAt(page, 0)).toBe("1.0");
  });
});
