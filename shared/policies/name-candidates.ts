import type { Candidates } from "./candidates.ts";
import type { NamePolicy } from "./policy.ts";

/** Whole names, which have one family and no numbers. */
export class NameCandidates implements Candidates {
  readonly #tags: string[] = [];
  readonly #keys: string[] = [];
  readonly #policy: NamePolicy;

  constructor(policy: NamePolicy) {
    this.#policy = policy;
  }

  get size(): number {
    return this.#tags.length;
  }

  add(tag: string, key: string): void {
    this.#tags.push(tag);
    this.#keys.push(key);
  }

  familyOf(): number {
    return 0;
  }

  compare(a: number, b: number): number {
    return this.#policy.compare(this.keyOf(a), this.keyOf(b));
  }

  plainest(a: number, b: number): number {
    const [left, right] = [this.tagOf(a), this.tagOf(b)];
    return left.length - right.length || (left < right ? -1 : left > right ? 1 : 0);
  }

  sameGroup(): boolean {
    return true;
  }

  doubtOf(): undefined {
    return undefined;
  }

  tagOf(index: number): string {
    return this.#tags[index] ?? "";
  }

  keyOf(index: number): string {
    return this.#keys[index] ?? "";
  }
}
