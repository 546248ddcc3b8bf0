import { randomUUID } from "node:crypto";
import type { QueueClient } from "@azure/storage-queue";
import { azureFailure, serviceCodeOf } from "./failures.ts";
import type { BlobContainer } from "./storage.ts";

/** One storage queue, written in the form that the Functions host reads: JSON, then base64. */
export interface Queue {
  /** `delayMs`: invisible for that long, at most seven days (a service limit). */
  send(message: object, options: { readonly signal: AbortSignal; readonly delayMs?: number }): Promise<void>;
  /** Approximate number of messages, visible or not. */
  length(signal: AbortSignal): Promise<number>;
  /** Milliseconds that the oldest visible message has been in the queue, by the service's clock; undefined when none is visible. */
  oldestMs(signal: AbortSignal): Promise<number | undefined>;
}

/** Where message bodies go that are too large for a queue. */
export interface Overflow {
  put(body: string, signal: AbortSignal): Promise<string>;
  get(name: string, signal: AbortSignal): Promise<string>;
}

// 64 KiB on the wire is 48 KiB before base64.
// https://learn.microsoft.com/azure/storage/queues/scalability-targets
const maxInlineBytes = 48 * 1024;
// A service limit; the order of messages is roughly that of their sending.
const mostPeeked = 32;
const maxDelaySeconds = 7 * 24 * 3600;

export function createQueue(client: QueueClient, overflow: Overflow): Queue {
  const attempt = async <T>(doing: string, call: () => Promise<T>): Promise<T> => {
    try {
      try {
        return await call();
      } catch (error) {
        if (serviceCodeOf(error) !== "QueueNotFound") throw error;
        await client.createIfNotExists();
        return await call();
      }
    } catch (error) {
      throw azureFailure(error, doing, "queues");
    }
  };
  return {
    send: async (message, { signal, delayMs = 0 }) => {
      const inline = JSON.stringify(message);
      const body =
        Buffer.byteLength(inline) <= maxInlineBytes
          ? inline
          : JSON.stringify({ v: 1, overflow: await overflow.put(inline, signal) });
      const visibilityTimeout = Math.min(Math.ceil(delayMs / 1000), maxDelaySeconds);
      await attempt(`sending to ${client.name}`, () =>
        client.sendMessage(Buffer.from(body).toString("base64"), {
          abortSignal: signal,
          messageTimeToLive: -1,
          ...(visibilityTimeout > 0 ? { visibilityTimeout } : {}),
        }),
      );
    },
    length: (abortSignal) =>
      attempt(`measuring ${client.name}`, async () => {
        const { approximateMessagesCount } = await client.getProperties({ abortSignal });
        return approximateMessagesCount ?? 0;
      }),
    oldestMs: (abortSignal) =>
      attempt(`looking into ${client.name}`, async () => {
        const { peekedMessageItems, date } = await client.peekMessages({
          abortSignal,
          numberOfMessages: mostPeeked,
        });
        if (peekedMessageItems.length === 0) return undefined;
        const first = Math.min(...peekedMessageItems.map(({ insertedOn }) => insertedOn.getTime()));
        return Math.max(0, (date ?? new Date()).getTime() - first);
      }),
  };
}

/** Overflow bodies as blobs in one container; a lifecycle rule of the storage account removes them. */
export function createOverflow(container: BlobContainer): Overflow {
  return {
    put: async (body, abortSignal) => {
      const name = `${randomUUID()}.json`;
      try {
        const client = await container.open();
        await client.createIfNotExists({ abortSignal });
        await client.getBlockBlobClient(name).upload(body, Buffer.byteLength(body), { abortSignal });
      } catch (error) {
        throw azureFailure(error, `storing an overflow message in ${container.name}`, "blobs");
      }
      return name;
    },
    get: async (name, abortSignal) => {
      try {
        const client = await container.open();
        const bytes = await client.getBlockBlobClient(name).downloadToBuffer(0, undefined, { abortSignal });
        return bytes.toString("utf8");
      } catch (error) {
        throw azureFailure(error, `reading the overflow message ${name}`, "blobs");
      }
    },
  };
}
