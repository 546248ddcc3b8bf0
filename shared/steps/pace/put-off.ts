import type { PollMessage } from "../../documents/messages.ts";
import { dueWithin } from "../../documents/schedule.ts";
import type { Watch } from "../../documents/watch.ts";
import { watchKey } from "../../documents/watch-id.ts";
import type { Clock } from "../../model/clock.ts";
import { mapConcurrent } from "../../model/concurrency.ts";
import type { Queues } from "../../stores/queues.ts";
import {
  emptyState,
  type Unchecked,
  type WatchState,
  type WatchStateEntry,
  type WatchStates,
} from "../../stores/watch-states.ts";
import type { PutOff } from "./host-budget.ts";

export interface PutOffPorts {
  readonly states: WatchStates;
  readonly queues: Queues;
  readonly now: Clock;
  readonly random: () => number;
}

/** A watch whose poll is put off, with what is known of it; `reached` is what an unfinished poll found out. */
export interface Left {
  readonly watch: Watch;
  readonly entry: WatchStateEntry | undefined;
  readonly reached?: WatchState;
}

// A poll that comes within the minute of its slot is paced, not put off; the schedule itself goes by minutes.
const paceMs = 60_000;
// Imports wait for the same moment, and go first.
const afterImportsMs = 10_000;
const spreadMs = 5_000;
const writesAtOnce = 8;

/**
 * Sends the poll of these watches again for later, and writes down that they are unchecked until then. A watch that has come
 * due again meanwhile is left to the later message: else every slot of a long pause would be made up for, one by one.
 */
export async function putOffPoll(
  { host, slot }: PollMessage,
  { left, by }: { readonly left: readonly Left[]; readonly by: PutOff },
  ports: PutOffPorts,
  signal: AbortSignal,
): Promise<void> {
  const now = ports.now();
  const waiting = left.filter(({ watch }) => !isDueAgain(watch, { slot, now }));
  if (waiting.length > 0) {
    const watches = waiting.map(({ watch: { group, name } }) => ({ group, name }));
    const delayMs =
      Math.max(1000, by.until.getTime() - now.getTime()) + afterImportsMs + spreadMs * ports.random();
    await ports.queues.poll({ host, slot, watches }, { signal, delayMs });
  }
  await mapConcurrent(left, writesAtOnce, async ({ watch, entry, reached }) => {
    const known = entry?.state.unchecked;
    const mark = markOf(known, { slot, by, now });
    if (reached === undefined && mark === known) return;
    const { unchecked: _, ...rest } = reached ?? entry?.state ?? emptyState;
    const state = { ...rest, ...(mark && { unchecked: mark }) };
    await ports.states.save(host, watch, { state, etag: entry?.etag, signal });
  });
}

/** Pure: the mark of a watch that is put off; the known one while it holds, and none for a wait that is short. */
export function markOf(
  known: Unchecked | undefined,
  { slot, by, now }: { readonly slot: Date; readonly by: PutOff; readonly now: Date },
): Unchecked | undefined {
  if (by.until.getTime() - slot.getTime() <= paceMs || (known !== undefined && known.until > now))
    return known;
  return { since: known?.since ?? slot, until: by.until, reason: by.reason };
}

function isDueAgain(watch: Watch, { slot, now }: { readonly slot: Date; readonly now: Date }): boolean {
  return slot < now && dueWithin(watch.schedule, watchKey(watch), { after: slot, until: now }) !== undefined;
}
