import { type ChildProcess, execFile, spawn } from "node:child_process";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { type Running, readRunning } from "../../local/running.ts";

const root = resolve(import.meta.dirname, "../..");
const main = join(root, "dist/cli/main.js");

/** `wharfgate up` as a person starts it, in a process and a data folder of its own. */
export interface Up {
  readonly dir: string;
  readonly running: Running;
  /** Everything it has printed. */
  output(): string;
  /** Process ids of its children at this moment. */
  children(): Promise<readonly number[]>;
  /** Its exit code, once it has ended. */
  readonly ended: Promise<number | null>;
  /** Sends Ctrl-C's signal and waits for the end. */
  interrupt(): Promise<number | null>;
  /** Forgets the data folder. */
  forget(): Promise<void>;
}

export async function startUp(
  options: { readonly dir?: string; readonly args?: readonly string[] } = {},
): Promise<Up> {
  const dir = options.dir ?? (await mkdtemp(join(tmpdir(), "wharfgate-up-")));
  const child = spawn(process.execPath, [main, "--data", dir, "up", ...(options.args ?? [])], { cwd: root });
  let output = "";
  child.stdout.on("data", (chunk: Buffer) => {
    output += chunk.toString();
  });
  child.stderr.on("data", (chunk: Buffer) => {
    output += chunk.toString();
  });
  const ended = new Promise<number | null>((done) => child.once("exit", (code) => done(code)));
  const running = await waitUntilRunning(dir, child, () => output);
  return {
    dir,
    running,
    output: () => output,
    children: async () => {
      const text = await readFile(`/proc/${child.pid}/task/${child.pid}/children`, "utf8");
      return text.trim().split(/\s+/).map(Number);
    },
    ended,
    interrupt: () => {
      child.kill("SIGINT");
      return ended;
    },
    forget: () => rm(dir, { recursive: true, force: true }),
  };
}

async function waitUntilRunning(dir: string, child: ChildProcess, output: () => string): Promise<Running> {
  for (;;) {
    const running = await readRunning(dir);
    if (running !== undefined) return running;
    if (child.exitCode !== null) throw new Error(`up ended with code ${child.exitCode}: ${output()}`);
    await new Promise((wake) => setTimeout(wake, 50));
  }
}

export interface CommandResult {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs another `wharfgate` command beside it. */
export function wharfgate(dir: string, ...args: readonly string[]): Promise<CommandResult> {
  return new Promise((done) => {
    execFile(process.execPath, [main, "--data", dir, ...args], { cwd: root }, (error, stdout, stderr) => {
      done({ code: typeof error?.code === "number" ? error.code : 0, stdout, stderr });
    });
  });
}
