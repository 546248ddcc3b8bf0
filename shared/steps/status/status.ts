import { type ImportState, importStates, siteOf } from "../../documents/import-record.ts";
import type { Watch } from "../../documents/watch.ts";
import { formatWatchId, watchKey } from "../../documents/watch-id.ts";
import type { Clock } from "../../model/clock.ts";
import { formatRepository } from "../../model/reference.ts";
import type { Limits } from "../../registry/limits.ts";
import type { DeadLetters } from "../../stores/dead-letters.ts";
import type { Deliveries } from "../../stores/deliveries.ts";
import type { Hosts } from "../../stores/hosts.ts";
import type { Ledger } from "../../stores/ledger.ts";
import type { Queues } from "../../stores/queues.ts";
import type { Ticks } from "../../stores/ticks.ts";
import type { WatchStates } from "../../stores/watch-states.ts";
import type { Watches, WatchRow } from "../../stores/watches.ts";
import { barredBy, type PutOff } from "../pace/host-budget.ts";
import { type Stale, staleSystem, staleWatches } from "../poll/staleness.ts";
import { collectStopped, type StoppedImport } from "./stopped-imports.ts";

export interface StatusPorts {
  readonly watches: Watches;
  readonly states: WatchStates;
  readonly hosts: Hosts;
  readonly ticks: Ticks;
  readonly ledger: Ledger;
  readonly deliveries: Deliveries;
  readonly deadLetters: DeadLetters;
  readonly queues: Queues;
  readonly limits: Limits;
  readonly now: Clock;
}

/** The state of the whole system, for people and for monitors. Times are ISO 8601, UTC. */
export interface Status {
  readonly at: string;
  /** `attention`: something waits for a person, or does not run as it should. */
  readonly overall: "ok" | "attention";
  /** One sentence per thing that needs attention, with how to mend it. */
  readonly attention: readonly string[];
  /** When the schedule last ran; absent before its first run. */
  readonly lastTick?: string;
  readonly watches: readonly WatchStatus[];
  /** Images by state. */
  readonly imports: Readonly<Record<ImportState, number>>;
  /** What came along with images: signatures, attestations, SBOMs and the like. */
  readonly referrers: Readonly<Record<ImportState, number>>;
  /** Imports that wait for a disconnected site's bundle or receipt, by site. */
  readonly forSites: Readonly<Record<string, number>>;
  /** Imports that wait at a gate, and those that were held, denied or failed within a week: newest first, 50 at most. */
  readonly stopped: readonly StoppedImport[];
  /** Approximate queue lengths, delayed messages included. */
  readonly queues: Readonly<Record<string, number>>;
  readonly pausedHosts: Readonly<Record<string, string>>;
  readonly deadLetters: number;
  readonly notifications: Readonly<Record<string, { readonly due: number; readonly failed: number }>>;
}

export interface WatchStatus {
  readonly watch: string;
  /** `put-off`: not checked at its time, because of the upstream's limits; what it knows may be out of date. */
  readonly state: "followed" | "new" | "disabled" | "troubled" | "rejected" | "put-off";
  readonly source?: string;
  /** Tags that it follows at present. */
  readonly tags: number;
  readonly reason?: string;
  readonly since?: string;
  /** For `put-off`: when it is to be checked. */
  readonly until?: string;
  /** Set when it has missed three polls, and at least an hour: since when, why and what to do. */
  readonly stale?: string;
}

const staleTickMs = 5 * 60_000;

