import type { z } from "zod";
import { printable } from "./digest.ts";

type Issue = z.core.$ZodIssue;

const typeNames: Readonly<Record<string, string>> = {
  string: "text",
  number: "a number",
  int: "a whole number",
  boolean: "true or false",
  array: "a list",
  object: "an object",
  record: "an object",
  null: "null",
};

/** What is wrong with a document, in our own words, never quoting a value: where, then what. */
export function schemaProblem(error: z.ZodError, document: unknown): string {
  const [issue] = error.issues;
  if (issue === undefined) return "it is not as expected";
  const where = issue.path.map((part) => printable(String(part))).join(".");
  const words = wordsOf(issue, document);
  return where === "" ? words : `"${where}" ${words}`;
}

function wordsOf(issue: Issue, document: unknown): string {
  switch (issue.code) {
    case "unrecognized_keys": {
      const names = issue.keys.slice(0, 5).map((key) => `"${printable(key)}"`);
      const it = issue.path.length === 0 ? "it has" : "has";
      return `${it} the unknown field${issue.keys.length === 1 ? "" : "s"} ${names.join(", ")}`;
    }
    case "invalid_type": {
      const value = valueAt(document, issue.path);
      const expected = typeNames[issue.expected] ?? issue.expected;
      if (value === undefined && issue.path.length > 0) return `is missing: it must be ${expected}`;
      return `${issue.path.length === 0 ? "it " : ""}must be ${expected}`;
    }
    case "invalid_value":
      return `must be ${issue.values.map((value) => JSON.stringify(value)).join(" or ")}`;
    case "too_big":
      return issue.origin === "string" || issue.origin === "array"
        ? `has more than ${issue.maximum} ${issue.origin === "string" ? "characters" : "entries"}`
        : `must be at most ${issue.maximum}`;
    case "too_small":
      return issue.origin === "string" || issue.origin === "array"
        ? "is empty"
        : `must be at least ${issue.minimum}`;
    default:
      return "is not as expected";
  }
}

function valueAt(document: unknown, path: readonly PropertyKey[]): unknown {
  let value = document;
  for (const part of path) {
    if (typeof value !== "object" || value === null || !Object.hasOwn(value, part)) return undefined;
    value = Reflect.get(value, part);
  }
  return value;
}
