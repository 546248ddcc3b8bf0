import { QueueClient } from "@azure/storage-queue";
import type { App } from "../../shared/app.ts";
import { queueNames } from "../../shared/stores/queues.ts";

export interface Pump {
  /** Processes visible messages, in the order of the journey, until all queues are empty of visible ones. */
  drain(): Promise<number>;
  /** Messages whose step threw, with what it threw; they stay in their queue. */
  readonly failures: unknown[];
}

/** Plays the Functions host's part for queues, in process: a message is deleted only after its step has ended well. */
export function createPump(connectionString: string, app: App): Pump {
  const failures: unknown[] = [];
  const clients = queueNames.map((name) => ({ name, client: new QueueClient(connectionString, name) }));
  const signal = new AbortController().signal;

  async function drainOnce(): Promise<number> {
    let handled = 0;
    for (const { name, client } of clients) {
      await client.createIfNotExists();
      for (;;) {
        const { receivedMessageItems } = await client.receiveMessages({
          numberOfMessages: 32,
          visibilityTimeout: 60,
        });
        if (receivedMessageItems.length === 0) break;
        for (const { messageText, messageId, popReceipt } of receivedMessageItems) {
          const body: unknown = JSON.parse(Buffer.from(messageText, "base64").toString());
          try {
            await app[name](body, signal);
            await client.deleteMessage(messageId, popReceipt);
          } catch (error) {
            failures.push(error);
          }
          handled += 1;
        }
      }
    }
    return handled;
  }

  return {
    failures,
    drain: async () => {
      let total = 0;
      for (let handled = await drainOnce(); handled > 0; handled = await drainOnce()) total += handled;
      return total;
    },
  };
}
