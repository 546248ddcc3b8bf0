import { parseNumberRange } from "./number-range.ts";
import type { PolicyMember } from "./policy.ts";
import type { Layout } from "./tag-reader.ts";

const layout: Layout = { least: 2, most: 4, suffixes: "wide", dashes: "end" };

/** Two to four numbers, as people write versions: 1.25, 10.0.20348.2402, 2024.04.1, Python's 3.13.0rc2. */
export const loose: PolicyMember = {
  kind: "loose",
  parse(text) {
    return {
      kind: "version",
      layout,
      range: parseNumberRange(text, {
        scheme: "loose",
        layout,
        example: "loose >=1.25 <2",
        shorthands: "allowed",
      }),
      text,
      traits: new Set(["aliases", "majors", "keepPer"]),
      explain(tag, problem) {
        switch (problem) {
          case "few-numbers":
            return `${tag} has one number, and loose reads two to four; the scheme number reads it`;
          case "many-numbers":
            return `${tag} has more than the four numbers that loose reads`;
          case "too-great":
            return `${tag} has a number over 2^53, which cannot be compared exactly`;
          case "bad-suffix":
            return `${tag} has something after its numbers that is neither a prerelease nor a suffix led in by - . or _`;
          default:
            return `${tag} does not begin with two to four numbers parted by dots`;
        }
      },
    };
  },
};
