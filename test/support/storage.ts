import { afterAll, beforeAll } from "vitest";
import { type Azurite, startAzurite } from "../../local/azurite.ts";
import { createBlobs } from "../../shared/azure/blobs.ts";
import { createOverflow, createQueue, type Queue } from "../../shared/azure/queues.ts";
import { createStorageClients, type StorageClients } from "../../shared/azure/storage.ts";
import { createTable, type Table } from "../../shared/azure/tables.ts";
import { createStores, type Stores } from "../../shared/stores/stores.ts";

/** A storage account in Azurite, of which each `open` gives fresh tables and queues. */
export interface Storage {
  readonly connectionString: string;
  open(options?: { readonly leaseMs?: number }): OpenStorage;
}

export interface OpenStorage {
  readonly stores: Stores;
  /** As the stores open it, and again: what they wrote can be read and spoilt. */
  table(name: string): Table;
  queue(name: string): Queue;
  /** Takes what can be seen in a queue, decoded. */
  receive(queue: string): Promise<unknown[]>;
}

/** Starts one Azurite for the test file that calls this, and stops it at the end. */
export function useStorage(): Storage {
  let azurite: Azurite | undefined;
  let clients: StorageClients | undefined;
  let opened = 0;
  beforeAll(async () => {
    azurite = await startAzurite({ data: "memory", log: () => {} });
    const { connectionString } = azurite;
    clients = createStorageClients({ kind: "connection-string", connectionString }, () => {
      throw new Error("the emulator needs no Entra ID token");
    });
  });
  afterAll(() => azurite?.stop(0));

  return {
    get connectionString() {
      return azurite?.connectionString ?? "";
    },
    open({ leaseMs = 60_000 } = {}) {
      if (clients === undefined) throw new Error("storage can be opened within tests only");
      const { table: tableClient, queue: queueClient, container } = clients;
      opened += 1;
      const prefix = `t${opened}`;
      const overflow = createOverflow(container(`${prefix}-messages`));
      const table = (name: string) => createTable(tableClient(`${prefix}${name}`));
      const queue = (name: string) => createQueue(queueClient(`${prefix}-${name}`), overflow);
      return {
        table,
        queue,
        stores: createStores({
          table,
          queue,
          blobs: (name) => createBlobs(container(`${prefix}-${name}`)),
          leaseMs,
        }),
        receive: async (name) => {
          const client = queueClient(`${prefix}-${name}`);
          const { receivedMessageItems } = await client.receiveMessages({ numberOfMessages: 32 });
          return receivedMessageItems.map(({ messageText }): unknown =>
            JSON.parse(Buffer.from(messageText, "base64").toString("utf8")),
          );
        },
      };
    },
  };
}
