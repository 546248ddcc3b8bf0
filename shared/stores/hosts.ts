import { setTimeout as wait } from "node:timers/promises";
import type { Table, Values } from "../azure/tables.ts";
import { Failure } from "../model/failure.ts";

/** A span in which a host is left alone, because it asked for that by 429 or 503. Every worker respects it. */
export interface Pause {
  readonly since: Date;
  readonly until: Date;
}

/** What the upstream's quota was when it last mattered. */
export interface LowQuota extends Pause {
  readonly limit: number;
  readonly remaining: number;
}

/** Connections that a message may hold until then, should its worker die. */
export interface Slots {
  readonly holder: string;
  readonly count: number;
  readonly until: Date;
}

/** All times are the storage service's. */
export interface HostState {
  /** The last pause, over or not. */
  readonly pause?: Pause;
  /** When the requests that were granted so far are all spent at the host's rate. */
  readonly spentAt?: Date;
  readonly slots: readonly Slots[];
  readonly quota?: LowQuota;
}

/** A host's state, and the moment by the storage service's clock at which it was so: a worker's own may be an hour off. */
export interface HostView {
  readonly state: HostState;
  readonly at: Date;
}

/** What a change comes to: an answer, and the state to be written if it is to be another. */
export interface HostChange<T> {
  readonly answer: T;
  readonly next?: HostState;
}

/** Table `hosts`: partition `host`, row = upstream host. A host without limits, pauses and quota has no row. */
export interface Hosts {
  get(host: string, signal: AbortSignal): Promise<HostView | undefined>;
  /** The host's last pause, over or not. */
  pauseOf(host: string, signal: AbortSignal): Promise<Pause | undefined>;
  /** Reads, decides and writes by compare-and-swap; decides anew when another worker was faster. Throws `conflict` at last. */
  change<T>(host: string, decide: (view: HostView) => HostChange<T>, signal: AbortSignal): Promise<T>;
  /** Leaves the host alone from now on, by the service's clock; returns the pause with what it follows on. */
  pauseFor(host: string, ms: number, signal: AbortSignal): Promise<Pause>;
  /** Never shortens a pause; one that follows on another begins with it, so that all that was missed is made up for. */
  pause(host: string, pause: Pause, signal: AbortSignal): Promise<void>;
  all(signal: AbortSignal): Promise<ReadonlyMap<string, HostView>>;
}

const partition = "host";
const mostTries = 12;
const longestWaitMs = 1000;

// The schedule, which runs each minute, may not have seen the end of a pause that ended this long ago.
const followsOnMs = 120_000;

export function createHosts(table: Table): Hosts {
  const get: Hosts["get"] = async (host, signal) => {
    const row = await table.get({ partition, row: host }, signal);
    return row && { state: parseState(row.values), at: new Date(row.changedAt.getTime() + row.ageMs) };
  };
  const change: Hosts["change"] = async (host, decide, signal) => {
    const key = { partition, row: host };
    for (let tries = 1; ; ) {
      const row = await table.get(key, signal);
      if (row === undefined) {
        // Only a row that is there tells what time it is at the service.
        await table.insert(key, {}, signal);
        continue;
      }
      const at = new Date(row.changedAt.getTime() + row.ageMs);
      const { answer, next } = decide({ state: parseState(row.values), at });
      if (next === undefined) return answer;
      try {
        await table.replace({ ...key, etag: row.etag }, toValues(next), signal);
        return answer;
      } catch (error) {
        if (!(error instanceof Failure) || error.code !== "conflict" || tries === mostTries) throw error;
        tries += 1;
        await wait(Math.random() * Math.min(20 * 2 ** tries, longestWaitMs), undefined, { signal });
      }
    }
  };
  const pauseIn = ({ state }: HostView, pause: Pause): HostChange<Pause> => {
    const joined = joinPauses(state.pause, pause);
    return { answer: joined, ...(joined !== state.pause && { next: { ...state, pause: joined } }) };
  };
  return {
    get,
    pauseOf: async (host, signal) => (await get(host, signal))?.state.pause,
    change,
    pauseFor: (host, ms, signal) =>
      change(
        host,
        (view) => pauseIn(view, { since: view.at, until: new Date(view.at.getTime() + ms) }),
        signal,
      ),
    pause: async (host, pause, signal) => {
      await change(host, (view) => pauseIn(view, pause), signal);
    },
    all: async (signal) => {
      const found = new Map<string, HostView>();
      for await (const { row, values, changedAt, ageMs } of table.query({ partition }, signal))
        found.set(row, { state: parseState(values), at: new Date(changedAt.getTime() + ageMs) });
      return found;
    },
  };
}

/** The last pause itself when it holds the new one already. */
function joinPauses(last: Pause | undefined, pause: Pause): Pause {
  if (last === undefined || last.until.getTime() + followsOnMs < pause.since.getTime()) return pause;
  if (last.since <= pause.since && last.until >= pause.until) return last;
  return {
    since: last.since < pause.since ? last.since : pause.since,
    until: last.until > pause.until ? last.until : pause.until,
  };
}

function toValues({ pause, spentAt, slots, quota }: HostState): Values {
  return {
    ...(pause && { pausedSince: pause.since.toISOString(), pausedUntil: pause.until.toISOString() }),
    ...(spentAt && { spentAt: spentAt.toISOString() }),
    ...(slots.length > 0 && { slots: JSON.stringify(slots) }),
    ...(quota && {
      quotaLimit: quota.limit,
      quotaRemaining: quota.remaining,
      quotaSince: quota.since.toISOString(),
      quotaUntil: quota.until.toISOString(),
    }),
  };
}

function parseState(values: Readonly<Record<string, unknown>>): HostState {
  const date = (column: string): Date => new Date(String(values[column]));
  const slots = JSON.parse(String(values.slots ?? "[]")) as {
    holder: string;
    count: number;
    until: string;
  }[];
  return {
    slots: slots.map(({ holder, count, until }) => ({ holder, count, until: new Date(until) })),
    ...(values.pausedUntil !== undefined && {
      pause: { since: date("pausedSince"), until: date("pausedUntil") },
    }),
    ...(values.spentAt !== undefined && { spentAt: date("spentAt") }),
    ...(values.quotaUntil !== undefined && {
      quota: {
        limit: Number(values.quotaLimit),
        remaining: Number(values.quotaRemaining),
        since: date("quotaSince"),
        until: date("quotaUntil"),
      },
    }),
  };
}
