import { parseNumberRange } from "./number-range.ts";
import type { PolicyMember } from "./policy.ts";
import type { Layout } from "./tag-reader.ts";

const layout: Layout = { least: 1, most: 1, suffixes: "wide", dashes: "end" };

/** One whole number: a build, a revision, a date without separators. */
export const number: PolicyMember = {
  kind: "number",
  parse(text) {
    return {
      kind: "version",
      layout,
      range: parseNumberRange(text, {
        scheme: "number",
        layout,
        example: "number >=1200",
        shorthands: "refused",
      }),
      text,
      traits: new Set(),
      explain(tag, problem) {
        switch (problem) {
          case "many-numbers":
            return `${tag} has more than one number; the scheme semver or loose reads it`;
          case "too-great":
            return `${tag} is over 2^53, which cannot be compared exactly; Extract can cut it shorter`;
          default:
            return `${tag} is not a whole number; Extract can take one out of it`;
        }
      },
    };
  },
};
