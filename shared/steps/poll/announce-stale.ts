import { createHash } from "node:crypto";
import type { Watch } from "../../documents/watch.ts";
import { formatWatchId, watchKey } from "../../documents/watch-id.ts";
import type { Clock } from "../../model/clock.ts";
import type { Event } from "../../model/event.ts";
import { formatRepository } from "../../model/reference.ts";
import type { Ledger } from "../../stores/ledger.ts";
import type { Queues } from "../../stores/queues.ts";
import type { Ticks } from "../../stores/ticks.ts";
import type { WatchStates } from "../../stores/watch-states.ts";
import type { Watches } from "../../stores/watches.ts";
import { systemPartition } from "../events/announce-rejected.ts";
import { type Stale, staleSystem, staleWatches } from "./staleness.ts";

export interface StalePorts {
  readonly watches: Watches;
  readonly states: WatchStates;
  readonly ticks: Ticks;
  readonly ledger: Ledger;
  readonly queues: Queues;
  readonly channels: readonly string[];
  readonly now: Clock;
}

const dayMs = 24 * 3_600_000;
const systemKey = "system";

/**
 * Raises an alarm for each watch that has not been checked for long, once a day while it lasts; one for all of them when it is
 * the machinery that stands still. Returns how many are stale.
 */
export async function announceStale(ports: StalePorts, signal: AbortSignal): Promise<number> {
  const now = ports.now();
  const [rows, states, tick, told, oldestPollMs] = await Promise.all([
    ports.watches.all(signal),
    ports.states.all(signal),
    ports.ticks.last(signal),
    ports.ticks.stale(signal),
    ports.queues.oldestPollMs(signal),
  ]);
  const system = staleSystem(rows, { tick, oldestPollMs, now });
  const watches = system === undefined ? staleWatches(rows, { states, now }) : new Map<Watch, Stale>();
  const alarms = [
    ...(system === undefined ? [] : [alarmForAll(system, ports.channels)]),
    ...[...watches].map(([watch, stale]) => alarmFor(watch, stale, ports.channels)),
  ];
  for (const { key, partition, stale, about, channels } of alarms) {
    const day = `${stale.since.toISOString()} ${Math.floor((now.getTime() - stale.since.getTime()) / dayMs)}`;
    const known = told.get(key);
    if (known === undefined) await ports.ticks.setStale(key, `${seen}${now.toISOString()}`, signal);
    if (known === undefined || known === day || wasSeen(known, now)) continue;
    const event: Event = {
      key: createHash("sha256").update(`${key} stale ${day}`).digest("hex"),
      kind: "stale",
      at: now.toISOString(),
      ...about,
      reason: stale.reason,
    };
    await ports.ledger.announce(partition, { event, channels }, signal);
    await ports.queues.notify({ kind: "relay", partition }, { signal });
    await ports.ticks.setStale(key, day, signal);
  }
  const present = new Set(alarms.map(({ key }) => key));
  for (const key of told.keys()) if (!present.has(key)) await ports.ticks.clearStale(key, signal);
  return alarms.length;
}

// After a stand-still of the whole app, the first sweep may come before the first poll: what is stale by the next one is an alarm.
const seen = "seen ";
const sweepMs = 5 * 60_000;

function wasSeen(known: string, now: Date): boolean {
  return known.startsWith(seen) && now.getTime() - Date.parse(known.slice(seen.length)) < sweepMs / 2;
}

interface Alarm {
  readonly key: string;
  /** Of the outbox. */
  readonly partition: string;
  readonly stale: Stale;
  readonly about: Pick<Event, "watch" | "source">;
  readonly channels: readonly string[];
}

function alarmForAll(stale: Stale, channels: readonly string[]): Alarm {
  return { key: systemKey, partition: systemPartition, stale, about: { watch: "all watches" }, channels };
}

function alarmFor(watch: Watch, stale: Stale, channels: readonly string[]): Alarm {
  const key = watchKey(watch);
  const about = { watch: formatWatchId(watch), source: formatRepository(watch.source) };
  return { key, partition: key, stale, about, channels: watch.notify ?? channels };
}
