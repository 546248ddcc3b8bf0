import { quoted, type Row, type Table, type Values, type Write } from "../azure/tables.ts";
import { inBatches } from "../model/batches.ts";
import type { Event } from "../model/event.ts";

/**
 * One event for one channel. `due`: to be sent at `dueAt`. `sending`: a worker has claimed it. `sent`, `failed`: ended,
 * kept for a week so that a repeated event is known as such.
 */
export interface Delivery {
  readonly channel: string;
  readonly event: Event;
  readonly state: "due" | "sending" | "sent" | "failed";
  readonly dueAt: Date;
  readonly attempts: number;
  readonly reason?: string;
  /** While `sending`: the key of the message that it was claimed for. */
  readonly message?: string;
  readonly etag: string;
  /** Milliseconds since its last change, by the storage service's clock. */
  readonly ageMs: number;
}

/** Table `deliveries`: partition = channel, row = event key. The meeting place of events from many watches. */
export interface Deliveries {
  /** Adds events that the channel does not have yet; repeats are dropped. */
  add(
    channel: string,
    events: readonly Event[],
    options: { readonly dueAt: Date; readonly signal: AbortSignal },
  ): Promise<void>;
  /** Those not ended, oldest event first. */
  open(channel: string, signal: AbortSignal): Promise<readonly Delivery[]>;
  /** Writes all of them (at most 100) over their read versions in one transaction; `conflict` when one is stale. */
  update(deliveries: readonly Delivery[], change: Partial<Delivery>, signal: AbortSignal): Promise<void>;
  /** Every delivery of every channel. */
  all(signal: AbortSignal): AsyncIterable<Delivery>;
  remove(delivery: Delivery, signal: AbortSignal): Promise<void>;
}

export function createDeliveries(table: Table): Deliveries {
  return {
    add: async (channel, events, { dueAt, signal }) => {
      for (const event of events) {
        const values: Values = {
          event: JSON.stringify(event),
          state: "due",
          dueAt: dueAt.toISOString(),
          attempts: 0,
        };
        await table.insert({ partition: channel, row: event.key }, values, signal);
      }
    },
    open: async (channel, signal) => {
      const found: Delivery[] = [];
      const filter = `PartitionKey eq ${quoted(channel)} and (state eq 'due' or state eq 'sending')`;
      for await (const row of table.scan(filter, signal)) found.push(parseDelivery(row));
      return found.sort((a, b) => a.event.at.localeCompare(b.event.at));
    },
    update: async (deliveries, change, signal) => {
      for (const batch of inBatches(deliveries, 100)) {
        const writes = batch.map((delivery): Write => {
          const next = { ...delivery, ...change };
          const key = { partition: delivery.channel, row: delivery.event.key };
          return { kind: "replace", key, values: toDeliveryValues(next), etag: delivery.etag };
        });
        await table.transact(writes, signal);
      }
    },
    all: async function* (signal) {
      for await (const row of table.scan("", signal)) yield parseDelivery(row);
    },
    remove: ({ channel, event }, signal) => table.remove({ partition: channel, row: event.key }, signal),
  };
}

function toDeliveryValues({ event, state, dueAt, attempts, reason, message }: Delivery): Values {
  return {
    event: JSON.stringify(event),
    state,
    dueAt: dueAt.toISOString(),
    attempts,
    ...(reason === undefined ? {} : { reason: reason.slice(0, 4000) }),
    ...(message === undefined || state !== "sending" ? {} : { message }),
  };
}

function parseDelivery({ partition, etag, ageMs, values }: Row): Delivery {
  const state = values.state;
  return {
    channel: partition,
    event: JSON.parse(String(values.event)) as Event,
    state: state === "sending" || state === "sent" || state === "failed" ? state : "due",
    dueAt: new Date(String(values.dueAt)),
    attempts: Number(values.attempts ?? 0),
    etag,
    ageMs,
    ...(values.reason === undefined ? {} : { reason: String(values.reason) }),
    ...(values.message === undefined ? {} : { message: String(values.message) }),
  };
}
