import { createHash } from "node:crypto";
import type { Watch } from "../../documents/watch.ts";
import { formatWatchId, watchKey } from "../../documents/watch-id.ts";
import { Failure, isTransient } from "../../model/failure.ts";
import { formatRepository } from "../../model/reference.ts";
import type { TagList } from "../../model/tag-list.ts";
import type { Ledger } from "../../stores/ledger.ts";
import type { Queues } from "../../stores/queues.ts";
import type { Trouble, WatchState } from "../../stores/watch-states.ts";

export function troubleOf(failure: Failure, since: Date): Trouble {
  return { code: failure.code, reason: failure.message, since };
}

/** The same trouble goes on as it began. */
export function troubleAfter(known: Trouble | undefined, failure: Failure, now: Date): Trouble {
  return sameTrouble(known, { code: failure.code })
    ? (known ?? troubleOf(failure, now))
    : troubleOf(failure, now);
}

export function sameTrouble(
  a: Pick<Trouble, "code" | "scope"> | undefined,
  b: Pick<Trouble, "code" | "scope"> | undefined,
): boolean {
  return a?.code === b?.code && a?.scope === b?.scope;
}

/**
 * Tells people that a watch cannot be polled. Passing faults are left to the status: the next poll may well succeed.
 * `slot`, the poll's own moment, stays the same when its message is processed again.
 */
export async function announceTrouble(
  watch: Watch,
  trouble: Trouble & { readonly slot: Date },
  ports: { readonly ledger: Ledger; readonly queues: Queues; readonly channels: readonly string[] },
  signal: AbortSignal,
): Promise<void> {
  if (isTransient(trouble.code)) return;
  const partition = watchKey(watch);
  const event = {
    key: createHash("sha256")
      .update(`${partition} ${trouble.code} ${trouble.slot.toISOString()}`)
      .digest("hex"),
    kind: "watch-failing",
    at: trouble.since.toISOString(),
    watch: formatWatchId(watch),
    source: formatRepository(watch.source),
    reason: trouble.reason,
  } as const;
  await ports.ledger.announce(partition, { event, channels: watch.notify ?? ports.channels }, signal);
  await ports.queues.notify({ kind: "relay", partition }, { signal });
}

// Below this many tags a listing may well halve by honest pruning.
const smallListing = 20;

/**
 * A listing that lost more than half of its tags is not believed: upstream's answer was probably cut short. Returns what
 * to report, or undefined. Saving the watch anew accepts the shorter listing.
 */
export function shrinkage(watch: Watch, state: WatchState, tags: TagList): Failure | undefined {
  if (state.listed < smallListing || tags.size * 2 >= state.listed) return undefined;
  return new Failure(
    "protocol",
    `${formatRepository(watch.source)} listed ${state.listed} tags before and ${tags.size} now: probably cut short, so nothing was concluded from it. If upstream really pruned its tags, save the watch with any change of its tags or target to accept that`,
  );
}
