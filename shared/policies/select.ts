import type { TagList } from "../model/tag-list.ts";
import type { Candidates } from "./candidates.ts";
import { equalsOf, explain } from "./explain.ts";
import { gatherNames, gatherVersions } from "./gather.ts";
import { presentIn } from "./named-tags.ts";
import type { Skipped } from "./policy.ts";
import { newest, rank } from "./rank.ts";
import type { Rules } from "./rules.ts";

export interface Selection {
  /** Versions: families in the order of the column, the newest first; then those of Verbatim that the list has. */
  readonly versions: readonly string[];
  /** Tracked floating tags, in the order of the watch, whether the list has them or not. */
  readonly tracked: readonly string[];
  /** Tags that Extract made one: all of them are chosen, and count as one version for Keep. */
  readonly collisions: readonly Collision[];
  /** Every tag that was not chosen, once, sorted. Made when it is first asked for; `explainAll` makes it in slices. */
  readonly skipped: readonly Skipped[];
}

export interface Collision {
  readonly key: string;
  readonly tags: readonly string[];
}

/**
 * Decides which tags of a list are wanted. The pipeline: no artifacts, no commit ids; Include and Exclude; Extract; the
 * scheme with its range; prereleases; families; no aliases, no implausible numbers; newest first; Keep. The answer does not
 * depend on the order of the list, nor on repeats; each tag is in one of `versions`, `tracked` and `skipped`, once.
 */
export function select(list: TagList, rules: Rules): Selection {
  return atOnce(selecting(list, rules));
}

/** As `select`, for lists of any length: every few milliseconds `yieldNow` lets others go on. */
export function selectAll(list: TagList, rules: Rules, yieldNow: () => Promise<void>): Promise<Selection> {
  return inSlices(selecting(list, rules), yieldNow);
}

/** `skipped` of the selection that `rules` make of `list`, in slices as `selectAll` does it. */
export function explainAll(
  list: TagList,
  rules: Rules,
  yieldNow: () => Promise<void>,
): Promise<readonly Skipped[]> {
  return inSlices(explaining(list, rules), yieldNow);
}

function* selecting(list: TagList, rules: Rules): Generator<void, Selection> {
  const candidates = yield* gather(list, rules);
  const { versions, collisions } = yield* choose(candidates, rules);
  const present = yield* presentIn(list, rules.verbatim);
  const track = new Set(rules.track);
  const verbatim = [...new Set(rules.verbatim)].filter((tag) => present.has(tag) && !track.has(tag));
  let skipped: readonly Skipped[] | undefined;
  return {
    versions: [...versions, ...verbatim],
    tracked: [...track],
    collisions,
    get skipped() {
      skipped ??= atOnce(explaining(list, rules));
      return skipped;
    },
  };
}

function* explaining(list: TagList, rules: Rules): Generator<void, readonly Skipped[]> {
  const candidates = yield* gather(list, rules);
  const { versions } = yield* choose(candidates, rules);
  const chosen = new Set([...versions, ...rules.verbatim, ...rules.track]);
  return yield* explain(list, rules, { candidates, chosen });
}

function* gather(list: TagList, rules: Rules): Generator<void, Candidates | undefined> {
  const { policy } = rules;
  if (policy === undefined) return undefined;
  return policy.kind === "version"
    ? yield* gatherVersions(list, policy, rules)
    : yield* gatherNames(list, policy, rules);
}

function* choose(
  candidates: Candidates | undefined,
  { keep, keepPer, extract }: Rules,
): Generator<void, { readonly versions: readonly string[]; readonly collisions: readonly Collision[] }> {
  const versions: string[] = [];
  const collisions = new Map<number, string[]>();
  if (candidates === undefined) return { versions, collisions: [] };
  const believed: number[] = [];
  for (let index = 0; index < candidates.size; index++) {
    if (index % 4096 === 4095) yield;
    if (candidates.doubtOf(index) === undefined) believed.push(index);
  }
  const few = keep !== undefined && keepPer === "all" ? yield* newest(candidates, believed, keep) : believed;
  const ranking = { keep: keep ?? Number.POSITIVE_INFINITY, equals: equalsOf(extract) };
  yield* rank(candidates, few, ranking, (index, fate) => {
    if (fate.kind === "chosen") versions.push(candidates.tagOf(index));
    if (fate.kind !== "same-key" || fate.chosen === "no") return;
    const tags = collisions.get(fate.standing) ?? [candidates.tagOf(fate.standing)];
    tags.push(candidates.tagOf(index));
    collisions.set(fate.standing, tags);
    versions.push(candidates.tagOf(index));
  });
  const found = [...collisions].map(([standing, tags]) => ({ key: candidates.keyOf(standing), tags }));
  return { versions, collisions: found };
}

function atOnce<T>(work: Generator<void, T>): T {
  for (;;) {
    const { done, value } = work.next();
    if (done) return value;
  }
}

const mostMilliseconds = 10;

async function inSlices<T>(work: Generator<void, T>, yieldNow: () => Promise<void>): Promise<T> {
  let since = performance.now();
  for (;;) {
    const { done, value } = work.next();
    if (done) return value;
    if (performance.now() - since < mostMilliseconds) continue;
    await yieldNow();
    since = performance.now();
  }
}
