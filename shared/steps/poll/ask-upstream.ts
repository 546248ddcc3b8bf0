import { setImmediate } from "node:timers/promises";
import { turnOf } from "../../documents/schedule.ts";
import type { Watch } from "../../documents/watch.ts";
import { watchKey } from "../../documents/watch-id.ts";
import type { MethodKind } from "../../methods/members.ts";
import type { Clock } from "../../model/clock.ts";
import { mapConcurrent } from "../../model/concurrency.ts";
import type { Digest } from "../../model/digest.ts";
import { Failure, type FailureCode, toFailure } from "../../model/failure.ts";
import { formatReference, formatRepository } from "../../model/reference.ts";
import { type TagList, tagListOf } from "../../model/tag-list.ts";
import { needsList } from "../../policies/rules.ts";
import { selectAll } from "../../policies/select.ts";
import type { Registries, Registry } from "../../registry/registry.ts";
import type { Ledger } from "../../stores/ledger.ts";
import { emptyState, requireRoom, type WatchStateEntry } from "../../stores/watch-states.ts";
import { pauseAskedBy } from "../pace/upstream-pause.ts";
import { knownBefore } from "./known-before.ts";
import {
  type Answers,
  decidePoll,
  type PollDecision,
  type Questions,
  questionsFor,
} from "./poll-decision.ts";
import { shrinkage, troubleOf } from "./watch-trouble.ts";

export interface AskPorts {
  readonly ledger: Ledger;
  readonly targetHost: string;
  readonly defaultMethod: MethodKind;
  readonly channels: readonly string[];
  readonly now: Clock;
}

export interface WatchInput {
  readonly listing: Listing;
  readonly entry: WatchStateEntry | undefined;
  readonly slot: Date;
}

export type Found =
  /** `limited`: the host asked for a pause before all was answered; what is left is asked for next time. */
  { readonly kind: "decided"; readonly decision: PollDecision; readonly limited?: Failure } | Troubled;

interface Troubled {
  readonly kind: "troubled";
  readonly failure: Failure;
}

/** Asks upstream what a watch needs to know, and decides; writes nothing. Our own storage's failures are thrown. */
export async function askUpstream(
  watch: Watch,
  { listing, entry, slot }: WatchInput,
  ports: AskPorts,
  signal: AbortSignal,
): Promise<Found> {
  const stored = entry?.state;
  // A changed watch looks at everything anew; what it knows of moved tags goes with its old selection.
  const state =
    stored?.revision === watch.revision
      ? stored
      : { ...emptyState, ...(stored?.trouble && { trouble: stored.trouble }) };
  const asked = await untilTrouble(watch, async () => {
    const tags = needsList(watch.rules) ? await listing.tags() : undefined;
    const doubt = tags && shrinkage(watch, state, tags);
    if (doubt !== undefined) throw doubt;
    const selection = await selectAll(tags ?? tagListOf([]), watch.rules, setImmediate);
    const questions = questionsFor(state, selection, turnOf(watch.schedule, watchKey(watch), slot));
    // Before thousands of questions, not only after them.
    if (questions.fresh.length > 0) requireRoom(watch, { ...state, known: assumed(selection.versions) });
    const answered = await ask(questions, { watch, registry: listing.registry }, signal);
    // Answers are kept: where a pause comes before the last question every time, nothing would ever be brought in.
    if (answered.limited !== undefined && answered.answers.size === 0) throw answered.limited;
    return { kind: "asked" as const, tags, selection, ...answered };
  });
  if (asked.kind === "troubled") return asked;
  const { tags, selection, answers, refused, limited } = asked;
  const now = ports.now();
  const trouble = refused ? { ...troubleOf(refused, now), scope: "tags" as const } : limited && state.trouble;
  const seen = { stored, state, answers, now, ...(limited && { limited }) };
  const known = await knownBefore(watch, seen, ports, signal);
  return untilTrouble(watch, async () => {
    const found = { selection, answers };
    const decision = decidePoll(state, found, {
      watch,
      listed: tags?.size,
      targetHost: ports.targetHost,
      method: watch.method ?? ports.defaultMethod,
      notify: watch.notify ?? ports.channels,
      now,
      ...known,
      ...(trouble && { trouble }),
    });
    if (decision.state !== undefined) requireRoom(watch, decision.state);
    return { kind: "decided", decision, ...(limited && { limited }) };
  });
}

