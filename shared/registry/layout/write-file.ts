import { type FileHandle, open, rename, rm } from "node:fs/promises";
import { Failure } from "../../model/failure.ts";
import { createBlobHash } from "../verified-blob.ts";
import { pieces } from "./file-pieces.ts";
import { type TarEntry, type TarPlan, tarBytes } from "./plan-tar.ts";
import { isZeroBlock } from "./tar-header.ts";
import { cannotWrite } from "./whole-file.ts";

/** What an unfinished file is called beside its name. */
export const partialSuffix = ".partial";

/**
 * Writes a planned tar file under a name of its own and renames it when it is whole. What an earlier try of the same plan
 * left is checked and kept. Returns how many bytes of it were.
 */
export async function writeTarFile(path: string, plan: TarPlan, signal: AbortSignal): Promise<number> {
  const partial = `${path}${partialSuffix}`;
  const file = await attempt(path, () => open(partial, "a+", 0o644)).then(async (created) => {
    await created.close();
    return attempt(path, () => open(partial, "r+"));
  });
  try {
    const kept = await keep(file, plan, signal);
    try {
      await write(file, { plan, from: kept, path, signal });
    } catch (error) {
      // The half of a file that was kept may be what is wrong.
      const begun = plan.entries.find(({ bodyAt, end }) => bodyAt < kept && kept < end);
      if (!(error instanceof Failure) || error.code !== "integrity" || begun === undefined) throw error;
      await write(file, { plan, from: begun.bodyAt, path, signal });
    }
    await attempt(path, async () => {
      await file.sync();
      await file.close();
      await rename(partial, path);
    });
    return kept;
  } finally {
    await file.close().catch(() => {});
  }
}

/** Forgets what an export left that is not gone on with. */
export async function dropPartial(path: string): Promise<void> {
  await rm(`${path}${partialSuffix}`, { force: true });
}

/** How many bytes of the file are the plan's: headers and whole contents are compared, half contents later by their hash. */
async function keep(file: FileHandle, plan: TarPlan, signal: AbortSignal): Promise<number> {
  const { size } = await file.stat();
  for (const entry of plan.entries) {
    if (!(await holds(file, entry))) return entry.at;
    if (size < entry.bodyAt + entry.file.size) return size;
    if (!(await holdsBody(file, entry, signal))) return entry.at;
    if (!(await holdsPadding(file, entry, size))) return entry.bodyAt + entry.file.size;
  }
  return plan.entries.at(-1)?.end ?? 0;
}

async function holds(file: FileHandle, { at, header }: TarEntry): Promise<boolean> {
  const there = Buffer.alloc(header.length);
  await file.read(there, 0, there.length, at);
  return there.equals(header);
}

async function holdsBody(
  file: FileHandle,
  { bodyAt, file: { size, digest } }: TarEntry,
  signal: AbortSignal,
) {
  const hash = createBlobHash(digest);
  for await (const piece of pieces(file, { start: bodyAt, end: bodyAt + size }, signal))
    hash.add(hash.bytes, piece);
  return hash.digest() === digest;
}

/** As far as it was written. */
async function holdsPadding(file: FileHandle, { bodyAt, end, file: { size } }: TarEntry, written: number) {
  const there = Buffer.alloc(Math.max(0, Math.min(end, written) - bodyAt - size));
  await file.read(there, 0, there.length, bodyAt + size);
  return isZeroBlock(there);
}

async function write(
  file: FileHandle,
  { plan, from, path, signal }: { plan: TarPlan; from: number; path: string; signal: AbortSignal },
): Promise<void> {
  await attempt(path, () => file.truncate(from));
  let at = from;
  const written = (range: { readonly start: number; readonly end: number }) => pieces(file, range, signal);
  for await (const bytes of tarBytes(plan, { from, written }, signal)) {
    for (let done = 0; done < bytes.length; ) {
      const { bytesWritten } = await attempt(path, () =>
        file.write(bytes, done, bytes.length - done, at + done),
      );
      done += bytesWritten;
    }
    at += bytes.length;
  }
}

async function attempt<T>(path: string, call: () => Promise<T>): Promise<T> {
  try {
    return await call();
  } catch (error) {
    throw cannotWrite(path, error);
  }
}
