import { printable } from "../model/digest.ts";
import { Failure } from "../model/failure.ts";
import { byNature } from "./precedence.ts";
import { type Layout, TagReader } from "./tag-reader.ts";
import { type Bound, createVersionRange, type VersionRange } from "./version-range.ts";

const maxLength = 256;

export interface RangeSyntax {
  readonly scheme: string;
  readonly layout: Layout;
  /** A range that people could paste, for error messages. */
  readonly example: string;
  /** Whether `~` and `^` mean something. */
  readonly shorthands: "allowed" | "refused";
}

/**
 * Reads `>=1.25 <2 || 3.x`: comparators, `~`, `^` and `||`. A version with fewer numbers than the scheme has stands for all
 * that begin with it: `1.2` and `1.2.x` for 1.2 to before 1.3, `>1.2` for 1.3 and later, `<=1.2` for all before 1.3. As in
 * semver, an upper bound shuts out its own prereleases. Throws `invalid`.
 */
export function parseNumberRange(text: string, syntax: RangeSyntax): VersionRange {
  const { scheme, example } = syntax;
  if (text === "")
    throw new Failure("invalid", `${scheme} needs a range: write for example "${example}" or "${scheme} *"`);
  if (text.length > maxLength)
    throw new Failure("invalid", `the ${scheme} range is longer than ${maxLength} characters`);
  const alternatives = text.split("||").map((alternative) => {
    const parts = alternative.trim().replace(/([<>=~^])\s+/g, "$1");
    if (parts === "") throw refusal(text, syntax, "");
    return parts.split(/\s+/).flatMap((part) => toBounds(part, text, syntax));
  });
  return createVersionRange(alternatives, byNature);
}

function toBounds(part: string, text: string, syntax: RangeSyntax): Bound[] {
  const [, operator = "", version = ""] = /^(>=|<=|>|<|=|~|\^|)(.*)$/.exec(part) ?? [];
  if (/^[*xX]$/.test(version) && /^(?:|=|>=|<=)$/.test(operator)) return [];
  const written = readVersion(version.replace(/(?:\.[*xX])+$/, ""), syntax);
  if (written === undefined) {
    const hint = text.includes(",") ? "part the bounds with blanks, not commas; " : "";
    throw refusal(text, syntax, hint);
  }
  const { numbers, count, prerelease } = written;
  // From three numbers on a lower bound is a release, as in semver; fewer begin with their first prerelease.
  const start = prerelease ?? (count < Math.min(3, syntax.layout.most) ? "lowest" : "release");
  const whole = prerelease !== undefined || count >= syntax.layout.most;
  const from: Bound = { operator: ">=", numbers, prerelease: start };
  const before = (place: number): Bound => ({
    operator: "<",
    numbers: next(numbers, place),
    prerelease: "lowest",
  });
  const after = before(count - 1);
  switch (operator) {
    case ">=":
      return [from];
    case "<":
      return [{ operator, numbers, prerelease: prerelease ?? "lowest" }];
    case ">":
      return whole ? [{ operator, numbers, prerelease: start }] : [{ ...after, operator: ">=" }];
    case "<=":
      return whole ? [{ operator, numbers, prerelease: start }] : [after];
    case "~":
    case "^": {
      if (syntax.shorthands === "refused") throw refusal(text, syntax, `${operator} means nothing here; `);
      const first = numbers.findIndex((number) => number > 0);
      const caret = first < 0 ? count - 1 : Math.min(first, count - 1);
      return [from, before(operator === "^" ? caret : Math.min(1, count - 1))];
    }
    default:
      return whole ? [{ operator: "=", numbers, prerelease: start }] : [from, after];
  }
}

interface Written {
  readonly numbers: readonly number[];
  readonly count: number;
  readonly prerelease: Uint8Array | undefined;
}

function readVersion(text: string, { layout }: RangeSyntax): Written | undefined {
  const reader = new TagReader({ ...layout, least: 1 }, "include");
  const bytes = Buffer.from(text);
  if (reader.read(bytes, 0, bytes.length) !== undefined || reader.familyStart < bytes.length)
    return undefined;
  const { prereleaseStart, prereleaseEnd } = reader;
  return {
    numbers: [...reader.numbers],
    count: reader.count,
    prerelease:
      prereleaseStart === prereleaseEnd ? undefined : bytes.subarray(prereleaseStart, prereleaseEnd),
  };
}

/** The first version after all that begin with the numbers up to `place`. */
function next(numbers: readonly number[], place: number): readonly number[] {
  return numbers.map((number, index) => (index < place ? number : index === place ? number + 1 : 0));
}

function refusal(text: string, { scheme, example }: RangeSyntax, hint: string): Failure {
  return new Failure(
    "invalid",
    `"${printable(text)}" is not a range of ${scheme}: ${hint}write for example "${example}"`,
  );
}
