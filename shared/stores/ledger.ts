import { quoted, type Row, type Table, type Values, type Write } from "../azure/tables.ts";
import { parseImportRecord, toValues } from "../documents/import-columns.ts";
import type { ImportRecord } from "../documents/import-record.ts";
import { parseWatchKey, type WatchId, watchKey } from "../documents/watch-id.ts";
import { inBatches } from "../model/batches.ts";
import type { Digest } from "../model/digest.ts";
import type { Event } from "../model/event.ts";
import { Failure } from "../model/failure.ts";
import { formatRepository, type Repository } from "../model/reference.ts";

/** A record with the version that it was read at. Age and lease go by the storage service's clock. */
export interface LedgerEntry {
  readonly record: ImportRecord;
  readonly etag: string;
  /** Milliseconds since its last change. */
  readonly ageMs: number;
  readonly lease: "none" | "held" | "lapsed";
}

/** An event on its way to its channels, in the same partition as the change that it tells of. */
export interface OutboxEntry {
  readonly event: Event;
  readonly channels: readonly string[];
}

/** The ledger (table `images`): what is known of every import, with the outbox beside it. */
export interface Ledger {
  get(watch: WatchId, key: string, signal: AbortSignal): Promise<LedgerEntry | undefined>;
  /** Adds records that are not there yet, each with its event if it has one; tells which were new. */
  add(entries: readonly NewEntry[], signal: AbortSignal): Promise<readonly ImportRecord[]>;
  /** Writes over `entry`'s version and puts the event into the outbox in one transaction; `conflict` when it is stale. */
  update(entry: Pick<LedgerEntry, "etag">, next: ImportRecord, options: UpdateOptions): Promise<string>;
  ofWatch(watch: WatchId, signal: AbortSignal): AsyncIterable<LedgerEntry>;
  /** All imports, of all watches, of an image at the target: a scan. */
  toImage(image: ImageAtTarget, signal: AbortSignal): AsyncIterable<LedgerEntry>;
  /** All open imports of all watches: a scan, for the sweep. */
  open(signal: AbortSignal): AsyncIterable<LedgerEntry>;
  /**
   * Everything, for status and listings. `passOver` is told the keys of rows that cannot be read: edited by somebody, or
   * written by a newer version.
   */
  all(signal: AbortSignal, passOver?: (row: string) => void): AsyncIterable<LedgerEntry>;
  /** Puts an event without a state change of an import into the outbox of `partition`. */
  announce(partition: string, entry: OutboxEntry, signal: AbortSignal): Promise<void>;
  outbox(partition: string, signal: AbortSignal): Promise<readonly OutboxEntry[]>;
  /** Forgets outbox entries that have been handed over. */
  handedOver(partition: string, events: readonly string[], signal: AbortSignal): Promise<void>;
  /** Partitions that have outbox entries older than `ageMs`: a scan, for the sweep. */
  waitingOutboxes(ageMs: number, signal: AbortSignal): Promise<ReadonlySet<string>>;
}

/** A tag or a digest of one repository, or a digest in any. */
export type ImageAtTarget =
  | { readonly repository: Repository; readonly tag: string }
  | { readonly repository?: Repository; readonly digest: Digest };

export interface NewEntry {
  readonly record: ImportRecord;
  readonly announce?: OutboxEntry;
}

export interface UpdateOptions {
  readonly signal: AbortSignal;
  readonly announce?: OutboxEntry;
}

const outboxPrefix = "outbox~";
// Import keys are hex digits, which all sort before "g"; outbox keys sort after.
const importRange = { from: "0", to: "g" };
const outboxRange = { from: outboxPrefix, to: `${outboxPrefix}~` };

