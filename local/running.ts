import { mkdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { z } from "zod";

/** What `wharfgate up` tells other commands on this machine. Holds the function key: readable by its owner only. */
export interface Running {
  readonly pid: number;
  /** The app's settings, as its functions host has them in its environment. */
  readonly environment: Readonly<Record<string, string>>;
  /** Root of the HTTP API: `http://127.0.0.1:7071/api`. */
  readonly api: string;
  readonly functionKey: string;
}

const schema = z.strictObject({
  pid: z.int(),
  environment: z.record(z.string(), z.string()),
  api: z.string(),
  functionKey: z.string(),
});

/** Undefined when nothing runs from this data folder. */
export async function readRunning(dataDir: string): Promise<Running | undefined> {
  let text: string;
  try {
    text = await readFile(pathOf(dataDir), "utf8");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw error;
  }
  const running = schema.parse(JSON.parse(text));
  return isAlive(running.pid) ? running : undefined;
}

export async function writeRunning(dataDir: string, running: Running): Promise<void> {
  await mkdir(dataDir, { recursive: true });
  const draft = `${pathOf(dataDir)}.${process.pid}`;
  await writeFile(draft, `${JSON.stringify(running, null, 2)}\n`, { mode: 0o600 });
  await rename(draft, pathOf(dataDir));
}

export async function clearRunning(dataDir: string): Promise<void> {
  await rm(pathOf(dataDir), { force: true });
  await rm(join(dataDir, "claim"), { force: true });
}

function pathOf(dataDir: string): string {
  return join(dataDir, "running.json");
}

export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}
