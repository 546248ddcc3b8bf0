import type { Table } from "../azure/tables.ts";

/** A pause that an upstream host asked for, by 429 and Retry-After. Every worker respects it. */
export interface Pause {
  readonly since: Date;
  readonly until: Date;
}

/** Table `hosts`: partition `host`, row = upstream host. */
export interface Hosts {
  /** The host's last pause, over or not. */
  pauseOf(host: string, signal: AbortSignal): Promise<Pause | undefined>;
  /** Never shortens a pause; one that follows on another begins with it, so that all that was missed is made up for. */
  pause(host: string, pause: Pause, signal: AbortSignal): Promise<void>;
  pauses(signal: AbortSignal): Promise<ReadonlyMap<string, Pause>>;
}

const partition = "host";

// The schedule, which runs each minute, may not have seen the end of a pause that ended this long ago.
const followsOnMs = 120_000;

export function createHosts(table: Table): Hosts {
  const pauseOf: Hosts["pauseOf"] = async (host, signal) => {
    const row = await table.get({ partition, row: host }, signal);
    return row && parsePause(row.values);
  };
  return {
    pauseOf,
    pause: async (host, pause, signal) => {
      const { since, until } = joined(await pauseOf(host, signal), pause);
      const values = { pausedSince: since.toISOString(), pausedUntil: until.toISOString() };
      await table.upsert({ partition, row: host }, values, signal);
    },
    pauses: async (signal) => {
      const found = new Map<string, Pause>();
      for await (const { row, values } of table.query({ partition }, signal))
        found.set(row, parsePause(values));
      return found;
    },
  };
}

function joined(last: Pause | undefined, pause: Pause): Pause {
  if (last === undefined || last.until.getTime() + followsOnMs < pause.since.getTime()) return pause;
  return {
    since: new Date(Math.min(last.since.getTime(), pause.since.getTime())),
    until: new Date(Math.max(last.until.getTime(), pause.until.getTime())),
  };
}

function parsePause(values: Readonly<Record<string, unknown>>): Pause {
  return { since: new Date(String(values.pausedSince)), until: new Date(String(values.pausedUntil)) };
}
