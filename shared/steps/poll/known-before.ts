import { type ImportRecord, importKey, siteOf } from "../../documents/import-record.ts";
import type { Watch } from "../../documents/watch.ts";
import { lastDecision } from "../../gates/decision.ts";
import type { MethodKind } from "../../methods/members.ts";
import { parseDigest } from "../../model/digest.ts";
import type { Failure } from "../../model/failure.ts";
import { formatRepository } from "../../model/reference.ts";
import { hasMajors, majorOf } from "../../policies/major-of.ts";
import type { Ledger } from "../../stores/ledger.ts";
import type { WatchState } from "../../stores/watch-states.ts";
import type { Answers, PollContext } from "./poll-decision.ts";
import type { Known } from "./sighting.ts";

export interface Seen {
  /** As it was written; absent before the watch's first poll. */
  readonly stored: WatchState | undefined;
  /** The same while it holds for the row as it is now, else an empty one. */
  readonly state: WatchState;
  readonly answers: Answers;
  readonly now: Date;
  /** Upstream asked for a pause before all was answered. */
  readonly limited?: Failure;
}

export interface SightingPorts {
  readonly ledger: Ledger;
  readonly targetHost: string;
  readonly defaultMethod: MethodKind;
}

/** What was known before upstream answered, as far as the answers need it: reads nothing when they tell nothing new. */
export async function knownBefore(
  watch: Watch,
  { stored, state, answers, now, limited }: Seen,
  { ledger, targetHost, defaultMethod }: SightingPorts,
  signal: AbortSignal,
): Promise<Pick<PollContext, "before" | "accepted" | "firstLook">> {
  const poll = lookOf(stored, now);
  const news = [...answers].some(([tag, digest]) => state.known.get(tag) !== digest);
  const major = poll === "later" && news ? await greatestMajor(watch, ledger, signal) : undefined;
  // Moved tags whose new digest came in since, because a person accepted it.
  const accepted = new Map<string, string>();
  for (const [tag, digest] of state.moved) {
    if (!answers.has(tag)) continue;
    const target = { host: targetHost, ...watch.target(watch.source, tag) };
    const site = siteOf({ method: watch.method ?? defaultMethod, handling: watch.handling });
    const key = importKey({ source: watch.source, tag, digest: parseDigest(digest), target, site });
    if ((await ledger.get(watch, key, signal))?.record.state === "done") accepted.set(tag, digest);
  }
  return {
    before: { poll, ...(major !== undefined && { major }) },
    accepted,
    ...(poll === "first" && limited && { firstLook: stored?.firstLook ?? now }),
  };
}

// An upstream that never lets a first look end must not be taken at its word for ever.
const firstLookMs = 24 * 3_600_000;

/** What fails or is put off has seen nothing yet; a look that was broken off by a pause goes on, for a day at most. */
export function lookOf(stored: WatchState | undefined, now: Date): Known["poll"] {
  if (stored === undefined || stored.revision === "") return "first";
  const { firstLook } = stored;
  return firstLook !== undefined && now.getTime() - firstLook.getTime() < firstLookMs ? "first" : "later";
}

/**
 * The greatest major version that a watch's ledger has let in. What waits for a person because of its major version does not
 * count before it was approved, or its next patch would come in beside it.
 */
export async function greatestMajor(
  watch: Watch,
  ledger: Ledger,
  signal: AbortSignal,
): Promise<number | undefined> {
  if (!hasMajors(watch.rules.policy)) return undefined;
  const source = formatRepository(watch.source);
  let greatest: number | undefined;
  for await (const { record } of ledger.ofWatch(watch, signal)) {
    if (!wasLetIn(record) || formatRepository(record.source) !== source) continue;
    const major = majorOf(record.tag, watch.rules);
    if (major !== undefined && (greatest === undefined || major > greatest)) greatest = major;
  }
  return greatest;
}

function wasLetIn({ state, sighting, decisions, subject }: ImportRecord): boolean {
  if (subject !== undefined) return false;
  if (sighting?.major === undefined || state === "done" || state === "removed") return true;
  return state !== "denied" && lastDecision(decisions, "approve") !== undefined;
}
