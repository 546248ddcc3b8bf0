import type { TableClient, TransactionAction } from "@azure/data-tables";
import { azureFailure, serviceCodeOf, statusOf } from "./failures.ts";

/** What a column can hold here: strings (at most 32 Ki characters), numbers (doubles) and booleans. */
export type Values = Readonly<Record<string, string | number | boolean>>;

export interface Key {
  readonly partition: string;
  readonly row: string;
}

/** A stored row. Both times are by the storage service's clock alone: ours may be an hour off. */
export interface Row extends Key {
  readonly etag: string;
  /** Its last write. */
  readonly changedAt: Date;
  /** Milliseconds from its last write to this read; not below 0, to a second (the grain of HTTP's Date header). */
  readonly ageMs: number;
  readonly values: Values;
}

/** One write of a transaction. `replace` and `delete` with an etag apply only to that version of the row. */
export type Write =
  | { readonly kind: "insert"; readonly key: Key; readonly values: Values }
  | { readonly kind: "replace"; readonly key: Key; readonly values: Values; readonly etag: string }
  | { readonly kind: "delete"; readonly key: Key };

/** Inclusive bounds on row keys within one partition; both absent means the whole partition. */
export interface Range {
  readonly partition: string;
  readonly from?: string;
  readonly to?: string;
}

/**
 * One Azure table. Missing tables are made on first use. All writes are whole-row replaces: the SDK's defaults (merge,
 * any etag) lose updates. Failures: `conflict` for a stale etag or an existing row, else by status.
 */
export interface Table {
  get(key: Key, signal: AbortSignal): Promise<Row | undefined>;
  query(range: Range, signal: AbortSignal): AsyncIterable<Row>;
  /** Over all partitions, by an OData filter; for scans by the sweep and for people only. */
  scan(filter: string, signal: AbortSignal): AsyncIterable<Row>;
  insert(key: Key, values: Values, signal: AbortSignal): Promise<"inserted" | "exists">;
  upsert(key: Key, values: Values, signal: AbortSignal): Promise<void>;
  replace(row: Key & { readonly etag: string }, values: Values, signal: AbortSignal): Promise<string>;
  remove(key: Key, signal: AbortSignal): Promise<void>;
  /** All or nothing; at most 100 writes in one partition (a service limit). */
  transact(writes: readonly Write[], signal: AbortSignal): Promise<void>;
}

export function createTable(client: TableClient): Table {
  const name = client.tableName;
  const attempt = <T>(doing: string, call: () => Promise<T>): Promise<T> => withTable(client, doing, call);

  return {
    get: (key, abortSignal) =>
      attempt(`reading ${at(name, key)}`, async () => {
        const clock = createServiceClock();
        try {
          const { onResponse } = clock;
          return toRow(await client.getEntity(key.partition, key.row, { abortSignal, onResponse }), clock);
        } catch (error) {
          if (statusOf(error) === 404 && serviceCodeOf(error) !== "TableNotFound") return undefined;
          throw error;
        }
      }),
    query: (range, signal) => pages(client, rangeFilter(range), signal),
    scan: (filter, signal) => pages(client, filter, signal),
    insert: (key, values, abortSignal) =>
      attempt(`inserting ${at(name, key)}`, async () => {
        try {
          await client.createEntity(toEntity(key, values), { abortSignal });
          return "inserted";
        } catch (error) {
          if (statusOf(error) === 409) return "exists";
          throw error;
        }
      }),
    upsert: (key, values, abortSignal) =>
      attempt(`writing ${at(name, key)}`, async () => {
        await client.upsertEntity(toEntity(key, values), "Replace", { abortSignal });
      }),
    replace: (row, values, abortSignal) =>
      attempt(`updating ${at(name, row)}`, async () => {
        const answer = await client.updateEntity(toEntity(row, values), "Replace", {
          etag: row.etag,
          abortSignal,
        });
        return answer.etag ?? "";
      }),
    remove: (key, abortSignal) =>
      attempt(`deleting ${at(name, key)}`, async () => {
        try {
          await client.deleteEntity(key.partition, key.row, { abortSignal });
        } catch (error) {
          if (statusOf(error) !== 404) throw error;
        }
      }),
    transact: (writes, abortSignal) =>
      attempt(`writing ${writes.length} rows of ${name}`, async () => {
        if (writes.length > 0) await client.submitTransaction(writes.map(toAction), { abortSignal });
      }),
  };
}

