import type { Digest } from "../../model/digest.ts";
import { Failure } from "../../model/failure.ts";
import { type BlobHash, createBlobHash, withoutFirst } from "../verified-blob.ts";
import { blockBytes, paddedSize, tarHeader } from "./tar-header.ts";

/** A file that is to go into a tar file. `open` must give exactly what `digest` says from `offset` on, or throw. */
export interface TarFile {
  readonly name: string;
  readonly size: number;
  readonly digest: Digest;
  open(options: {
    readonly offset: number;
    /** Has seen the first `offset` bytes. */
    readonly hash: BlobHash;
    readonly signal: AbortSignal;
  }): Promise<AsyncIterable<Uint8Array>>;
}

/** A tar file that is known to the byte before any of it is written: what broke off goes on where it stopped. */
export interface TarPlan {
  readonly size: number;
  readonly entries: readonly TarEntry[];
}

export interface TarEntry {
  readonly file: TarFile;
  readonly header: Buffer;
  /** Where its header begins, where its contents do, and where the next header does; in bytes. */
  readonly at: number;
  readonly bodyAt: number;
  readonly end: number;
}

const endBytes = 2 * blockBytes;

export function planTar(files: readonly TarFile[]): TarPlan {
  const entries: TarEntry[] = [];
  let at = 0;
  for (const file of files) {
    const header = tarHeader(file.name, file.size);
    const bodyAt = at + header.length;
    const end = bodyAt + paddedSize(file.size);
    entries.push({ file, header, at, bodyAt, end });
    at = end;
  }
  return { size: at + endBytes, entries };
}

export interface Continuation {
  /** Bytes that are written already. */
  readonly from: number;
  /** Reads them back; absent where that cannot be done: a file that is half written is then fetched from its beginning. */
  readonly written?: (range: { readonly start: number; readonly end: number }) => AsyncIterable<Uint8Array>;
}

/** The plan's bytes from `from` on. */
export async function* tarBytes(
  plan: TarPlan,
  { from, written }: Continuation,
  signal: AbortSignal,
): AsyncGenerator<Uint8Array, void, undefined> {
  let at = from;
  const rest = (bytes: Uint8Array, start: number): Uint8Array => bytes.subarray(Math.max(0, at - start));
  for (const entry of plan.entries) {
    if (entry.end <= at) continue;
    const { file, header, bodyAt, end } = entry;
    if (at < bodyAt) {
      yield rest(header, entry.at);
      at = bodyAt;
    }
    const bodyEnd = bodyAt + file.size;
    if (at < bodyEnd) {
      for await (const piece of await bodyFrom(entry, { at, written, signal })) {
        at += piece.length;
        if (at > bodyEnd)
          throw new Failure("integrity", `${file.name} is longer than its ${file.size} bytes`);
        yield piece;
      }
      if (at < bodyEnd) throw new Failure("integrity", `${file.name} is shorter than its ${file.size} bytes`);
    }
    if (at < end) yield Buffer.alloc(end - at);
    at = end;
  }
  yield Buffer.alloc(plan.size - at);
}

async function bodyFrom(
  { file, bodyAt }: TarEntry,
  { at, written, signal }: { at: number; written: Continuation["written"]; signal: AbortSignal },
): Promise<AsyncIterable<Uint8Array>> {
  const hash = createBlobHash(file.digest);
  const offset = at - bodyAt;
  if (offset === 0) return file.open({ offset, hash, signal });
  if (written === undefined) return withoutFirst(await file.open({ offset: 0, hash, signal }), offset);
  for await (const piece of written({ start: bodyAt, end: at })) hash.add(hash.bytes, piece);
  return file.open({ offset, hash, signal });
}
