import { printable } from "../model/digest.ts";
import { Failure } from "../model/failure.ts";
import type { TagReader } from "./tag-reader.ts";

/** Tags that are compared with each other: those with one suffix, such as `-alpine3.20`, or with none. */
export interface Family {
  /** As the column has it, without what it says about v: "" for no suffix. */
  readonly suffix: string;
  /** Whether a leading v may, must or must not be there. */
  readonly v: "may" | "must" | "must-not";
  /** What stands between the stars; one part when there is no star. */
  readonly parts: readonly Uint8Array[];
}

/** What an empty Family column means: no suffix, with or without v. */
export const plain: Family = { suffix: "", v: "may", parts: [new Uint8Array()] };

const most = 32;
const entryPattern = /^(plain$|v(?=$|[-._])|=(?=$|[-._]))?((?:[-._][a-zA-Z0-9._*-]+)?)$/;

/**
 * Reads the Family column: a comma list of `plain` and suffixes such as `-alpine`. `*` stands for digits and dots, all such
 * suffixes being one family. `v` or `v-alpine`: only with a leading v; `=` or `=-alpine`: only without. Throws `invalid`.
 */
export function parseFamilies(text: string): readonly Family[] {
  const entries = [...new Set(text.split(",").map((entry) => entry.trim()))];
  if (entries.length > most) {
    throw new Failure("invalid", `Family lists ${entries.length} families, more than ${most}`);
  }
  return entries.map((entry) => {
    const match = entryPattern.exec(entry);
    if (match === null || entry === "" || entry.includes("**") || entry.length > 128) {
      throw new Failure(
        "invalid",
        `"${printable(entry)}" in Family is not a family: write plain for no suffix, or a suffix with what leads it in, for example "plain, -alpine, -alpine*"`,
      );
    }
    const [, prefix = "", suffix = ""] = match;
    const v = prefix === "v" ? "must" : prefix === "=" ? "must-not" : "may";
    return { suffix, v, parts: suffix.split("*").map((part) => Buffer.from(part)) };
  });
}

/** As the column has it. */
export function formatFamily({ suffix, v }: Family): string {
  const prefix = v === "must" ? "v" : v === "must-not" ? "=" : "";
  return prefix === "" && suffix === "" ? "plain" : `${prefix}${suffix}`;
}

/** Whether the tag that `read` has just read out of `bytes` is of this family; `end` is the tag's end. */
export function isOfFamily(family: Family, read: TagReader, bytes: Uint8Array, end: number): boolean {
  if (family.v !== "may" && read.v !== (family.v === "must")) return false;
  const { parts } = family;
  const [first] = parts;
  if (first === undefined) return false;
  if (parts.length === 1) {
    return end - read.familyStart === first.length && startsWith(bytes, read.familyStart, end, first);
  }
  return matchParts(parts, 0, bytes, read.familyStart, end);
}

function matchParts(
  parts: readonly Uint8Array[],
  index: number,
  bytes: Uint8Array,
  start: number,
  end: number,
): boolean {
  const part = parts[index];
  if (part === undefined || !startsWith(bytes, start, end, part)) return false;
  const from = start + part.length;
  if (index === parts.length - 1) return from === end;
  // The longest run first; a shorter one when what follows the star begins with digits or dots itself.
  let to = from;
  while (to < end && isCounting(bytes[to])) to++;
  for (; to > from; to--) if (matchParts(parts, index + 1, bytes, to, end)) return true;
  return false;
}

function startsWith(bytes: Uint8Array, start: number, end: number, part: Uint8Array): boolean {
  if (end - start < part.length) return false;
  for (let at = 0; at < part.length; at++) if (bytes[start + at] !== part[at]) return false;
  return true;
}

function isCounting(byte = 0): boolean {
  return (byte >= 48 && byte <= 57) || byte === 46;
}
