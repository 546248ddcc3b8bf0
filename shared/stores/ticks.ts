import type { Table } from "../azure/tables.ts";

/** How far the schedule step has come. `at` is our clock, `recordedAt` the storage service's. */
export interface Tick {
  readonly at: Date;
  readonly recordedAt: Date;
}

/** Table `ticks`: the last tick of the schedule, and which rejected rows people have been told of. */
export interface Ticks {
  last(signal: AbortSignal): Promise<Tick | undefined>;
  record(at: Date, signal: AbortSignal): Promise<void>;
  /** Rejected watches already announced: `group~name` to the reason. */
  rejected(signal: AbortSignal): Promise<ReadonlyMap<string, string>>;
  setRejected(key: string, reason: string, signal: AbortSignal): Promise<void>;
  clearRejected(key: string, signal: AbortSignal): Promise<void>;
}

const schedule = { partition: "schedule", row: "last" };
const rejectedPartition = "rejected";
const maxReason = 4000;

export function createTicks(table: Table): Ticks {
  return {
    last: async (signal) => {
      const row = await table.get(schedule, signal);
      return row && { at: new Date(String(row.values.at)), recordedAt: row.changedAt };
    },
    record: (at, signal) => table.upsert(schedule, { at: at.toISOString() }, signal),
    rejected: async (signal) => {
      const found = new Map<string, string>();
      for await (const { row, values } of table.query({ partition: rejectedPartition }, signal)) {
        found.set(row, String(values.reason ?? ""));
      }
      return found;
    },
    setRejected: (key, reason, signal) =>
      table.upsert(
        { partition: rejectedPartition, row: key },
        { reason: reason.slice(0, maxReason) },
        signal,
      ),
    clearRejected: (key, signal) => table.remove({ partition: rejectedPartition, row: key }, signal),
  };
}
