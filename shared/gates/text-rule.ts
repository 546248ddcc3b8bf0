import { RE2JS, RE2JSException } from "re2js";
import { printable } from "../model/digest.ts";
import { Failure } from "../model/failure.ts";

/** A test of a whole text. */
export interface TextRule {
  /** For messages: `"text"`, or `/pattern/`. */
  readonly shown: string;
  test(text: string): boolean;
}

const longestPattern = 1000;
const largestProgram = 2000;

/** Reads `"exactly this"` or `{ "pattern": "RE2" }`, which must match the whole text. Throws `invalid`, naming `where`. */
export function parseTextRule(where: string, raw: string | { readonly pattern: string }): TextRule {
  if (typeof raw === "string") {
    if (raw !== "") return { shown: `"${printable(raw)}"`, test: (text) => text === raw };
    throw new Failure("invalid", `${where} is empty: write what it must be`);
  }
  const { pattern } = raw;
  const compiled = compile(where, pattern);
  return { shown: `/${printable(pattern)}/`, test: (text) => compiled.matches(text) };
}

function compile(where: string, pattern: string): RE2JS {
  if (pattern === "" || pattern.length > longestPattern)
    throw new Failure("invalid", `${where}.pattern must have 1 to ${longestPattern} characters`);
  try {
    const compiled = RE2JS.compile(pattern);
    if (compiled.programSize() <= largestProgram) return compiled;
  } catch (cause) {
    if (!(cause instanceof RE2JSException)) throw cause;
    throw new Failure("invalid", `${where}.pattern "${printable(pattern)}" is not an RE2 pattern`, { cause });
  }
  throw new Failure("invalid", `${where}.pattern repeats too much: use smaller counts or *`);
}
