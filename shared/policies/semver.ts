import type { PolicyMember } from "./policy.ts";
import { parseSemverRange } from "./semver-range.ts";

/** Semantic versions, strictly X.Y.Z with an optional v; ranges and order as npm has them. */
export const semver: PolicyMember = {
  kind: "semver",
  parse(text) {
    return {
      kind: "version",
      layout: { least: 3, most: 3, suffixes: "strict", dashes: "end" },
      range: parseSemverRange(text),
      text,
      traits: new Set(["majors", "keepPer"]),
      explain(tag, problem) {
        switch (problem) {
          case "few-numbers":
            return `${tag} has fewer than the three numbers of a semantic version; the scheme loose reads two to four`;
          case "many-numbers":
            return `${tag} has more than the three numbers of a semantic version; the scheme loose reads two to four`;
          case "leading-zero":
            return `${tag} has a leading zero, which semantic versions do not allow; the scheme loose does`;
          case "too-great":
            return `${tag} has a number over 2^53, which cannot be compared exactly`;
          case "no-number":
            return `${tag} is not a semantic version (X.Y.Z); to follow it by digest, put it in Track`;
          default:
            return `${tag} is not a semantic version (X.Y.Z)`;
        }
      },
    };
  },
};
