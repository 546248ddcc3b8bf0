import { mkdir, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { join, sep } from "node:path";
import { Failure } from "../shared/model/failure.ts";
import { isAlive } from "./running.ts";

const claim = "claim";
// All that one-machine mode keeps in its folder; beside each may lie what a broken start left: `running.json.4711`.
const ours =
  /^(?:arm-tls|cache-rules\.json|claim|function-keys\.json|inbox|ports\.json|registry|registry-password|running\.json|storage|upstream)(?:\..*)?$/;

/** Takes the data folder for this process. Throws `invalid` when another one that is alive has it, or when it cannot be written. */
export async function claimFolder(dir: string): Promise<void> {
  const file = join(dir, claim);
  try {
    await mkdir(dir, { recursive: true, mode: 0o700 });
    await writeFile(file, String(process.pid), { flag: "wx" });
    return;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).path !== file || codeOf(error) !== "EEXIST")
      throw folderFailure(error, dir) ?? error;
  }
  const owner = Number(await readFile(file, "utf8"));
  if (owner !== process.pid && owner > 0 && isAlive(owner)) {
    throw new Failure(
      "invalid",
      `it runs already from ${dir}, as process ${owner}: stop it first, or use another --data folder. (If process ${owner} is something else, delete ${file}.)`,
    );
  }
  await writeFile(file, String(process.pid));
}

/** Forgets all data of a folder that this process has claimed. Whatever else lies there was put there by people: `invalid`. */
export async function emptyFolder(dir: string): Promise<void> {
  const entries = await readdir(dir);
  const foreign = entries.filter((name) => !ours.test(name)).map((name) => join(dir, name));
  if (foreign.length > 0) {
    await rm(join(dir, claim), { force: true });
    const named = foreign.slice(0, 3).join(", ");
    const more = foreign.length > 3 ? ` and ${foreign.length - 3} more` : "";
    throw new Failure(
      "invalid",
      `--reset deletes all that is in ${dir}, and there is something that Wharfgate has not made: ${named}${more}. Move it away, or use another --data folder`,
    );
  }
  await Promise.all(
    entries
      .filter((name) => name !== claim)
      .map((name) => rm(join(dir, name), { recursive: true, force: true })),
  );
}

const full = new Set(["ENOSPC", "EDQUOT"]);

/** What a start that broke off says of its data folder; undefined when something else was the matter. */
export function folderFailure(error: unknown, dir: string): Failure | undefined {
  if (error instanceof Failure) return undefined;
  const { path = "", message } = error as NodeJS.ErrnoException;
  if (full.has(codeOf(error))) {
    const text = `the disk of the data folder ${dir} is full: make room, or use another --data folder`;
    return new Failure("invalid", text, { cause: error });
  }
  if (codeOf(error) === "" || (path !== dir && !path.startsWith(dir + sep))) return undefined;
  const text = `the data folder ${dir} cannot be used (${message}): use another --data folder`;
  return new Failure("invalid", text, { cause: error });
}

function codeOf(error: unknown): string {
  return (error as NodeJS.ErrnoException).code ?? "";
}
