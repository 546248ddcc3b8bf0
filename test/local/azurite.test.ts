import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { TableClient } from "@azure/data-tables";
import { ContainerClient } from "@azure/storage-blob";
import { QueueClient } from "@azure/storage-queue";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { startAzurite } from "../../local/azurite.ts";

let location: string;
beforeEach(() => {
  location = mkdtempSync(join(tmpdir(), "wharfgate-azurite-"));
});
afterEach(() => rmSync(location, { recursive: true, force: true }));

const log = (): undefined => undefined;
const clients = (connectionString: string) => ({
  blobs: new ContainerClient(connectionString, "blobs"),
  queue: new QueueClient(connectionString, "queue"),
  table: TableClient.fromConnectionString(connectionString, "rows", { allowInsecureConnection: true }),
});

describe("Azurite", () => {
  it("keeps blobs, messages and rows over a restart on the same ports", async () => {
    const first = await startAzurite({ data: { location }, log });
    const { blobs, queue, table } = clients(first.connectionString);
    await Promise.all([blobs.create(), queue.create(), table.createTable()]);
    await blobs.getBlockBlobClient("a").upload("blob", 4);
    await queue.sendMessage("message");
    await table.createEntity({ partitionKey: "p", rowKey: "r", value: "row" });
    await first.stop();
    expect(await first.exited).toEqual({ code: 0, signal: null });

    const second = await startAzurite({ data: { location }, ports: first.ports, log });
    expect(second.connectionString).toBe(first.connectionString);
    expect((await blobs.getBlockBlobClient("a").downloadToBuffer()).toString()).toBe("blob");
    expect((await queue.peekMessages()).peekedMessageItems[0]?.messageText).toBe("message");
    expect(await table.getEntity("p", "r")).toMatchObject({ value: "row" });
    await second.stop();
  });

  it("listens on loopback with the ports that it names, and stops twice without harm", async () => {
    const azurite = await startAzurite({ data: "memory", log });
    for (const [name, endpoint] of [
      ["blob", azurite.blobEndpoint],
      ["queue", azurite.queueEndpoint],
      ["table", azurite.tableEndpoint],
    ] as const) {
      expect(endpoint).toBe(`http://127.0.0.1:${azurite.ports[name]}/devstoreaccount1`);
      expect((await fetch(endpoint)).status).toBeGreaterThanOrEqual(400);
    }
    await azurite.stop();
    await azurite.stop();
    await expect(fetch(azurite.blobEndpoint)).rejects.toThrow("fetch failed");
  });

  it("says what keeps it from starting", async () => {
    const first = await startAzurite({ data: "memory", log });
    const second = startAzurite({ data: "memory", ports: first.ports, log });
    await expect(second).rejects.toThrow(/Azurite ended with code 1 before it was ready.*EADDRINUSE/);
    await first.stop();
  });
});
