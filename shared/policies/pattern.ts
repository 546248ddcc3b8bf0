import { RE2JS, RE2JSSyntaxException } from "re2js";
import { printable } from "../model/digest.ts";
import { Failure } from "../model/failure.ts";

// Both bounds keep a test of 50,000 tags within fractions of a second: RE2's time is tag length times program size.
const maxLength = 512;
const maxProgramSize = 1_000;
// Each takes milliseconds to compile, with (?i) at least, and a tag has no letters beyond ASCII.
const mostUnicodeClasses = 8;

/** A test of a whole tag. */
export interface Pattern {
  /** As it was written. */
  readonly text: string;
  test(tag: string): boolean;
}

/**
 * Compiles a pattern in RE2 syntax (linear in time, whatever people write) into a test of the whole tag: `^(?:…)$`.
 * `column` names where it comes from, such as `Include`. Throws `invalid`. Source: https://github.com/google/re2/wiki/Syntax
 */
export function parsePattern(column: string, text: string): Pattern {
  const anchored = compileWhole(column, text);
  return { text, test: (tag) => anchored.test(tag) };
}

/** The pattern as `^(?:…)$`, for one that captures as for one that only tests. */
export function compileWhole(column: string, text: string): RE2JS {
  if (text.length === 0)
    throw new Failure("invalid", `${column} is empty: leave it out, or write for example ".*-alpine"`);
  if (text.length > maxLength) {
    throw new Failure("invalid", `${column} has ${text.length} characters: at most ${maxLength} are allowed`);
  }
  if ((text.match(/\\[pP]/g)?.length ?? 0) > mostUnicodeClasses) {
    throw new Failure(
      "invalid",
      `${column} "${printable(text)}" has \\p more than ${mostUnicodeClasses} times: tags are ASCII, write for example [a-zA-Z]`,
    );
  }
  // Compiled alone first, so that "a)|(b" cannot close our own group.
  const size = compile(column, text, text).programSize();
  if (size > maxProgramSize) {
    throw new Failure("invalid", `${column} "${printable(text)}" repeats too much: use smaller counts or *`);
  }
  return compile(column, text, `^(?:${text})$`);
}

function compile(column: string, text: string, expression: string): RE2JS {
  try {
    return RE2JS.compile(expression);
  } catch (cause) {
    if (!(cause instanceof RE2JSSyntaxException)) throw cause;
    throw new Failure(
      "invalid",
      `${column} "${printable(text)}" is not an RE2 pattern: ${explain(cause, text)}`,
      { cause },
    );
  }
}

function explain(problem: RE2JSSyntaxException, text: string): string {
  const part = problem.getPattern();
  const position = part === null ? -1 : text.indexOf(part);
  const where = position < 0 ? "" : ` at character ${position + 1}`;
  return `${problem.getDescription()}${where}${part === null ? "" : `, "${printable(part)}"`}`;
}
