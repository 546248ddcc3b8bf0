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
  pause(host: string, pause: Pause, signal: AbortSignal): Promise<void>;
  pauses(signal: AbortSignal): Promise<ReadonlyMap<string, Pause>>;
}

const partition = "host";

export function createHosts(table: Table): Hosts {
  return {
    pauseOf: async (host, signal) => {
      const row = await table.get({ partition, row: host }, signal);
      return row && parsePause(row.values);
    },
    pause: (host, { since, until }, signal) =>
      table.upsert(
        { partition, row: host },
        { pausedSince: since.toISOString(), pausedUntil: until.toISOString() },
        signal,
      ),
    pauses: async (signal) => {
      const found = new Map<string, Pause>();
      for await (const { row, values } of table.query({ partition }, signal))
        found.set(row, parsePause(values));
      return found;
    },
  };
}

function parsePause(values: Readonly<Record<string, unknown>>): Pause {
  return { since: new Date(String(values.pausedSince)), until: new Date(String(values.pausedUntil)) };
}
