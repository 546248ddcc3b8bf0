import { randomUUID } from "node:crypto";
import { mkdir, readdir, readFile, rename, rm, stat, unlink, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";

/** Writes by rename, so that a reader, or a start after a crash, sees the whole file or none. */
export async function writeWhole(
  path: string,
  content: Uint8Array | string,
  temporary: string,
): Promise<void> {
  const draft = join(temporary, randomUUID());
  await inFolder(draft, () => writeFile(draft, content));
  await moveInto(path, draft);
}

/** Renames `from` to `path`, making its folder when it is missing. */
export async function moveInto(path: string, from: string): Promise<void> {
  await inFolder(path, () => rename(from, path));
}

/** Runs `act`, which puts a file at `path`; again after making the folder when there was none. */
export async function inFolder(path: string, act: () => Promise<void>): Promise<void> {
  try {
    await act();
  } catch (error) {
    if (!isMissing(error)) throw error;
    await mkdir(dirname(path), { recursive: true });
    await act();
  }
}

export async function readIfThere(path: string): Promise<Buffer | undefined> {
  return absentAsUndefined(() => readFile(path));
}

/** Bytes; undefined when there is no such file. */
export async function sizeIfThere(path: string): Promise<number | undefined> {
  return absentAsUndefined(async () => (await stat(path)).size);
}

/** Names in a folder; none when there is no such folder. */
export async function namesIn(folder: string): Promise<readonly string[]> {
  return (await absentAsUndefined(() => readdir(folder))) ?? [];
}

/** False when there was nothing to remove. */
export async function removeIfThere(path: string): Promise<boolean> {
  const removed = await absentAsUndefined(async () => {
    await unlink(path);
    return true;
  });
  return removed ?? false;
}

/** Removes the files of a folder that nobody wrote to since `before`; what another one removed meanwhile is fine. */
export async function removeOlder(folder: string, before: Date): Promise<void> {
  for (const name of await namesIn(folder)) {
    const path = join(folder, name);
    const info = await absentAsUndefined(() => stat(path));
    if (info !== undefined && info.mtime < before) await rm(path, { force: true });
  }
}

export async function absentAsUndefined<T>(act: () => Promise<T>): Promise<T | undefined> {
  try {
    return await act();
  } catch (error) {
    if (isMissing(error)) return undefined;
    throw error;
  }
}

function isMissing(error: unknown): boolean {
  return error instanceof Error && "code" in error && error.code === "ENOENT";
}
