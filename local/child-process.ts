import { type ChildProcess, spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { Failure } from "../shared/model/failure.ts";
import type { Log } from "./log.ts";

export interface ChildOptions<Ready> {
  /** For messages: `Azurite`. */
  readonly name: string;
  /** JavaScript (or strippable TypeScript) file, run by this same Node. */
  readonly script: string;
  readonly args: readonly string[];
  readonly nodeFlags?: readonly string[];
  /** The whole environment of the child; this process's own by default. */
  readonly env?: NodeJS.ProcessEnv;
  /** Is given each line of stdout until it returns something: then the child is ready. */
  readonly ready: (line: string) => Ready | undefined;
  /** Milliseconds; 30 s by default. */
  readonly readyWithinMs?: number;
  readonly log: Log;
}

export interface ChildExit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

export interface Child<Ready> {
  readonly pid: number;
  readonly ready: Ready;
  /** Settles when the child is gone, for whatever reason. */
  readonly exited: Promise<ChildExit>;
  /** SIGTERM, then SIGKILL after `graceMs` (5 s by default); settles when the child is gone. */
  stop(graceMs?: number): Promise<ChildExit>;
}

// The child ends itself when the IPC channel to us closes: by `stop`, or because we died, even by SIGKILL. The channel
// alone must not keep it alive.
const followParent = `data:text/javascript,${encodeURIComponent(
  `process.once("disconnect", () => {
     process.kill(process.pid, "SIGTERM");
     setTimeout(() => process.exit(1), 10_000).unref();
   });
   process.channel?.unref();`,
)}`;
const stderrTailLength = 4_000;

/**
 * Node flags for a process that mostly waits. They halve Azurite's memory under load (236 MB to 120 MB after 1,500
 * messages and rows) at the same speed, and save a functions host 20 MB.
 */
export const lowMemoryFlags: readonly string[] = ["--max-semi-space-size=1", "--optimize-for-size"];

/** Starts a Node child process and waits until it says that it is ready. Throws `unavailable` with its stderr when it exits before. */
export async function startChild<Ready>(options: ChildOptions<Ready>): Promise<Child<Ready>> {
  const { name, log } = options;
  const process_ = spawn(
    process.execPath,
    [...(options.nodeFlags ?? []), "--import", followParent, options.script, ...options.args],
    {
      stdio: ["ignore", "pipe", "pipe", "ipc"],
      // An own process group: Ctrl-C reaches the parent alone, which then stops its children in order.
      detached: process.platform !== "win32",
      ...(options.env === undefined ? {} : { env: options.env }),
    },
  );
  const exited = new Promise<ChildExit>((resolve) => {
    process_.once("exit", (code, signal) => resolve({ code, signal }));
    process_.once("error", () => resolve({ code: null, signal: null }));
  });
  const stderr = collectStderr(process_, (line) => log("debug", `${name}: ${line}`));
  const stop = (graceMs = 5_000): Promise<ChildExit> => stopProcess(process_, exited, graceMs);
  try {
    const ready = await waitUntilReady(process_, options, exited, stderr);
    return { pid: process_.pid ?? 0, ready, exited, stop };
  } catch (error) {
    await stop(0);
    throw error;
  }
}

function waitUntilReady<Ready>(
  process_: ChildProcess,
  options: ChildOptions<Ready>,
  exited: Promise<ChildExit>,
  stderr: () => string,
): Promise<Ready> {
  const { name, readyWithinMs = 30_000 } = options;
  return new Promise<Ready>((resolve, reject) => {
    const timer = setTimeout(() => {
      reject(new Failure("timeout", `${name} was not ready after ${readyWithinMs} ms${said(stderr())}`));
    }, readyWithinMs);
    let isReady = false;
    const lines = createInterface({ input: process_.stdout ?? process.stdin });
    lines.on("line", (line) => {
      const found = isReady ? undefined : options.ready(line);
      if (found === undefined) return;
      isReady = true;
      clearTimeout(timer);
      resolve(found);
    });
    process_.once("error", (error) => {
      clearTimeout(timer);
      reject(new Failure("unavailable", `${name} could not be started: ${error.message}`, { cause: error }));
    });
    // The streams close after the exit; only then is all of stderr here.
    process_.once("close", () => {
      clearTimeout(timer);
      void exited.then(({ code, signal }) => {
        const how = signal === null ? `with code ${code}` : `by ${signal}`;
        reject(new Failure("unavailable", `${name} ended ${how} before it was ready${said(stderr())}`));
      });
    });
  });
}

function collectStderr(process_: ChildProcess, onLine: (line: string) => void): () => string {
  let tail = "";
  if (process_.stderr === null) return () => tail;
  createInterface({ input: process_.stderr }).on("line", (line) => {
    tail = `${tail}${line}\n`.slice(-stderrTailLength);
    onLine(line);
  });
  return () => tail.trim();
}

function said(stderr: string): string {
  return stderr === "" ? "" : `. It said: ${stderr}`;
}

async function stopProcess(
  process_: ChildProcess,
  exited: Promise<ChildExit>,
  graceMs: number,
): Promise<ChildExit> {
  if (process_.exitCode === null && process_.signalCode === null) {
    process_.kill("SIGTERM");
    const timer = setTimeout(() => process_.kill("SIGKILL"), graceMs);
    await exited;
    clearTimeout(timer);
  }
  return exited;
}