async function withTable<T>(client: TableClient, doing: string, call: () => Promise<T>): Promise<T> {
  try {
    try {
      return await call();
    } catch (error) {
      if (serviceCodeOf(error) !== "TableNotFound") throw error;
      await client.createTable();
      return await call();
    }
  } catch (error) {
    throw azureFailure(error, doing, "tables");
  }
}

async function* pages(client: TableClient, filter: string, abortSignal: AbortSignal): AsyncGenerator<Row> {
  const clock = createServiceClock();
  try {
    const { onResponse } = clock;
    const entities = client.listEntities({ queryOptions: { filter }, abortSignal, onResponse });
    for await (const entity of entities) yield toRow(entity, clock);
  } catch (error) {
    if (serviceCodeOf(error) === "TableNotFound") return;
    throw azureFailure(error, `reading ${client.tableName}`, "tables");
  }
}

/** The service's time, as its last answer gave it. */
interface ServiceClock {
  readonly onResponse: (response: { headers: { get(name: string): string | undefined } }) => void;
  now(): number;
}

function createServiceClock(): ServiceClock {
  let now = Date.now();
  return {
    onResponse: ({ headers }) => {
      now = Date.parse(headers.get("date") ?? "") || Date.now();
    },
    now: () => now,
  };
}

function rangeFilter({ partition, from, to }: Range): string {
  const parts = [`PartitionKey eq ${quoted(partition)}`];
  if (from !== undefined) parts.push(`RowKey ge ${quoted(from)}`);
  if (to !== undefined) parts.push(`RowKey le ${quoted(to)}`);
  return parts.join(" and ");
}

/** A string literal of OData. */
export function quoted(text: string): string {
  return `'${text.replaceAll("'", "''")}'`;
}

const systemColumns: ReadonlySet<string> = new Set([
  "etag",
  "partitionKey",
  "rowKey",
  "timestamp",
  "odata.metadata",
]);

function toRow(entity: object, clock: ServiceClock): Row {
  const columns = entity as Record<string, unknown>;
  const { etag, partitionKey, rowKey, timestamp } = columns;
  const values: Record<string, string | number | boolean> = {};
  for (const [column, value] of Object.entries(columns)) {
    if (systemColumns.has(column)) continue;
    if (typeof value === "string" || typeof value === "number" || typeof value === "boolean")
      values[column] = value;
    else if (typeof value === "bigint" || value instanceof Date) values[column] = String(value);
  }
  const changedAt = new Date(String(timestamp));
  return {
    partition: String(partitionKey),
    row: String(rowKey),
    etag: String(etag),
    changedAt,
    ageMs: Math.max(0, clock.now() - changedAt.getTime()),
    values,
  };
}

function toEntity(
  key: Key,
  values: Values,
): { partitionKey: string; rowKey: string } & Record<string, unknown> {
  return { ...values, partitionKey: key.partition, rowKey: key.row };
}

function toAction(write: Write): TransactionAction {
  if (write.kind === "insert") return ["create", toEntity(write.key, write.values)];
  if (write.kind === "delete") {
    return ["delete", { partitionKey: write.key.partition, rowKey: write.key.row }];
  }
  return ["update", toEntity(write.key, write.values), "Replace", { etag: write.etag }];
}

function at(table: string, { partition, row }: Key): string {
  return `${table}(${partition}, ${row})`;
}
