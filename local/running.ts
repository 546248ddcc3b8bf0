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

/** Takes the data folder for this process; false when another one that is alive has it. */
export async function claimFolder(dataDir: string): Promise<boolean> {
  await mkdir(dataDir, { recursive: true, mode: 0o700 });
  const file = join(dataDir, "claim");
  try {
    await writeFile(file, String(process.pid), { flag: "wx" });
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
  }
  const owner = Number(await readFile(file, "utf8"));
  if (owner !== process.pid && owner > 0 && isAlive(owner)) return false;
  await writeFile(file, String(process.pid));
  return true;
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

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}
