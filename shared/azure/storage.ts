import { TableClient, type TableServiceClientOptions } from "@azure/data-tables";
import type { TokenCredential } from "@azure/identity";
import type { ContainerClient } from "@azure/storage-blob";
import { QueueClient } from "@azure/storage-queue";

/** How to reach the storage account: by connection string, or by service URIs and an Entra identity. */
export type StorageAccount =
  | { readonly kind: "connection-string"; readonly connectionString: string }
  | {
      readonly kind: "identity";
      readonly blobServiceUri: string;
      readonly queueServiceUri: string;
      readonly tableServiceUri: string;
    };

/** Makes the SDK's clients for one storage account. `credential` is needed for identity-based accounts only. */
export interface StorageClients {
  table(name: string): TableClient;
  queue(name: string): QueueClient;
  container(name: string): BlobContainer;
}

/** A container of blobs. The SDK is loaded when it is first opened: most processes never touch a blob, and it is an eighth of the app. */
export interface BlobContainer {
  readonly name: string;
  open(): Promise<ContainerClient>;
}

// The SDK's own retries cover 503 ServerBusy with exponential backoff and jitter.
const retries = { retryOptions: { maxRetries: 4, retryDelayInMs: 200, maxRetryDelayInMs: 10_000 } };
const pipeline = { retryOptions: { maxTries: 4, retryDelayInMs: 200, maxRetryDelayInMs: 10_000 } };

export function createStorageClients(
  account: StorageAccount,
  credential: () => TokenCredential,
): StorageClients {
  if (account.kind === "connection-string") {
    const { connectionString } = account;
    // Azurite is the only storage that is ever reached without TLS.
    const tables: TableServiceClientOptions = {
      ...retries,
      allowInsecureConnection: isEmulator(connectionString),
    };
    return {
      table: (name) => TableClient.fromConnectionString(connectionString, name, tables),
      queue: (name) => new QueueClient(connectionString, name, pipeline),
      container: (name) =>
        containerOf(name, (sdk) => new sdk.ContainerClient(connectionString, name, pipeline)),
    };
  }
  return {
    table: (name) => new TableClient(account.tableServiceUri, name, credential(), retries),
    queue: (name) => new QueueClient(`${account.queueServiceUri}/${name}`, credential(), pipeline),
    container: (name) =>
      containerOf(
        name,
        (sdk) => new sdk.ContainerClient(`${account.blobServiceUri}/${name}`, credential(), pipeline),
      ),
  };
}

function containerOf(
  name: string,
  create: (sdk: typeof import("@azure/storage-blob")) => ContainerClient,
): BlobContainer {
  let client: ContainerClient | undefined;
  return {
    name,
    async open() {
      client ??= create(await import("@azure/storage-blob"));
      return client;
    },
  };
}

function isEmulator(connectionString: string): boolean {
  return (
    /UseDevelopmentStorage=true/i.test(connectionString) ||
    /TableEndpoint=http:\/\/127\.0\.0\.1[:/]/i.test(connectionString)
  );
}