/** What upstream, or the watch itself, is the cause of. */
async function untilTrouble<T>(watch: Watch, work: () => Promise<T>): Promise<T | Troubled> {
  try {
    return await work();
  } catch (error) {
    const failure = toFailure(error, `polling ${formatRepository(watch.source)}`);
    if (failure.code === "internal" || failure.code === "canceled") throw failure;
    return { kind: "troubled", failure };
  }
}

function assumed(tags: readonly string[]): ReadonlyMap<string, string> {
  const digest = `sha256:${"0".repeat(64)}`;
  return new Map(tags.map((tag) => [tag, digest]));
}

/** One listing per source repository and credential, asked for by the first watch that needs it. */
export interface Listing {
  readonly registry: Registry;
  tags(): Promise<TagList>;
}

export function createListing(
  sharing: readonly Watch[],
  registries: Registries,
  signal: AbortSignal,
): Listing {
  const [first] = sharing;
  if (first === undefined) throw new RangeError("a listing is shared by at least one watch");
  let listed: Promise<TagList> | undefined;
  return {
    get registry() {
      return registries.open(first.source.host, first.credential);
    },
    tags() {
      listed ??= this.registry.listTags(first.source.path, signal);
      return listed;
    },
  };
}

// What may be wrong with one tag alone; anything else concerns the repository or the host.
export const faultsOfOneTag: ReadonlySet<FailureCode> = new Set([
  "integrity",
  "protocol",
  "unsupported",
  "invalid",
  "too-large",
  "unavailable",
]);

/** A tag that upstream cannot answer for is left out, and the first such failure told: the other tags go on. */
async function ask(
  questions: Questions,
  { watch, registry }: { readonly watch: Watch; readonly registry: Registry },
  signal: AbortSignal,
): Promise<{ readonly answers: Answers; readonly refused?: Failure; readonly limited?: Failure }> {
  let refused: Failure | undefined;
  let limited: Failure | undefined;
  const { fresh, tracked, recheck } = questions;
  const tags = [...fresh, ...tracked, ...recheck];
  const found = await mapConcurrent(tags, questionsAtOnce, async (tag): Promise<[string, Digest][]> => {
    if (limited !== undefined) return [];
    try {
      const descriptor = await registry.headManifest(watch.source.path, tag, signal);
      if (descriptor !== undefined) return [[tag, descriptor.digest]];
      if (!recheck.includes(tag)) refused ??= absent(watch, tag);
      return [];
    } catch (error) {
      if (error instanceof Failure && pauseAskedBy(error) !== undefined) limited ??= error;
      else if (error instanceof Failure && faultsOfOneTag.has(error.code)) refused ??= error;
      else throw error;
      return [];
    }
  });
  return { answers: new Map(found.flat()), ...(refused && { refused }), ...(limited && { limited }) };
}

/** A wanted tag without an image must not go unnoticed; one that we have may well be gone from upstream. */
function absent({ source, rules }: Watch, tag: string): Failure {
  const name = formatReference({ ...source, tag });
  return new Failure(
    "not-found",
    rules.track.includes(tag)
      ? `${name} is in Track, but upstream has no such tag now. If it is misspelled or gone for good, take it out of Track`
      : `${name} is in upstream's list, but upstream has no image under it. It is asked for again at each poll; to leave it out, name it in Exclude`,
  );
}

const questionsAtOnce = 4;
