import type { Candidates } from "./candidates.ts";
import { sortInSlices } from "./sort-in-slices.ts";

export type Fate =
  | { readonly kind: "chosen" | "superseded" }
  /** `standing` is the candidate that stands for the version. */
  | { readonly kind: "same-version" | "same-key"; readonly standing: number; readonly chosen: "yes" | "no" };

export interface Ranking {
  /** How many versions of each group are kept; infinite for all. */
  readonly keep: number;
  /** What two tags of one version are: spellings of it, of which one stands, or two tags that Extract made one. */
  readonly equals: "spellings" | "collisions";
}

/** Tells each candidate's fate, best first, repeats of a tag once; yields where others may go on. */
export function* rank(
  candidates: Candidates,
  indices: readonly number[],
  { keep, equals }: Ranking,
  visit: (index: number, fate: Fate) => void,
): Generator<void, void> {
  const sorted = yield* sortInSlices(
    indices,
    (a, b) => candidates.compare(a, b) || candidates.plainest(a, b),
  );
  let standing: number | undefined;
  let previous: number | undefined;
  let kept = 0;
  for (const [place, index] of sorted.entries()) {
    if (place % 1024 === 1023) yield;
    const before = previous;
    previous = index;
    if (standing === undefined || candidates.compare(standing, index) !== 0) {
      kept = standing !== undefined && candidates.sameGroup(standing, index) ? kept + 1 : 1;
      standing = index;
      visit(index, { kind: kept <= keep ? "chosen" : "superseded" });
    } else if (before === undefined || candidates.plainest(before, index) !== 0) {
      const kind = equals === "collisions" ? "same-key" : "same-version";
      visit(index, { kind, standing, chosen: kept <= keep ? "yes" : "no" });
    }
  }
}

/** Leaves out what cannot be among the `keep` newest of its family, so that a million need not be sorted. */
export function* newest(
  candidates: Candidates,
  indices: readonly number[],
  keep: number,
): Generator<void, number[]> {
  const families: Newest[] = [];
  for (const [place, index] of indices.entries()) {
    if (place % 1024 === 1023) yield;
    const family = candidates.familyOf(index);
    families[family] ??= new Newest(candidates, keep);
    families[family].add(index);
  }
  return families.flatMap((family) => family.kept);
}

class Newest {
  readonly kept: number[] = [];
  readonly #candidates: Candidates;
  readonly #keep: number;
  #limit: number;
  #oldest: number | undefined;

  constructor(candidates: Candidates, keep: number) {
    this.#candidates = candidates;
    this.#keep = keep;
    this.#limit = Math.max(64, 2 * keep);
  }

  add(index: number): void {
    if (this.#oldest !== undefined && this.#candidates.compare(index, this.#oldest) > 0) return;
    this.kept.push(index);
    if (this.kept.length >= this.#limit) this.#cut();
  }

  #cut(): void {
    const { kept } = this;
    kept.sort((a, b) => this.#candidates.compare(a, b));
    let versions = 0;
    let length = 0;
    for (; length < kept.length; length++) {
      const [before, index] = [kept[length - 1], kept[length]];
      if (index === undefined) break;
      if (before !== undefined && this.#candidates.compare(before, index) === 0) continue;
      versions += 1;
      if (versions > this.#keep) break;
    }
    kept.length = length;
    if (versions >= this.#keep) this.#oldest = kept.at(-1);
    // Many tags of one version are no reason to sort at every one that is added.
    this.#limit = Math.max(this.#limit, 2 * length);
  }
}
