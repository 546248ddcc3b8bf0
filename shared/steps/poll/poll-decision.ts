import { type ImportRecord, importKey, siteOf } from "../../documents/import-record.ts";
import type { Watch } from "../../documents/watch.ts";
import type { MethodKind } from "../../methods/members.ts";
import type { Digest } from "../../model/digest.ts";
import { formatPlatform } from "../../model/platform.ts";
import type { Selection } from "../../policies/select.ts";
import type { Trouble, WatchState } from "../../stores/watch-states.ts";
import { heldReason } from "../events/held-reason.ts";
import { demandsOf } from "../import/demands-of.ts";
import { type Known, sightingOf } from "./sighting.ts";
import { sameTrouble } from "./watch-trouble.ts";

/** What a poll needs of a selection. */
type Chosen = Pick<Selection, "versions" | "tracked">;

/** Which tags a poll asks upstream for, by HEAD. */
export interface Questions {
  /** Chosen versions that the fingerprint does not have. */
  readonly fresh: readonly string[];
  /** Floating tags: asked at each poll. */
  readonly tracked: readonly string[];
  /** One known version, taking turns, so that a re-pushed tag is noticed at the price of a request; none at one poll in 16. */
  readonly recheck: readonly string[];
}

/**
 * At one poll in so many no version is rechecked: what that saves pays for the tokens of the others (one for twenty
 * repositories), so that an unchanged watch costs two requests at the most, token service included.
 */
const pollsPerRest = 16;

export function questionsFor(state: WatchState, selection: Chosen, turn: number): Questions {
  const fresh = selection.versions.filter((tag) => !state.known.has(tag));
  const settled = selection.versions.filter((tag) => state.known.has(tag));
  const rests = turn % pollsPerRest === pollsPerRest - 1;
  // Rests are not counted, or a watch of 16 versions would always rest at the same one.
  const next = rests
    ? undefined
    : settled[(turn - Math.floor(turn / pollsPerRest)) % Math.max(settled.length, 1)];
  return { fresh, tracked: selection.tracked, recheck: next === undefined ? [] : [next] };
}

/** Upstream's answers: digest by tag; a tag that is not there is missing. */
export type Answers = ReadonlyMap<string, Digest>;

export interface PollDecision {
  /** To be brought in. */
  readonly orders: readonly ImportRecord[];
  /** Re-pushed upstream under the same version: held, and people are told. */
  readonly moved: readonly ImportRecord[];
  /** The new fingerprint, or undefined when nothing changed and nothing need be written. */
  readonly state: WatchState | undefined;
}

export interface PollContext {
  readonly watch: Watch;
  readonly targetHost: string;
  readonly method: MethodKind;
  readonly notify: readonly string[];
  readonly now: Date;
  /** What was known before: which poll this is, and which major versions came in. */
  readonly before: Known;
  /** When the watch's very first look began, if it is not finished with this poll. */
  readonly firstLook?: Date;
  /** Moved tags whose new digest a person accepted and the target has by now. */
  readonly accepted: ReadonlyMap<string, string>;
  /** Number of tags in the listing; undefined when the watch needed none. */
  readonly listed: number | undefined;
  /** What is wrong with one of the tags; absent when all could be asked for. */
  readonly trouble?: Trouble;
}

/** Pure: what follows from upstream's answers. */
export function decidePoll(
  state: WatchState,
  found: { readonly selection: Chosen; readonly answers: Answers },
  context: PollContext,
): PollDecision {
  const { selection, answers } = found;
  const orders: ImportRecord[] = [];
  const movedRecords: ImportRecord[] = [];
  const known = new Map<string, string>();
  const moved = new Map<string, string>();
  let unanswered = 0;

  for (const tag of [...selection.versions, ...selection.tracked]) {
    const digest = answers.get(tag);
    const before = context.accepted.get(tag) ?? state.known.get(tag);
    const floating = selection.tracked.includes(tag);
    if (digest === undefined) {
      // Not asked this time, or gone between the listing and the question: as it was.
      if (before !== undefined) known.set(tag, before);
      else unanswered += 1;
      const held = state.moved.get(tag);
      if (held !== undefined) moved.set(tag, held);
    } else if (before === undefined || floating) {
      known.set(tag, digest);
      if (digest !== before)
        orders.push(newImport(context, { tag, digest, before, existing: floating ? "replace" : "keep" }));
    } else {
      known.set(tag, before);
      if (digest !== before) {
        moved.set(tag, digest);
        if (state.moved.get(tag) !== digest) movedRecords.push(movedImport(context, { tag, digest, before }));
      }
    }
  }

  const trouble = sameTrouble(context.trouble, state.trouble) ? state.trouble : context.trouble;
  const next: WatchState = {
    revision: context.watch.revision,
    known,
    moved,
    // Small changes of a listing that select nothing new are not worth a write.
    listed: context.listed ?? state.listed,
    ...(trouble && { trouble }),
    ...(context.firstLook && { firstLook: context.firstLook }),
    ...(unanswered > 0 && { unanswered }),
  };
  const changed =
    next.unanswered !== state.unanswered ||
    next.firstLook?.getTime() !== state.firstLook?.getTime() ||
    !sameTrouble(next.trouble, state.trouble) ||
    state.unchecked !== undefined ||
    next.revision !== state.revision ||
    !sameEntries(next.known, state.known) ||
    !sameEntries(next.moved, state.moved);
  return { orders, moved: movedRecords, state: changed ? next : undefined };
}

interface Found {
  readonly tag: string;
  readonly digest: Digest;
  /** What the tag had when it was asked for before. */
  readonly before: string | undefined;
}

function newImport(context: PollContext, found: Found & Pick<ImportRecord, "existing">): ImportRecord {
  const { watch, targetHost, method, notify, now } = context;
  // A digest that took another one's place under our eyes is new, whichever look this is.
  const poll = found.before === undefined ? context.before.poll : "later";
  const sighting = sightingOf(watch, found.tag, { ...context.before, poll });
  const { path, tag } = watch.target(watch.source, found.tag);
  const what = {
    source: watch.source,
    tag: found.tag,
    digest: found.digest,
    target: { host: targetHost, path, tag },
  };
  return {
    ...what,
    watch: { group: watch.group, name: watch.name },
    key: importKey({ ...what, site: siteOf({ method, handling: watch.handling }) }),
    state: "pending",
    method,
    existing: found.existing,
    platforms: watch.platforms.map(formatPlatform),
    notify,
    requestedBy: "watch",
    seenAt: now,
    hop: 0,
    attempts: 0,
    handling: watch.handling,
    demands: demandsOf(watch, found.tag),
    gates: [],
    decisions: [],
    operations: [],
    ...((sighting.by === "first" || sighting.major !== undefined) && { sighting }),
    ...(watch.credential === undefined ? {} : { credential: watch.credential }),
  };
}

function movedImport(
  context: PollContext,
  { tag, digest, before }: Found & { before: string },
): ImportRecord {
  const record = newImport(context, { tag, digest, before, existing: "keep" });
  return {
    ...record,
    state: "held",
    endedAt: context.now,
    previousDigest: before,
    reason: heldReason(record, { before: "kept" }),
  };
}

function sameEntries(a: ReadonlyMap<string, string>, b: ReadonlyMap<string, string>): boolean {
  if (a.size !== b.size) return false;
  for (const [key, value] of a) if (b.get(key) !== value) return false;
  return true;
}
