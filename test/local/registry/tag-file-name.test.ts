import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { parseTagName } from "../../../local/registry/names.ts";
import { tagFileName, tagOfFileName } from "../../../local/registry/store/tag-file-name.ts";

describe("tagFileName", () => {
  it.each([
    ["1.27.1-alpine", "1.27.1-alpine"],
    ["RC1", "rc1~3"],
    ["rC1", "rc1~2"],
  ])("of %s is %s", (tag, name) => {
    expect(tagFileName(parseTagName(tag))).toBe(name);
  });

  it("tells every two tags apart without regard to case, and reads back", () => {
    const tags = fc.stringMatching(/^[a-zA-Z0-9_][a-zA-Z0-9._-]{0,127}$/).map(parseTagName);
    fc.assert(
      fc.property(tags, tags, (a, b) => {
        expect(tagOfFileName(tagFileName(a))).toBe(a);
        expect(tagFileName(a)).toBe(tagFileName(a).toLowerCase());
        expect(tagFileName(a) === tagFileName(b)).toBe(a === b);
      }),
    );
  });

  it("stays short for the longest tag", () => {
    expect(tagFileName(parseTagName("A".repeat(128))).length).toBeLessThan(200);
  });

  it.each([".DS_Store", "a~", "a~b~c", "~1", "a b"])("knows %s for no file of ours", (name) => {
    expect(tagOfFileName(name)).toBeUndefined();
  });
});
