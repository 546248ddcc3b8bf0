import { dueWithin } from "../../documents/schedule.ts";
import type { Watch } from "../../documents/watch.ts";
import { type WatchId, watchKey } from "../../documents/watch-id.ts";
import { inBatches } from "../../model/batches.ts";
import type { Clock } from "../../model/clock.ts";
import type { Limits } from "../../registry/limits.ts";
import type { Hosts, Pause } from "../../stores/hosts.ts";
import type { Queues } from "../../stores/queues.ts";
import type { Tick, Ticks } from "../../stores/ticks.ts";
import type { Watches, WatchRow } from "../../stores/watches.ts";
import { announceRejected, type RejectedPorts } from "../events/announce-rejected.ts";
import { pollPause } from "../pace/host-budget.ts";

export interface SchedulePorts extends RejectedPorts {
  readonly watches: Watches;
  readonly hosts: Hosts;
  readonly limits: Limits;
  readonly ticks: Ticks;
  readonly queues: Queues;
  readonly now: Clock;
}

export interface ScheduleResult {
  readonly watches: number;
  readonly due: number;
  readonly messages: number;
}

// What one poll message may hold; small enough for an invocation's time, large enough to share a token and a query.
const watchesPerMessage = 50;

/**
 * Each minute: which watches are due since the last tick, as poll messages grouped by upstream host. A row that was saved
 * since the last tick is due at once. Messages go out before the tick is recorded: a crash polls twice, never not.
 */
export async function schedule(ports: SchedulePorts, signal: AbortSignal): Promise<ScheduleResult> {
  const now = ports.now();
  const [rows, last, hosts] = await Promise.all([
    ports.watches.all(signal),
    ports.ticks.last(signal),
    ports.hosts.all(signal),
  ]);
  const pauses = new Map(
    [...hosts].flatMap(([host, { state }]): [string, Pause][] => {
      const pause = pollPause(state, ports.limits.of(host));
      return pause === undefined ? [] : [[host, pause]];
    }),
  );
  const due = dueWatches(rows, { last, now, pauses });
  let messages = 0;
  for (const [host, watches] of Map.groupBy(due, ({ source }) => source.host)) {
    for (const batch of inBatches(watches.toSorted(byKey), watchesPerMessage)) {
      const ids = batch.map(({ group, name }): WatchId => ({ group, name }));
      await ports.queues.poll({ host, slot: now, watches: ids }, { signal });
      messages += 1;
    }
  }
  await announceRejected(rows, ports, signal);
  await ports.ticks.record(now, signal);
  return { watches: rows.length, due: due.length, messages };
}

/** Pure: the enabled watches that fall due. A paused host's watches wait, and are due once when its pause has ended. */
export function dueWatches(
  rows: readonly WatchRow[],
  at: { readonly last: Tick | undefined; readonly now: Date; readonly pauses: ReadonlyMap<string, Pause> },
): Watch[] {
  const { last, now, pauses } = at;
  return rows.flatMap((row) => {
    if (row.kind === "rejected" || row.watch.enabled === "no") return [];
    const { watch } = row;
    const pause = pauses.get(watch.source.host);
    if (pause !== undefined && pause.until > now) return [];
    if (last === undefined || savedSince(row.changedAt, last)) return [watch];
    const pauseEnded = pause !== undefined && pause.until > last.at;
    const after = pauseEnded && pause.since < last.at ? pause.since : last.at;
    // A clock that was set back must not stop the schedule.
    const window = { after: after < now ? after : new Date(now.getTime() - 60_000), until: now };
    return dueWithin(watch.schedule, watchKey(watch), window) === undefined ? [] : [watch];
  });
}

// A row saved while the last tick was under way may have been missed by it: better polled twice.
const overlapMs = 30_000;

function savedSince(changedAt: Date, last: Tick): boolean {
  return changedAt.getTime() > last.recordedAt.getTime() - overlapMs;
}

function byKey(a: Watch, b: Watch): number {
  return watchKey(a) < watchKey(b) ? -1 : 1;
}
