// The rest of the library is forty more files to load.
import Range from "semver/classes/range.js";
import { printable } from "../model/digest.ts";
import { Failure } from "../model/failure.ts";
import { bySemver } from "./precedence.ts";
import { type Bound, createVersionRange, type VersionRange } from "./version-range.ts";

const maxLength = 256;
const example = 'write for example "semver >=1.27 <2", or "semver *" for all';

/**
 * Reads a range in npm's syntax (`>=1.27 <2`, `^1.27.0`, `1.x || 3.x`). A partial version covers its prereleases: 1.27
 * starts at the first prerelease of 1.27.0. An upper bound shuts out its own prereleases: `<2.0.0` does not admit
 * 2.0.0-rc1, which by bare precedence is older than 2.0.0; `<2.0.0-rc2` does. Throws `invalid`.
 */
export function parseSemverRange(text: string): VersionRange {
  return createVersionRange(
    parse(text).set.map((comparators) => comparators.flatMap(toBound)),
    bySemver,
  );
}

function parse(text: string): Range {
  if (text === "") throw new Failure("invalid", `semver needs a range: ${example}`);
  if (text.length > maxLength) {
    throw new Failure("invalid", `the semver range is longer than ${maxLength} characters: ${example}`);
  }
  try {
    // With prereleases, partial versions are completed by "-0", the lowest prerelease.
    return new Range(text, { includePrerelease: true });
  } catch (cause) {
    const hint = text.includes(",") ? "part the bounds with blanks, not commas; " : "";
    throw new Failure("invalid", `"${printable(text)}" is not a semver range: ${hint}${example}`, { cause });
  }
}

function toBound({ operator, semver }: Range["set"][number][number]): Bound[] {
  // npm's comparator for "any version" has a symbol in place of a version.
  if (semver.major === undefined) return [];
  const { major, minor, patch, prerelease } = semver;
  const release = operator === "<" ? "lowest" : "release";
  return [
    {
      operator: operator === "" ? "=" : operator,
      numbers: [major, minor, patch, 0],
      prerelease: prerelease.length === 0 ? release : Buffer.from(prerelease.join(".")),
    },
  ];
}
