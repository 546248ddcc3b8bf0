import { type Prereleases, type Word, wordsOf } from "./prerelease-words.ts";

/** How a scheme writes its versions. */
export interface Layout {
  /** The least and the most numbers that a version has; at most four. */
  readonly least: number;
  readonly most: number;
  /**
   * `strict`, as semantic versions: no leading zeros, a suffix begins with `-`. `wide`: leading zeros, suffixes that begin with
   * `-`, `.` or `_`, and prereleases without any (3.13.0rc2).
   */
  readonly suffixes: "strict" | "wide";
  /** Whether `-` parts numbers too: 2024-04-01. */
  readonly dashes: "part" | "end";
  /** Turns the numbers as written into those that count, or says what is wrong with them. */
  readonly adjust?: (read: TagReader) => ReadProblem | undefined;
}

export type ReadProblem =
  | "no-number"
  | "few-numbers"
  | "many-numbers"
  | "leading-zero"
  | "too-great"
  | "no-date"
  | "bad-suffix";

/**
 * Reads tags, from bytes in place: `[v]N(.N)*[prerelease][family]`. What it read stands in its fields until the next `read`,
 * so that a million tags make no garbage.
 */
export class TagReader {
  /** The numbers, those that are missing as 0. */
  readonly numbers = new Float64Array(4);
  /** Digits of each number as written. */
  readonly widths = new Uint8Array(4);
  count = 0;
  v = false;
  /** Whether a `-` parts the numbers. */
  dashed = false;
  /** The prerelease without what leads it in: rc.1 of 1.0.0-rc.1; empty for a release. */
  prereleaseStart = 0;
  prereleaseEnd = 0;
  /** Whether the prerelease is one of those that are wanted. */
  wanted = false;
  /** Where the suffix begins that is no prerelease; the end of the tag when there is none. */
  familyStart = 0;

  readonly layout: Layout;
  readonly #words: readonly (readonly Word[])[];
  readonly #unlabelled: boolean;

  constructor(layout: Layout, prereleases: Prereleases) {
    this.layout = layout;
    this.#words = wordsOf(prereleases);
    this.#unlabelled = prereleases === "include";
  }

  /** Undefined when the tag is a version. */
  read(bytes: Uint8Array, start: number, end: number): ReadProblem | undefined {
    const { layout, numbers } = this;
    let at = start;
    this.v = at < end && bytes[at] === lowerV;
    if (this.v) at += 1;
    this.count = 0;
    this.dashed = false;
    let problem: ReadProblem | undefined;
    for (let count = 0; ; count++) {
      const from = at;
      let value = 0;
      for (; at < end; at++) {
        const digit = (bytes[at] ?? 0) - zero;
        if (digit < 0 || digit > 9) break;
        value = (Math.imul(value, 10) + digit) | 0;
      }
      const width = at - from;
      if (width === 0) return "no-number";
      if (width > 9) {
        value = greatNumber(bytes, from, at);
        if (value < 0) problem = "too-great";
      }
      if (width > 1 && bytes[from] === zero && layout.suffixes === "strict") problem ??= "leading-zero";
      this.count = count + 1;
      if (count < 4) {
        numbers[count] = value;
        this.widths[count] = width;
      }
      if (at + 1 >= end || !isDigit(bytes[at + 1])) break;
      if (
        bytes[at] === dash &&
        layout.dashes === "part" &&
        endsWord(bytes, digitsEnd(bytes, at + 1, end), end)
      ) {
        this.dashed = true;
      } else if (bytes[at] !== dot) break;
      at += 1;
    }
    for (let index = this.count; index < 4; index++) numbers[index] = 0;
    if (problem !== undefined) return problem;
    problem = layout.adjust?.(this);
    if (problem !== undefined) return problem;
    if (this.count < layout.least) return "few-numbers";
    if (this.count > layout.most) return "many-numbers";
    this.prereleaseStart = at;
    this.prereleaseEnd = at;
    this.familyStart = at;
    return at === end ? undefined : this.#readSuffix(bytes, at, end);
  }

