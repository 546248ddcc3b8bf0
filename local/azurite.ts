import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { Failure } from "../shared/model/failure.ts";
import { type ChildExit, lowMemoryFlags, startChild } from "./child-process.ts";
import type { Log } from "./log.ts";

export interface AzuritePorts {
  readonly blob: number;
  readonly queue: number;
  readonly table: number;
}

export interface AzuriteOptions {
  /** Folder that keeps the data over restarts, or `memory` to forget it. */
  readonly data: { readonly location: string } | "memory";
  /** Free ports by default. */
  readonly ports?: AzuritePorts;
  readonly log: Log;
}

export interface Azurite {
  readonly connectionString: string;
  readonly blobEndpoint: string;
  readonly queueEndpoint: string;
  readonly tableEndpoint: string;
  readonly ports: AzuritePorts;
  readonly pid: number;
  readonly exited: Promise<ChildExit>;
  /** Flushes the data and ends; forced after `graceMs` (10 s by default). */
  stop(graceMs?: number): Promise<void>;
}

const account = "devstoreaccount1";
// Azurite's published development key: https://learn.microsoft.com/azure/storage/common/storage-connect-azurite
const key = "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw==";

/** Starts the Azure Storage emulator on loopback and waits until blobs, queues and tables are served. */
export async function startAzurite({ data, ports, log }: AzuriteOptions): Promise<Azurite> {
  const { blob = 0, queue = 0, table = 0 } = ports ?? {};
  const child = await startChild({
    name: "Azurite",
    script: azuriteScript(),
    nodeFlags: lowMemoryFlags,
    args: [
      ...(data === "memory" ? ["--inMemoryPersistence"] : ["--location", data.location]),
      ...["--blobHost", "127.0.0.1", "--queueHost", "127.0.0.1", "--tableHost", "127.0.0.1"],
      ...["--blobPort", `${blob}`, "--queuePort", `${queue}`, "--tablePort", `${table}`],
      ...["--silent", "--skipApiVersionCheck", "--disableTelemetry"],
    ],
    ready: whenThreeListen(),
    log,
  });
  const listening = child.ready;
  const endpoint = (port: number): string => `http://127.0.0.1:${port}/${account}`;
  const blobEndpoint = endpoint(listening.blob);
  const queueEndpoint = endpoint(listening.queue);
  const tableEndpoint = endpoint(listening.table);
  return {
    connectionString:
      `DefaultEndpointsProtocol=http;AccountName=${account};AccountKey=${key};` +
      `BlobEndpoint=${blobEndpoint};QueueEndpoint=${queueEndpoint};TableEndpoint=${tableEndpoint};`,
    blobEndpoint,
    queueEndpoint,
    tableEndpoint,
    ports: listening,
    pid: child.pid,
    exited: child.exited,
    stop: async (graceMs = 10_000) => {
      await child.stop(graceMs);
    },
  };
}

function azuriteScript(): string {
  const manifest = createRequire(import.meta.url).resolve("azurite/package.json");
  const { bin } = JSON.parse(readFileSync(manifest, "utf8")) as { bin?: { azurite?: string } };
  if (bin?.azurite === undefined) {
    throw new Failure("unsupported", `${manifest} names no program "azurite": install azurite 3.36.0`);
  }
  return join(dirname(manifest), bin.azurite);
}

/** Azurite announces each service with its address; with port 0 that is the only place to learn it. */
function whenThreeListen(): (line: string) => AzuritePorts | undefined {
  const found = new Map<string, number>();
  return (line) => {
    const [, service, port] =
      /^Azurite (Blob|Queue|Table) service is successfully listening at http:\/\/[^:]+:(\d+)$/.exec(line) ??
      [];
    if (service !== undefined) found.set(service, Number(port));
    const blob = found.get("Blob");
    const queue = found.get("Queue");
    const table = found.get("Table");
    if (blob === undefined || queue === undefined || table === undefined) return undefined;
    return { blob, queue, table };
  };
}
