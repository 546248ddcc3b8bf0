import { describe, expect, it } from "vitest";
import { parsePolicy } from "../../shared/policies/members.ts";
import { selectBy } from "./selecting.ts";

describe("parsePolicy", () => {
  it.each([
    [
      "empty text",
      "",
      "Tags is empty: the scheme must be one of semver, loose, calver, number, alphabetical, exact",
    ],
    [
      "blanks",
      " \t ",
      "Tags is empty: the scheme must be one of semver, loose, calver, number, alphabetical, exact",
    ],
    [
      "an unknown scheme",
      "newest 3",
      'Tags starts with "newest": the scheme must be one of semver, loose, calver',
    ],
    [
      "a range without its scheme",
      ">=1.27 <2",
      'Tags starts with ">=1.27": the scheme must be one of semver, loose, calver',
    ],
    ["a name of every object", "constructor x", 'Tags starts with "constructor"'],
    ["hostile text", "\u202e<script> x", 'Tags starts with "?<script>"'],
  ])("refuses %s, with an example", (_, text, message) => {
    const parse = () => parsePolicy(text);
    expect(parse).toThrow(message);
    expect(parse).toThrow('write for example "semver >=1.27 <2"');
    expect(parse).toThrow(expect.objectContaining({ code: "invalid", transient: false }));
  });

  it.each(["semver >=1.27 <2", "  semver\t>=1.27 <2 ", "exact 1.27.0"])("reads %j", (text) => {
    expect(selectBy({ tags: text }, ["1.27.0"]).versions).toEqual(["1.27.0"]);
  });
});
