import type { Table } from "../azure/tables.ts";

/** How far the schedule step has come. `at` is our clock, `recordedAt` the storage service's. */
export interface Tick {
  readonly at: Date;
  readonly recordedAt: Date;
}

/** Table `ticks`: the last tick of the schedule, and which rejected rows and stale checks people have been told of. */
export interface Ticks {
  last(signal: AbortSignal): Promise<Tick | undefined>;
  record(at: Date, signal: AbortSignal): Promise<void>;
  /** Rejected watches already announced: `group~name` to the reason. */
  rejected(signal: AbortSignal): Promise<ReadonlyMap<string, string>>;
  setRejected(key: string, reason: string, signal: AbortSignal): Promise<void>;
  clearRejected(key: string, signal: AbortSignal): Promise<void>;
  /** Alarms of stale checks that were raised: what they are about, to which of its days. */
  stale(signal: AbortSignal): Promise<ReadonlyMap<string, string>>;
  setStale(key: string, day: string, signal: AbortSignal): Promise<void>;
  clearStale(key: string, signal: AbortSignal): Promise<void>;
}

const schedule = { partition: "schedule", row: "last" };
const maxReason = 4000;

export function createTicks(table: Table): Ticks {
  const rejected = createNotes(table, "rejected");
  const stale = createNotes(table, "stale");
  return {
    last: async (signal) => {
      const row = await table.get(schedule, signal);
      return row && { at: new Date(String(row.values.at)), recordedAt: row.changedAt };
    },
    record: (at, signal) => table.upsert(schedule, { at: at.toISOString() }, signal),
    rejected: rejected.all,
    setRejected: rejected.set,
    clearRejected: rejected.clear,
    stale: stale.all,
    setStale: stale.set,
    clearStale: stale.clear,
  };
}

/** What people have been told of, so that they are told once. */
function createNotes(table: Table, partition: string) {
  return {
    all: async (signal: AbortSignal): Promise<ReadonlyMap<string, string>> => {
      const found = new Map<string, string>();
      for await (const { row, values } of table.query({ partition }, signal))
        found.set(row, String(values.reason ?? ""));
      return found;
    },
    set: (key: string, reason: string, signal: AbortSignal) =>
      table.upsert({ partition, row: key }, { reason: reason.slice(0, maxReason) }, signal),
    clear: (key: string, signal: AbortSignal) => table.remove({ partition, row: key }, signal),
  };
}
