import type { VersionPolicy } from "./policy.ts";

const most = 100;

/**
 * First numbers that the range shuts out and of which nothing is left to learn: tags that begin with one need not be read to
 * their end. Most tags of a large repository are of majors that nobody asks for any more.
 */
export class KnownMajors {
  readonly #policy: VersionPolicy;
  readonly #families: number;
  readonly #seen: Uint8Array;
  readonly #familiesWith = new Uint8Array(most);
  readonly #known = new Uint8Array(most);

  constructor(policy: VersionPolicy, families: number) {
    this.#policy = policy;
    this.#families = families;
    this.#seen = new Uint8Array(most * families);
  }

  /** A version of this family has just been read and noted as evidence; it is out of range. */
  note(family: number, major: number): void {
    if (major >= most || this.#seen[family * most + major] === 1) return;
    // Aliases are told by all numbers of a tag, not by the first alone.
    if (this.#policy.traits.has("aliases") || this.#policy.range.mayHave(major)) return;
    this.#seen[family * most + major] = 1;
    const families = (this.#familiesWith[major] ?? 0) + 1;
    this.#familiesWith[major] = families;
    if (families === this.#families) this.#known[major] = 1;
  }

  /** Whether the tag begins with such a number and a dot; numbers of three digits or more are left to the reader. */
  has(bytes: Uint8Array, start: number, end: number): boolean {
    const at = bytes[start] === lowerV ? start + 1 : start;
    if (at + 2 >= end) return false;
    const first = (bytes[at] ?? 0) - zero;
    if (first < 0 || first > 9) return false;
    if (bytes[at + 1] === dot) return this.#known[first] === 1;
    const second = (bytes[at + 1] ?? 0) - zero;
    if (second < 0 || second > 9 || bytes[at + 2] !== dot) return false;
    return this.#known[first * 10 + second] === 1;
  }
}

const [zero, dot, lowerV] = [48, 46, 118] as const;