export function createLedger(table: Table, options: { readonly leaseMs: number }): Ledger {
  const toEntry = (row: Row): LedgerEntry => {
    const record = parseImportRecord(parseWatchKey(row.partition), row);
    const lease = record.lease === undefined ? "none" : row.ageMs < options.leaseMs ? "held" : "lapsed";
    return { record, etag: row.etag, ageMs: row.ageMs, lease };
  };
  /** One row that cannot be read must not stop the sweep, nor hide the others. */
  const readable = (row: Row): LedgerEntry | undefined => {
    try {
      return toEntry(row);
    } catch (error) {
      if (error instanceof Failure) return undefined;
      throw error;
    }
  };
  async function* entries(
    rows: AsyncIterable<Row>,
    passOver?: (row: string) => void,
  ): AsyncGenerator<LedgerEntry> {
    for await (const row of rows) {
      const entry = readable(row);
      if (entry !== undefined) yield entry;
      else passOver?.(`${row.partition}/${row.row}`);
    }
  }
  const addOneByOne = async (list: readonly NewEntry[], signal: AbortSignal): Promise<ImportRecord[]> => {
    const added: ImportRecord[] = [];
    for (const entry of list) {
      try {
        await table.transact(insertions(entry), signal);
        added.push(entry.record);
      } catch (error) {
        if (!(error instanceof Failure) || error.code !== "conflict") throw error;
      }
    }
    return added;
  };

  return {
    get: async (watch, key, signal) => {
      const row = await table.get({ partition: watchKey(watch), row: key }, signal);
      return row && toEntry(row);
    },
    add: async (list, signal) => {
      const added: ImportRecord[] = [];
      // Two rows an entry at the most, and a transaction takes 100; one known row refuses the whole of it.
      for (const batch of inBatches(list, 50)) {
        try {
          await table.transact(batch.flatMap(insertions), signal);
          added.push(...batch.map(({ record }) => record));
        } catch (error) {
          if (!(error instanceof Failure) || error.code !== "conflict") throw error;
          added.push(...(await addOneByOne(batch, signal)));
        }
      }
      return added;
    },
    update: async ({ etag }, next, { signal, announce }) => {
      const key = { partition: watchKey(next.watch), row: next.key };
      if (announce === undefined) return table.replace({ ...key, etag }, toValues(next), signal);
      const event = outboxRow(key.partition, announce);
      const writes: Write[] = [{ kind: "replace", key, values: toValues(next), etag }, event];
      await table.transact(writes, signal);
      return "";
    },
    ofWatch: (watch, signal) => entries(table.query({ partition: watchKey(watch), ...importRange }, signal)),
    toImage: (image, signal) => {
      const columns = {
        ...(image.repository && { target: formatRepository(image.repository) }),
        ...("tag" in image ? { targetTag: image.tag } : { digest: image.digest }),
      };
      const wanted = Object.entries(columns).map(([column, value]) => `${column} eq ${quoted(value)}`);
      return entries(table.scan(wanted.join(" and "), signal));
    },
    open: (signal) =>
      entries(table.scan("state eq 'pending' or state eq 'waiting' or state eq 'running'", signal)),
    all: (signal, passOver) => entries(table.scan(`RowKey lt '${importRange.to}'`, signal), passOver),
    announce: async (partition, entry, signal) => {
      const { key, values } = outboxRow(partition, entry);
      await table.insert(key, values, signal);
    },
    outbox: async (partition, signal) => {
      const found: OutboxEntry[] = [];
      for await (const { values } of table.query({ partition, ...outboxRange }, signal))
        found.push(toOutbox(values));
      return found.sort((a, b) => a.event.at.localeCompare(b.event.at));
    },
    handedOver: async (partition, events, signal) => {
      for (const event of events) await table.remove({ partition, row: outboxPrefix + event }, signal);
    },
    waitingOutboxes: async (ageMs, signal) => {
      const found = new Set<string>();
      const filter = `RowKey ge '${outboxRange.from}' and RowKey le '${outboxRange.to}'`;
      for await (const row of table.scan(filter, signal)) if (row.ageMs > ageMs) found.add(row.partition);
      return found;
    },
  };
}

function insertions({ record, announce }: NewEntry): Write[] {
  const key = { partition: watchKey(record.watch), row: record.key };
  const row: Write = { kind: "insert", key, values: toValues(record) };
  return announce === undefined ? [row] : [row, outboxRow(key.partition, announce)];
}

function outboxRow(partition: string, { event, channels }: OutboxEntry) {
  const values: Values = { event: JSON.stringify(event), channels: channels.join(",") };
  return { kind: "insert", key: { partition, row: outboxPrefix + event.key }, values } as const;
}

function toOutbox(values: Values): OutboxEntry {
  const channels = String(values.channels ?? "");
  return {
    event: JSON.parse(String(values.event)) as Event,
    channels: channels === "" ? [] : channels.split(","),
  };
}
