import { printable } from "../model/digest.ts";
import { Failure } from "../model/failure.ts";
import { admits, type Operator, operators } from "./comparator.ts";
import type { PolicyMember } from "./policy.ts";

const maxLength = 256;
const example = 'write for example "alphabetical", "alphabetical desc" or "alphabetical >=2024 <2025"';

/**
 * Names in the order of their bytes. `asc`, the default: the last in the alphabet is the newest, as with timestamps; `desc`:
 * the first is. Bounds are compared in the same order of bytes.
 */
export const alphabetical: PolicyMember = {
  kind: "alphabetical",
  parse(text) {
    if (text.length > maxLength)
      throw new Failure("invalid", `the bounds of alphabetical are longer than ${maxLength} characters`);
    const [, direction = "asc"] = /^(asc|desc)(?=$|[\s<>=])/.exec(text) ?? [];
    const written = text.replace(/^(?:asc|desc)(?=$|[\s<>=])/, "").trim();
    const bounds = parseBounds(written);
    return {
      kind: "name",
      refuse(name) {
        if (bounds.every(({ operator, limit }) => admits(operator, byCodeUnit(name, limit))))
          return undefined;
        return { reason: "out-of-range", detail: `${name} is outside ${written}` };
      },
      compare: direction === "asc" ? (a, b) => byCodeUnit(b, a) : byCodeUnit,
      names: () => false,
    };
  },
};

interface Bound {
  readonly operator: Operator;
  readonly limit: string;
}

function parseBounds(text: string): readonly Bound[] {
  if (text === "" || text === "*") return [];
  return text
    .replace(/([<>=])\s+/g, "$1")
    .split(/\s+/)
    .map((part) => {
      const [, sign, limit] = /^(>=|<=|>|<|=)([a-zA-Z0-9._-]{1,128})$/.exec(part) ?? [];
      const operator = operators.find((each) => each === sign);
      if (operator === undefined || limit === undefined)
        throw new Failure("invalid", `"${printable(text)}" is not what alphabetical reads: ${example}`);
      return { operator, limit };
    });
}

// Tags are ASCII: code units are bytes.
function byCodeUnit(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