  #readSuffix(bytes: Uint8Array, at: number, end: number): ReadProblem | undefined {
    const lead = bytes[at] ?? 0;
    const wide = this.layout.suffixes === "wide";
    const led = lead === dash || (wide && (lead === dot || lead === underscore));
    if (!(led || wide)) return "bad-suffix";
    const from = led ? at + 1 : at;
    if (!this.#readPrerelease(bytes, from, end)) return led && end - at > 1 ? undefined : "bad-suffix";
    const rest = this.prereleaseEnd;
    this.familyStart = rest;
    if (!wide && hasLeadingZero(bytes, from, rest)) return "leading-zero";
    if (rest === end) return undefined;
    const next = bytes[rest];
    const family = next === dash || (wide && (next === underscore || next === dot));
    return family && end - rest > 1 ? undefined : "bad-suffix";
  }

  #readPrerelease(bytes: Uint8Array, from: number, end: number): boolean {
    const first = bytes[from] ?? 0;
    if (from < end && isDigit(first)) {
      // A number after `_` or `.` counts builds of a release; after `-` semantic versions have it for a prerelease.
      if (bytes[from - 1] !== dash) return false;
      this.wanted = this.#unlabelled;
    } else if (!this.#readWord(bytes, from, end)) return false;
    let at = alphanumericEnd(bytes, from, end);
    for (;;) {
      if (at + 1 >= end) break;
      if (bytes[at] === dot && isAlphanumeric(bytes[at + 1])) at = alphanumericEnd(bytes, at + 1, end);
      else if (bytes[at] === dash && isDigit(bytes[at + 1])) {
        const digits = digitsEnd(bytes, at + 1, end);
        if (!endsWord(bytes, digits, end)) break;
        at = digits;
      } else break;
    }
    this.prereleaseStart = from;
    this.prereleaseEnd = at;
    return true;
  }

  #readWord(bytes: Uint8Array, from: number, end: number): boolean {
    const words = this.#words[((bytes[from] ?? 0) | 32) - lowerA];
    if (words === undefined) return false;
    let length = 1;
    while (from + length < end && isLetter(bytes[from + length])) length++;
    for (const { letters, number, wanted } of words) {
      if (letters.length !== length) continue;
      let same = 1;
      while (same < length && ((bytes[from + same] ?? 0) | 32) === letters[same]) same++;
      if (same < length) continue;
      if (number === "required" && !(from + length < end && isDigit(bytes[from + length]))) continue;
      this.wanted = wanted === "yes";
      return true;
    }
    return false;
  }
}

const [zero, dot, dash, underscore, lowerA, lowerV] = [48, 46, 45, 95, 97, 118] as const;

/** A number of ten digits or more; -1 when a double does not hold it exactly. */
function greatNumber(bytes: Uint8Array, start: number, end: number): number {
  let value = 0;
  for (let at = start; at < end; at++) value = value * 10 + ((bytes[at] ?? 0) - zero);
  return Number.isSafeInteger(value) ? value : -1;
}

/** Semantic versions do not allow `01` for an identifier of a prerelease. */
function hasLeadingZero(bytes: Uint8Array, start: number, end: number): boolean {
  for (let at = start; at < end; at++) {
    if (bytes[at] !== zero || (at > start && bytes[at - 1] !== dot)) continue;
    const after = digitsEnd(bytes, at, end);
    if (after - at > 1 && (after === end || bytes[after] === dot)) return true;
  }
  return false;
}

function digitsEnd(bytes: Uint8Array, from: number, end: number): number {
  let at = from;
  while (at < end && isDigit(bytes[at])) at++;
  return at;
}

function alphanumericEnd(bytes: Uint8Array, from: number, end: number): number {
  let at = from;
  while (at < end && isAlphanumeric(bytes[at])) at++;
  return at;
}

function endsWord(bytes: Uint8Array, at: number, end: number): boolean {
  const byte = bytes[at];
  return at === end || byte === dash || byte === dot || byte === underscore;
}

function isDigit(byte = 0): boolean {
  return byte >= zero && byte <= 57;
}

function isLetter(byte = 0): boolean {
  const lower = byte | 32;
  return lower >= lowerA && lower <= 122;
}

function isAlphanumeric(byte = 0): boolean {
  return isDigit(byte) || isLetter(byte);
}
