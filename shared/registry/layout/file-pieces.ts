import { type FileHandle, open } from "node:fs/promises";
import { abortFailure } from "../../http/network-failure.ts";
import { printable } from "../../model/digest.ts";
import { Failure } from "../../model/failure.ts";

const windowBytes = 64 * 1024;
const pieceBytes = 256 * 1024;

/** Reads at any place through one buffer; undefined beyond the end. */
export function createWindow(file: FileHandle, total: number) {
  let [start, held] = [0, Buffer.alloc(0)];
  return async (at: number, length: number): Promise<Buffer | undefined> => {
    if (at + length > total) return undefined;
    if (at < start || at + length > start + held.length) {
      const fresh = Buffer.alloc(Math.min(Math.max(windowBytes, length), total - at));
      const { bytesRead } = await file.read(fresh, 0, fresh.length, at);
      [start, held] = [at, fresh.subarray(0, bytesRead)];
      if (bytesRead < length) return undefined;
    }
    return held.subarray(at - start, at - start + length);
  };
}

export async function* pieces(
  file: FileHandle,
  { start, end }: { readonly start: number; readonly end: number },
  signal: AbortSignal,
): AsyncGenerator<Uint8Array, void, undefined> {
  for (let at = start; at < end; ) {
    if (signal.aborted) throw abortFailure(signal.reason, "reading");
    const buffer = Buffer.allocUnsafe(Math.min(pieceBytes, end - at));
    const { bytesRead } = await file.read(buffer, 0, buffer.length, at);
    if (bytesRead === 0) return;
    at += bytesRead;
    yield buffer.subarray(0, bytesRead);
  }
}

export async function openFile(path: string): Promise<FileHandle> {
  try {
    return await open(path, "r");
  } catch (error) {
    throw new Failure("invalid", `the file "${printable(path)}" cannot be read`, { cause: error });
  }
}
