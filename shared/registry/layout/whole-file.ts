import { open, rename, rm } from "node:fs/promises";
import { printable } from "../../model/digest.ts";
import { Failure } from "../../model/failure.ts";

/** Writes a small file that is there whole or not at all, whoever else writes it at the same time. */
export async function writeWhole(path: string, text: string): Promise<void> {
  const fresh = `${path}.${process.pid}.new`;
  try {
    const file = await open(fresh, "w", 0o644);
    try {
      await file.writeFile(text);
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(fresh, path);
  } catch (error) {
    await rm(fresh, { force: true }).catch(() => {});
    throw cannotWrite(path, error);
  }
}

const again = "give the same command again: what was done is not done twice";
const reasons: Readonly<Record<string, string>> = {
  ENOSPC: `its disk is full: make room, then ${again}`,
  EDQUOT: `the quota of its disk is used up: make room, then ${again}`,
  EFBIG: `its file system takes no file of this size (FAT ends at 4 GiB): name another place, or format it otherwise`,
  ENOENT: "its folder does not exist",
  EACCES: "it may not be written by this user",
  EPERM: "it may not be written by this user",
  EROFS: "its disk is read-only",
  EISDIR: "it is a folder",
};

/** Says why a file could not be written, and how to mend it. */
export function cannotWrite(path: string, error: unknown): Failure {
  const { code = "", message } = error as NodeJS.ErrnoException;
  const why = reasons[code] ?? printable(String(message ?? error), 200);
  return new Failure("invalid", `the file "${printable(path)}" cannot be written: ${why}`, { cause: error });
}
