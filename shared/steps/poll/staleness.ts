import { intervalMs } from "../../documents/schedule.ts";
import type { Watch } from "../../documents/watch.ts";
import { watchKey } from "../../documents/watch-id.ts";
import type { Tick } from "../../stores/ticks.ts";
import type { WatchState } from "../../stores/watch-states.ts";
import type { WatchRow } from "../../stores/watches.ts";

/** Nothing is known of new versions since then. The reason is whole sentences: why, and what to do. */
export interface Stale {
  readonly since: Date;
  readonly reason: string;
}

const leastMs = 3_600_000;
const tickMs = 15 * 60_000;
// The longest delay of a message that was put off is an hour: one that is older can be processed, and is not.
const unprocessedMs = 90 * 60_000;

const notNoUpdates = "This is not the same as no updates.";

/** Pure: the watches that have missed three polls, and at least an hour. `states` is keyed by host and watch, parted by a space. */
export function staleWatches(
  rows: readonly WatchRow[],
  { states, now }: { readonly states: ReadonlyMap<string, WatchState>; readonly now: Date },
): ReadonlyMap<Watch, Stale> {
  const found = new Map<Watch, Stale>();
  for (const row of rows) {
    if (row.kind === "rejected" || row.watch.enabled === "no") continue;
    const { watch, changedAt } = row;
    const stale = uncheckedSince(watch, {
      state: states.get(`${watch.source.host} ${watchKey(watch)}`),
      changedAt,
    });
    const longMs = Math.max(3 * intervalMs(watch.schedule, now), leastMs);
    if (stale !== undefined && now.getTime() - stale.since.getTime() > longMs) found.set(watch, stale);
  }
  return found;
}

function uncheckedSince(
  watch: Watch,
  { state, changedAt }: { readonly state: WatchState | undefined; readonly changedAt: Date },
): Stale | undefined {
  const { unchecked, trouble } = state ?? {};
  const failing = trouble?.scope === undefined ? trouble : undefined;
  if (failing !== undefined && (unchecked === undefined || failing.since <= unchecked.since))
    return { since: failing.since, reason: sentence(failing.since, failing.reason, "Mend what it names") };
  if (unchecked !== undefined) {
    const advice =
      "A credential in the watch raises most limits; so does a longer Schedule, or WHARFGATE_LIMITS";
    return { since: unchecked.since, reason: sentence(unchecked.since, unchecked.reason, advice) };
  }
  if (state?.revision === watch.revision) return undefined;
  const advice = "See the function app's log of the function poll, and wharfgate status";
  return {
    since: changedAt,
    reason: sentence(changedAt, "It was saved then and never polled since.", advice),
  };
}

/** Pure: why no watch at all is checked, or undefined while the machinery runs. */
export function staleSystem(
  rows: readonly WatchRow[],
  at: { readonly tick: Tick | undefined; readonly oldestPollMs: number | undefined; readonly now: Date },
): Stale | undefined {
  const { tick, oldestPollMs = 0, now } = at;
  const first = rows
    .filter((row) => row.kind === "watch" && row.watch.enabled === "yes")
    .reduce((least, { changedAt }) => Math.min(least, changedAt.getTime()), Number.POSITIVE_INFINITY);
  if (first === Number.POSITIVE_INFINITY) return undefined;
  const last = tick?.at.getTime() ?? first;
  if (now.getTime() - last > tickMs) {
    const since = new Date(last);
    return {
      since,
      reason: sentence(since, "The schedule has not run.", "Is the function schedule enabled?"),
    };
  }
  if (oldestPollMs <= unprocessedMs) return undefined;
  const since = new Date(now.getTime() - oldestPollMs);
  const why = "Poll messages wait in the queue and are not processed.";
  return { since, reason: sentence(since, why, "Is the function poll enabled, and does it fail?") };
}

const longestReason = 300;

function sentence(since: Date, why: string, advice: string): string {
  const moment = since.toISOString().slice(0, 16).replace("T", " ");
  const short = why.length > longestReason ? `${why.slice(0, longestReason)}…` : why;
  const ended = /[.…?!]$/.test(short) ? short : `${short}.`;
  return `Not checked since ${moment} UTC: ${ended} ${notNoUpdates} ${advice}${advice.endsWith("?") ? "" : "."}`;
}
