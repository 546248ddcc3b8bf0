import { readFile, rm, writeFile } from "node:fs/promises";
import { hostname } from "node:os";
import { printable } from "../../model/digest.ts";
import { Failure } from "../../model/failure.ts";
import { cannotWrite } from "./whole-file.ts";

interface Holder {
  readonly pid: number;
  readonly host: string;
  /** When it was started, as the kernel counts: another process may have got the number of one that is gone. */
  readonly started?: string;
}

/** What this very process holds: its number alone may be that of a process which died, as in a container. */
const held = new Set<string>();
const mostTries = 3;

/**
 * Keeps others away from `path` by a file `<path>.lock` beside it that names this process; what a process left that is gone is
 * taken over. Returns how to let go. Throws `conflict` while another one holds it; `work` says what that one does.
 */
export async function claimPath(path: string, work: string): Promise<() => Promise<void>> {
  const lock = `${path}.lock`;
  const { started } = (await kernelOn(process.pid)) ?? {};
  const ours: Holder = { pid: process.pid, host: hostname(), ...(started !== undefined && { started }) };
  for (let tries = 1; ; tries += 1) {
    try {
      await writeFile(lock, JSON.stringify(ours), { flag: "wx" });
      held.add(lock);
      return async () => {
        held.delete(lock);
        await rm(lock, { force: true });
      };
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw cannotWrite(lock, error);
    }
    const holder = await holderOf(lock);
    if (tries === mostTries || (holder !== undefined && (await isAtWork(holder, lock)))) {
      const who = holder === undefined ? "somebody" : `process ${holder.pid} at ${printable(holder.host)}`;
      throw new Failure(
        "conflict",
        `${work} is under way with ${printable(path)}, by ${who}: wait for its end, or name another one. If there is no such process any more, remove ${printable(lock)}`,
      );
    }
    await rm(lock, { force: true });
  }
}

/** Undefined for half a note, or none: whoever wrote it is gone. */
async function holderOf(lock: string): Promise<Holder | undefined> {
  try {
    const { pid, host, started } = JSON.parse(await readFile(lock, "utf8")) as Partial<Holder>;
    if (typeof pid !== "number" || typeof host !== "string") return undefined;
    return { pid, host, ...(typeof started === "string" && { started }) };
  } catch {
    return undefined;
  }
}

/** Of another machine nobody can tell from here. */
async function isAtWork({ pid, host, started }: Holder, lock: string): Promise<boolean> {
  if (host !== hostname()) return true;
  if (pid === process.pid) return held.has(lock);
  const known = await kernelOn(pid);
  if (known !== undefined) return known.state !== "Z" && (started === undefined || known.started === started);
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
}

/**
 * What Linux knows of a process; undefined for one that is gone, and elsewhere. A zombie (`Z`) has died, and nobody has asked for
 * its end yet. Source: proc_pid_stat(5).
 */
async function kernelOn(
  pid: number,
): Promise<{ readonly state: string; readonly started: string } | undefined> {
  try {
    const text = await readFile(`/proc/${pid}/stat`, "utf8");
    const fields = text.slice(text.lastIndexOf(")") + 2).split(" ");
    return { state: fields[0] ?? "", started: fields[19] ?? "" };
  } catch {
    return undefined;
  }
}
