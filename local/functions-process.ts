import { join, resolve } from "node:path";
import { z } from "zod";
import { type ChildExit, lowMemoryFlags, startChild } from "./child-process.ts";
import { type HostKeys, readOrCreateKeys } from "./host/keys.ts";
import type { WantedPort } from "./listen.ts";
import type { Log } from "./log.ts";
import { projectRoot } from "./project-root.ts";

/** The app in a process of its own, under the local Functions host, as Azure would run it. */
export interface FunctionsProcess {
  readonly pid: number;
  /** `http://127.0.0.1:7071` */
  readonly url: string;
  readonly port: number;
  readonly keys: HostKeys;
  readonly functions: readonly string[];
  readonly coldStartMs: number;
  readonly exited: Promise<ChildExit>;
  /** Runs a timer's function now, as the portal's "Test/Run" does. */
  trigger(name: string): Promise<void>;
  stop(graceMs?: number): Promise<ChildExit>;
}

export interface FunctionsProcessOptions {
  readonly port: WantedPort;
  readonly keysFile: string;
  /** The app's settings; the process sees these and the parent's own environment. */
  readonly environment: Readonly<Record<string, string>>;
  /** How long a queue message stays invisible while its function runs, in milliseconds. */
  readonly leaseMs: number;
  readonly log: Log;
}

const readyLine = z.object({
  ready: z.literal(true),
  url: z.string(),
  functions: z.array(z.string()),
  coldStartMs: z.number(),
});

export async function startFunctions(options: FunctionsProcessOptions): Promise<FunctionsProcess> {
  const { port, keysFile, environment, leaseMs, log } = options;
  const keys = readOrCreateKeys(keysFile);
  const child = await startChild({
    name: "functions",
    script: join(projectRoot, "dist/local/host/main.js"),
    args: [
      "--app",
      projectRoot,
      ...(typeof port === "number" ? ["--port", String(port)] : ["--usual-port", String(port.usual)]),
      "--keys",
      resolve(keysFile),
      "--lease",
      String(leaseMs),
    ],
    nodeFlags: lowMemoryFlags,
    env: { ...process.env, ...environment },
    ready: parseReady,
    log,
  });
  const { url, functions, coldStartMs } = child.ready;
  return {
    pid: child.pid,
    url,
    port: Number(new URL(url).port),
    keys,
    functions,
    coldStartMs,
    exited: child.exited,
    trigger: async (name) => {
      const response = await fetch(`${url}/admin/functions/${name}`, {
        method: "POST",
        headers: { "x-functions-key": keys.masterKey, "content-type": "application/json" },
        body: "{}",
      });
      if (!response.ok) throw new Error(`triggering ${name} was answered with ${response.status}`);
    },
    stop: child.stop,
  };
}

function parseReady(line: string) {
  if (!line.startsWith("{")) return undefined;
  return readyLine.safeParse(JSON.parse(line)).data;
}
