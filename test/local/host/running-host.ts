import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { QueueClient } from "@azure/storage-queue";
import { test } from "vitest";
import { type Azurite, startAzurite } from "../../../local/azurite.ts";
import { type Child, startChild } from "../../../local/child-process.ts";

export const appRoot = fileURLToPath(new URL("../../fixtures/host-app", import.meta.url));
export const mainScript = fileURLToPath(new URL("../../../local/host/main.ts", import.meta.url));

export interface ReadyLine {
  readonly ready: true;
  readonly url: string;
  readonly functions: readonly string[];
  readonly coldStartMs: number;
}

/** A line that a function of the fixture app wrote about itself. */
export interface Entry {
  readonly function?: string;
  readonly event?: string;
  readonly hook?: string;
  readonly pid: number;
  readonly at: number;
  readonly most?: number;
  readonly message?: Readonly<Record<string, unknown>>;
  readonly metadata?: Readonly<Record<string, unknown>>;
  readonly timer?: Readonly<Record<string, unknown>>;
}

export interface RunningHost {
  readonly child: Child<ReadyLine>;
  readonly url: string;
  readonly keys: { readonly masterKey: string; readonly functionKeys: { readonly default: string } };
  /** What the host wrote to its log so far. */
  log(): string;
}

export interface Rig {
  /** Unique to this rig; the app's queues have these names. */
  readonly work: QueueClient;
  readonly poison: QueueClient;
  readonly relay: QueueClient;
  readonly output: QueueClient;
  /** Connection string. */
  readonly storage: string;
  readonly hostId: string;
  start(options?: {
    readonly env?: Readonly<Record<string, string>>;
    readonly args?: readonly string[];
  }): Promise<RunningHost>;
  entries(name: string, event?: string): readonly Entry[];
  hooks(): readonly (string | undefined)[];
  dispose(): Promise<void>;
}

let rigs = 0;

/** The fixture app over one Azurite, with queues and a host id of its own. */
export function createRig(azurite: Azurite): Rig {
  rigs += 1;
  const id = `b${process.pid}-${rigs}`;
  const folder = mkdtempSync(join(tmpdir(), "wharfgate-host-"));
  const recordFile = join(folder, "record.jsonl");
  const keysFile = join(folder, "keys.json");
  const children: Child<ReadyLine>[] = [];
  const queue = (name: string): QueueClient => new QueueClient(azurite.connectionString, name);
  const read = (): readonly Entry[] => readLines(recordFile).map((line) => JSON.parse(line) as Entry);
  return {
    work: queue(`work-${id}`),
    poison: queue(`work-${id}-poison`),
    relay: queue(`relay-${id}`),
    output: queue(`output-${id}`),
    storage: azurite.connectionString,
    hostId: id,
    start: async ({ env = {}, args = [] } = {}) => {
      let log = "";
      const child = await startChild<ReadyLine>({
        name: "the host",
        script: mainScript,
        args: ["--app", appRoot, "--port", "0", "--keys", keysFile, "--lease", "1000", ...args],
        env: {
          ...process.env,
          AzureWebJobsStorage: azurite.connectionString,
          AzureFunctionsWebHost__hostid: id,
          WORK_QUEUE: `work-${id}`,
          RELAY_QUEUE: `relay-${id}`,
          OUTPUT_QUEUE: `output-${id}`,
          TICK: "0 0 0 1 1 *",
          TAKEN: "environment",
          RECORD_FILE: recordFile,
          ...env,
        },
        log: (_, message) => {
          log += `${message}\n`;
        },
        ready: (line) => JSON.parse(line) as ReadyLine,
      });
      children.push(child);
      const keys = JSON.parse(readFileSync(keysFile, "utf8")) as RunningHost["keys"];
      return { child, url: child.ready.url, keys, log: () => log };
    },
    entries: (name, event) =>
      read().filter((entry) => entry.function === name && (event === undefined || entry.event === event)),
    hooks: () => read().flatMap(({ hook }) => (hook === undefined ? [] : [hook])),
    dispose: async () => {
      await Promise.all(children.map((child) => child.stop()));
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** A test with a rig of its own; all tests of a file share one Azurite. */
export function rigTest() {
  return test
    .extend<{ azurite: Azurite }>({
      azurite: [
        // biome-ignore lint/correctness/noEmptyPattern: vitest reads the fixture's dependencies from the pattern.
        async ({}, use) => {
          const azurite = await startAzurite({ data: "memory", log: () => undefined });
          await use(azurite);
          await azurite.stop();
        },
        { scope: "file" },
      ],
    })
    .extend<{ rig: Rig }>({
      rig: async ({ azurite }, use) => {
        const rig = createRig(azurite);
        await use(rig);
        await rig.dispose();
      },
    });
}

/** Base64, as the host expects it. */
export function encode(value: unknown): string {
  return Buffer.from(typeof value === "string" ? value : JSON.stringify(value)).toString("base64");
}

/** Waits until `find` gives something other than undefined or false, or fails after 20 s. */
export async function until<T>(
  what: string,
  find: () => T | undefined | false | Promise<T | undefined | false>,
): Promise<T> {
  const deadline = performance.now() + 20_000;
  for (;;) {
    const found = await find();
    if (found !== undefined && found !== false) return found;
    if (performance.now() > deadline) throw new Error(`waited in vain until ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 25));
  }
}

/** All messages that are visible now, taken out of the queue. */
export async function takeAll(queue: QueueClient): Promise<readonly string[]> {
  try {
    const { receivedMessageItems } = await queue.receiveMessages({ numberOfMessages: 32 });
    await Promise.all(
      receivedMessageItems.map((item) => queue.deleteMessage(item.messageId, item.popReceipt)),
    );
    return receivedMessageItems.map(({ messageText }) => messageText);
  } catch {
    return [];
  }
}

export async function countOf(queue: QueueClient): Promise<number> {
  return (await queue.getProperties()).approximateMessagesCount ?? 0;
}

function readLines(file: string): readonly string[] {
  try {
    return readFileSync(file, "utf8")
      .split("\n")
      .filter((line) => line !== "");
  } catch {
    return [];
  }
}
