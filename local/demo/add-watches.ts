import { createStorageClients } from "../../shared/azure/storage.ts";
import { createTable } from "../../shared/azure/tables.ts";
import { createWatches } from "../../shared/stores/watches.ts";
import { demoWatches } from "./watches.ts";

/**
 * Puts the demo's watches into the table, in a process of its own, so that the storage SDK's memory is given back. Written at
 * each start, since the upstream's port can change; rows that people have taken over are left alone.
 */
async function addDemoWatches(connectionString: string, upstreamHost: string): Promise<void> {
  const storage = createStorageClients({ kind: "connection-string", connectionString }, () => {
    throw new Error("a connection string needs no identity");
  });
  const watches = createWatches(createTable(storage.table("watches")));
  const signal = AbortSignal.timeout(20_000);
  for (const { id, columns } of demoWatches(upstreamHost)) {
    const row = await watches.get(id, signal);
    if (row?.columns.Source === columns.Source) continue;
    if (row !== undefined && row.columns.ManagedBy !== columns.ManagedBy) continue;
    await watches.put(id, columns, { signal, existing: "replace" });
  }
}

const [connectionString = "", upstreamHost = ""] = process.argv.slice(2);
await addDemoWatches(connectionString, upstreamHost);
process.stdout.write("added\n");