export async function status(ports: StatusPorts, signal: AbortSignal): Promise<Status> {
  const now = ports.now();
  const [rows, states, hosts, tick, queues, letters, oldestPollMs] = await Promise.all([
    ports.watches.all(signal),
    ports.states.all(signal),
    ports.hosts.all(signal),
    ports.ticks.last(signal),
    ports.queues.lengths(signal),
    ports.deadLetters.all(signal),
    ports.queues.oldestPollMs(signal),
  ]);
  const imports = noneInAnyState();
  const referrers = noneInAnyState();
  const standing = collectStopped(now);
  const unreadable: string[] = [];
  const forSites: Record<string, number> = {};
  for await (const { record } of ports.ledger.all(signal, (row) => unreadable.push(row))) {
    (record.subject === undefined ? imports : referrers)[record.state] += 1;
    standing.add(record);
    const site = siteOf(record);
    if (site !== undefined && record.state === "running") forSites[site] = (forSites[site] ?? 0) + 1;
  }
  const notifications: Record<string, { due: number; failed: number }> = {};
  for await (const { channel, state } of ports.deliveries.all(signal)) {
    notifications[channel] ??= { due: 0, failed: 0 };
    if (state === "due" || state === "sending") notifications[channel].due += 1;
    if (state === "failed") notifications[channel].failed += 1;
  }
  const barred = new Map(
    [...hosts].flatMap(([host, { state, at }]): [string, PutOff][] => {
      const putOff = barredBy(state, { at, limits: ports.limits.of(host), urgency: "poll" });
      return putOff === undefined ? [] : [[host, putOff]];
    }),
  );
  const pausedHosts = Object.fromEntries([...barred].map(([host, { until }]) => [host, until.toISOString()]));
  const stale = staleWatches(rows, { states, now });
  const watches = rows.map((row) => watchStatus(row, { states, barred, stale }));
  const system = staleSystem(rows, { tick, oldestPollMs, now });

  const still = standing.end();
  const attention = [
    ...(tick !== undefined && now.getTime() - tick.at.getTime() > staleTickMs
      ? [`The schedule has not run since ${tick.at.toISOString()}: is the function app running?`]
      : []),
    ...(system === undefined ? [] : [`All watches: ${system.reason}`]),
    ...watches.flatMap(({ watch, state, reason, stale }) => {
      if (stale !== undefined) return [`Watch ${watch}: ${stale}`];
      return state === "rejected" || state === "troubled" ? [`Watch ${watch}: ${reason}`] : [];
    }),
    ...[...barred].map(
      ([host, { until, reason }]) =>
        `${host}: ${reason} Its watches are not checked until ${until.toISOString()}.`,
    ),
    ...still.attention,
    ...unreadable.map(
      (row) =>
        `The ledger row ${row} cannot be read and is passed over: mend or delete it in the table images.`,
    ),
    ...(letters.length > 0 ? [`${letters.length} dead letters in the table deadletters`] : []),
    ...Object.entries(notifications).flatMap(([channel, { failed }]) =>
      failed > 0
        ? [
            `${failed} notification${failed === 1 ? "" : "s"} to ${channel} could not be delivered: see the table deliveries`,
          ]
        : [],
    ),
  ];
  return {
    at: now.toISOString(),
    overall: attention.length === 0 ? "ok" : "attention",
    attention,
    ...(tick && { lastTick: tick.at.toISOString() }),
    watches,
    imports,
    referrers,
    forSites,
    stopped: still.stopped,
    queues,
    pausedHosts,
    deadLetters: letters.length,
    notifications,
  };
}

function noneInAnyState(): Record<ImportState, number> {
  return Object.fromEntries(importStates.map((state) => [state, 0])) as Record<ImportState, number>;
}

interface Known {
  readonly states: Awaited<ReturnType<WatchStates["all"]>>;
  readonly barred: ReadonlyMap<string, PutOff>;
  readonly stale: ReadonlyMap<Watch, Stale>;
}

function watchStatus(row: WatchRow, { states, barred, stale }: Known): WatchStatus {
  if (row.kind === "rejected") {
    return { watch: `${row.group}/${row.name}`, state: "rejected", tags: 0, reason: row.reason };
  }
  const { watch } = row;
  const state = states.get(`${watch.source.host} ${watchKey(watch)}`);
  const base = {
    watch: formatWatchId(watch),
    source: formatRepository(watch.source),
    tags: state?.known.size ?? 0,
    ...(stale.has(watch) && { stale: stale.get(watch)?.reason ?? "" }),
  };
  if (watch.enabled === "no") return { ...base, state: "disabled" };
  if (state?.trouble !== undefined) {
    return {
      ...base,
      state: "troubled",
      reason: state.trouble.reason,
      since: state.trouble.since.toISOString(),
    };
  }
  const host = barred.get(watch.source.host);
  const mark = state?.unchecked;
  const until = [host?.until, mark?.until]
    .flatMap((time) => time ?? [])
    .sort((a, b) => Number(b) - Number(a))[0];
  if (until !== undefined) {
    return {
      ...base,
      state: "put-off",
      reason: `${host?.reason ?? mark?.reason} It is to be checked ${until.toISOString()}; until then nothing is known of new versions.`,
      ...(mark && { since: mark.since.toISOString() }),
      until: until.toISOString(),
    };
  }
  return { ...base, state: state === undefined ? "new" : "followed" };
}
