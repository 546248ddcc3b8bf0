import { type TagPage, tagAt } from "../model/tag-list.ts";
import type { Candidates, Doubt } from "./candidates.ts";
import { createEvidence, type Evidence, isGap, type Suffixes } from "./evidence.ts";
import type { VersionPolicy } from "./policy.ts";
import { byBytes, byNature } from "./precedence.ts";
import type { Rules } from "./rules.ts";
import { type TagReader, textOf } from "./tag-reader.ts";

// Places of a candidate, one row of integers each.
const [page, tag, text, textStart, preStart, preEnd, familyStart, textEnd, family, count] = [
  0, 1, 2, 3, 4, 5, 6, 7, 8, 9,
] as const;
const [width, parts] = [10, 4] as const;

/** Versions in typed arrays, about 72 bytes each: a million fit, and no string is made before it is wanted. */
export class VersionCandidates implements Candidates {
  size = 0;
  readonly evidence: readonly Evidence[];
  readonly #pages: readonly TagPage[];
  readonly #texts: Uint8Array[];
  readonly #aliases: boolean;
  readonly #wild: readonly boolean[];
  readonly #policy: VersionPolicy;
  readonly #rules: Rules;
  #numbers = new Float64Array(parts * 256);
  #places = new Int32Array(width * 256);
  #gaps: readonly ReturnType<Evidence["gap"]>[] | undefined;

  constructor(pages: readonly TagPage[], policy: VersionPolicy, rules: Rules) {
    this.#pages = pages;
    this.#texts = pages.map(({ bytes }) => bytes);
    this.#policy = policy;
    this.#rules = rules;
    this.#aliases = policy.traits.has("aliases");
    this.#wild = rules.families.map((each) => each.parts.length > 1);
    this.evidence = rules.families.map(() => createEvidence(policy.traits));
  }

  /** Where the text stands from which candidates are read that come next; a page's own number for its own text. */
  addText(bytes: Uint8Array): number {
    return this.#texts.push(bytes) - 1;
  }

  /** What tells aliases of the version that `read` has just read. */
  suffixesOf(read: TagReader, which: number, bytes: Uint8Array, end: number): Suffixes {
    return {
      prerelease: read.prereleaseOf(bytes),
      family: this.#wild[which] ? textOf(bytes, read.familyStart, end) : "",
    };
  }

  add(
    read: TagReader,
    at: {
      readonly page: number;
      readonly tag: number;
      readonly text: number;
      readonly start: number;
      readonly end: number;
      readonly family: number;
    },
  ): void {
    if (this.size * width === this.#places.length) this.#grow();
    const [numbers, places] = [this.#numbers, this.#places];
    const from = this.size * parts;
    for (let index = 0; index < parts; index++) numbers[from + index] = read.numbers[index] ?? 0;
    const row = this.size * width;
    places[row + page] = at.page;
    places[row + tag] = at.tag;
    places[row + text] = at.text;
    places[row + textStart] = at.start;
    places[row + preStart] = read.prereleaseStart;
    places[row + preEnd] = read.prereleaseEnd;
    places[row + familyStart] = read.familyStart;
    places[row + textEnd] = at.end;
    places[row + family] = at.family;
    places[row + count] = read.count;
    this.size += 1;
  }

  familyOf(index: number): number {
    return this.#place(index, family);
  }

  compare(a: number, b: number): number {
    const places = this.#places;
    const left = a * width;
    const right = b * width;
    const ofFamily = (places[left + family] ?? 0) - (places[right + family] ?? 0);
    if (ofFamily !== 0) return ofFamily;
    const numbers = this.#numbers;
    for (let index = 0; index < parts; index++) {
      const order = (numbers[b * parts + index] ?? 0) - (numbers[a * parts + index] ?? 0);
      if (order !== 0) return order;
    }
    const aPre = places[left + preStart] ?? 0;
    const aEnd = places[left + preEnd] ?? 0;
    const bPre = places[right + preStart] ?? 0;
    const bEnd = places[right + preEnd] ?? 0;
    if (aPre === aEnd || bPre === bEnd) {
      const order = (aPre === aEnd ? 0 : 1) - (bPre === bEnd ? 0 : 1);
      if (order !== 0) return order;
    } else {
      const order = this.#policy.range.compare(this.#text(b), bPre, bEnd, this.#text(a), aPre, aEnd);
      if (order !== 0) return order;
    }
    if (!this.#wild[places[left + family] ?? 0]) return 0;
    const aFamily = places[left + familyStart] ?? 0;
    const bFamily = places[right + familyStart] ?? 0;
    return byNature(
      this.#text(b),
      bFamily,
      places[right + textEnd] ?? 0,
      this.#text(a),
      aFamily,
      places[left + textEnd] ?? 0,
    );
  }

  plainest(a: number, b: number): number {
    const [left, right] = [this.#boundsOf(a), this.#boundsOf(b)];
    const order = left.end - left.start - (right.end - right.start);
    return order || byBytes(left.bytes, left.start, left.end, right.bytes, right.start, right.end);
  }

  sameGroup(a: number, b: number): boolean {
    if (this.#place(a, family) !== this.#place(b, family)) return false;
    const numbers = this.#numbers;
    const same = (index: number) => numbers[a * parts + index] === numbers[b * parts + index];
    switch (this.#rules.keepPer) {
      case "all":
        return true;
      case "major":
        return same(0);
      case "minor":
        return same(0) && same(1);
    }
  }

  doubtOf(index: number): Doubt | undefined {
    const which = this.#place(index, family);
    const longer =
      this.#aliases &&
      this.evidence[which]?.hasLonger(
        this.#numbers,
        { from: index * parts, count: this.#place(index, count) },
        {
          prerelease: this.#part(index, preStart, preEnd),
          family: this.#wild[which] ? this.#part(index, familyStart, textEnd) : "",
        },
      );
    if (longer) return { kind: "floating" };
    this.#gaps ??= this.evidence.map((each) => each.gap());
    const gap = this.#gaps[which];
    if (gap === undefined || (this.#numbers[index * parts] ?? 0) < gap.from) return undefined;
    if (isGap(gap.below, this.#policy.range.greatestMajor)) return undefined;
    return { kind: "implausible-major", below: gap.below };
  }

  tagOf(index: number): string {
    const of = this.#pages[this.#place(index, page)];
    return of === undefined ? "" : tagAt(of, this.#place(index, tag));
  }

  keyOf(index: number): string {
    return this.#part(index, textStart, textEnd);
  }

  #part(index: number, start: number, end: number): string {
    return textOf(this.#text(index), this.#place(index, start), this.#place(index, end));
  }

  #place(index: number, column: number): number {
    return this.#places[index * width + column] ?? 0;
  }

  #text(index: number): Uint8Array {
    return this.#texts[this.#place(index, text)] ?? none;
  }

  #boundsOf(index: number): { readonly bytes: Uint8Array; readonly start: number; readonly end: number } {
    const { bytes, bounds } = this.#pages[this.#place(index, page)] ?? { bytes: none, bounds: [] };
    const at = this.#place(index, tag) * 2;
    return { bytes, start: bounds[at] ?? 0, end: bounds[at + 1] ?? 0 };
  }

  #grow(): void {
    const [numbers, places] = [this.#numbers, this.#places];
    this.#numbers = new Float64Array(numbers.length * 2);
    this.#numbers.set(numbers);
    this.#places = new Int32Array(places.length * 2);
    this.#places.set(places);
  }
}

const none = new Uint8Array();
