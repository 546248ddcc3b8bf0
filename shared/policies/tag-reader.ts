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
  /** Whether the first three numbers are a whole date, written as one. */
  dated = false;
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
  readonly #strict: boolean;
  readonly #dashes: boolean;

  constructor(layout: Layout, prereleases: Prereleases) {
    this.layout = layout;
    this.#strict = layout.suffixes === "strict";
    this.#dashes = layout.dashes === "part";
    this.#words = wordsOf(prereleases);
    this.#unlabelled = prereleases === "include";
  }

  /** Undefined when the tag is a version. */
  read(bytes: Uint8Array, start: number, end: number): ReadProblem | undefined {
    const { numbers, widths } = this;
    let at = start;
    this.v = at < end && bytes[at] === lowerV;
    if (this.v) at += 1;
    let problem: ReadProblem | undefined;
    let count = 0;
    this.dashed = false;
    this.dated = false;
    for (;;) {
      const from = at;
      if (at === end) return "no-number";
      // One digit or two is what a processor cannot predict, and most numbers have no more: without a branch.
      const first = (bytes[at] ?? 0) - zero;
      if (first < 0 || first > 9) return "no-number";
      const none = (end - 2 - at) >> 31;
      const second = (bytes[at + 1 + none] ?? 0) - zero;
      const two = 1 + (((second | (9 - second)) >> 31) | none);
      let value = first + two * (first * 9 + second);
      at += 1 + two;
      if (two === 1 && at < end) {
        for (; at < end; at++) {
          const digit = (bytes[at] ?? 0) - zero;
          if (digit < 0 || digit > 9) break;
          value = (Math.imul(value, 10) + digit) | 0;
        }
      }
      const width = at - from;
      if (width > 9) {
        value = greatNumber(bytes, from, at);
        if (value < 0) problem = "too-great";
      }
      if (width > 1 && this.#strict && bytes[from] === zero) problem ??= "leading-zero";
      if (count < 4) {
        numbers[count] = value;
        widths[count] = width;
      }
      count += 1;
      if (at + 1 >= end) break;
      if (bytes[at] !== dot && !this.#partsAt(bytes, at, end)) break;
      if (!isDigit(bytes[at + 1])) break;
      at += 1;
    }
    for (let index = count; index < 4; index++) numbers[index] = 0;
    this.count = count;
    problem ??= this.layout.adjust?.(this);
    if (problem !== undefined) return problem;
    if (this.count < this.layout.least) return "few-numbers";
    if (this.count > this.layout.most) return "many-numbers";
    this.prereleaseStart = at;
    this.prereleaseEnd = at;
    this.familyStart = at;
    return at === end ? undefined : this.#readSuffix(bytes, at, end);
  }

  /** The prerelease as text; empty for a release. */
  prereleaseOf(bytes: Uint8Array): string {
    return textOf(bytes, this.prereleaseStart, this.prereleaseEnd);
  }

  /** Whether a `-` goes on with another number. */
  #partsAt(bytes: Uint8Array, at: number, end: number): boolean {
    if (!this.#dashes || bytes[at] !== dash || !isDigit(bytes[at + 1])) return false;
    if (!endsWord(bytes, digitsEnd(bytes, at + 1, end), end)) return false;
    this.dashed = true;
    return true;
  }

  #readSuffix(bytes: Uint8Array, at: number, end: number): ReadProblem | undefined {
    const lead = bytes[at] ?? 0;
    const wide = !this.#strict;
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
      // A number after `_` or `.` counts builds of a release; after `-` semantic versions have it for a prerelease. 32bit is none.
      if (bytes[from - 1] !== dash || !endsWord(bytes, digitsEnd(bytes, from, end), end)) return false;
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
    for (const { letters, number, wanted } of words) {
      const { length } = letters;
      if (length > end - from) continue;
      let same = 1;
      while (same < length && ((bytes[from + same] ?? 0) | 32) === letters[same]) same++;
      if (same < length || (from + length < end && isLetter(bytes[from + length]))) continue;
      if (number === "required" && !(from + length < end && isDigit(bytes[from + length]))) continue;
      this.wanted = wanted === "yes";
      return true;
    }
    return false;
  }
}

const [zero, dot, dash, underscore, lowerA, lowerV] = [48, 46, 45, 95, 97, 118] as const;

/** Tags are ASCII. */
export function textOf(bytes: Uint8Array, start: number, end: number): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset + start, end - start).toString("latin1");
}

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
