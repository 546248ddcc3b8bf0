import type { Row, Table, Values } from "../azure/tables.ts";
import { parseWatch, type Watch } from "../documents/watch.ts";
import type { WatchId } from "../documents/watch-id.ts";
import { Failure } from "../model/failure.ts";

/** A row of the table `watches`: parsed, or set aside with every reason. `changedAt` is when somebody last saved it. */
export type WatchRow =
  | { readonly kind: "watch"; readonly watch: Watch; readonly changedAt: Date; readonly columns: Values }
  | {
      readonly kind: "rejected";
      readonly group: string;
      readonly name: string;
      readonly reason: string;
      readonly changedAt: Date;
      readonly columns: Values;
    };

/** The table that people edit: in the portal, in Storage Explorer, or by `wharfgate watch`. */
export interface Watches {
  all(signal: AbortSignal): Promise<readonly WatchRow[]>;
  /** Those of `ids` that exist, with one query per group. */
  some(ids: readonly WatchId[], signal: AbortSignal): Promise<readonly WatchRow[]>;
  get(id: WatchId, signal: AbortSignal): Promise<WatchRow | undefined>;
  put(id: WatchId, columns: Values, options: PutOptions): Promise<"added" | "exists" | "replaced">;
  remove(id: WatchId, signal: AbortSignal): Promise<void>;
}

export interface PutOptions {
  readonly signal: AbortSignal;
  readonly existing: "keep" | "replace";
}

export function createWatches(table: Table): Watches {
  return {
    all: async (signal) => collect(table.scan("", signal)),
    some: async (ids, signal) => {
      const wanted = Map.groupBy(ids, ({ group }) => group);
      const found = await Promise.all(
        [...wanted].map(async ([group, members]) => {
          const names = new Set(members.map(({ name }) => name));
          const rows = await collect(table.query({ partition: group, ...bounds([...names]) }, signal));
          return rows.filter((row) => names.has(nameOf(row)));
        }),
      );
      return found.flat();
    },
    get: async (id, signal) => {
      const row = await table.get({ partition: id.group, row: id.name }, signal);
      return row === undefined ? undefined : toWatchRow(row);
    },
    put: async (id, columns, { signal, existing }) => {
      const key = { partition: id.group, row: id.name };
      if (existing === "keep")
        return (await table.insert(key, columns, signal)) === "exists" ? "exists" : "added";
      await table.upsert(key, columns, signal);
      return "replaced";
    },
    remove: (id, signal) => table.remove({ partition: id.group, row: id.name }, signal),
  };
}

function nameOf(row: WatchRow): string {
  return row.kind === "watch" ? row.watch.name : row.name;
}

/** Smallest and largest of some row keys: they go into one range query. */
export function bounds(keys: readonly string[]): { from: string; to: string } {
  const sorted = keys.toSorted((a, b) => (a < b ? -1 : 1));
  return { from: sorted[0] ?? "", to: sorted.at(-1) ?? "" };
}

async function collect(rows: AsyncIterable<Row>): Promise<WatchRow[]> {
  const found: WatchRow[] = [];
  for await (const row of rows) found.push(toWatchRow(row));
  return found;
}

function toWatchRow(row: Row): WatchRow {
  const { partition: group, row: name, changedAt, values: columns } = row;
  try {
    return { kind: "watch", watch: parseWatch(group, name, columns), changedAt, columns };
  } catch (error) {
    if (!(error instanceof Failure)) throw error;
    return { kind: "rejected", group, name, reason: error.message, changedAt, columns };
  }
}
