import type { Descriptor } from "../model/descriptor.ts";
import { Failure } from "../model/failure.ts";
import type { BlobRoute } from "./copy-route.ts";
import { isForeign } from "./foreign-layers.ts";
import type { Tries } from "./retry.ts";
import type { BlobHash } from "./verified-blob.ts";

/** The source's side of a transfer: reads on by range where a read broke. */
export interface BlobReader {
  /** So many bytes from an offset on; what is read anew is not hashed twice. */
  pieces(offset: number, bytes: number): AsyncGenerator<Uint8Array, void, undefined>;
  /** Set when the source is given up. */
  readonly failure: { readonly error: unknown } | undefined;
  close(): Promise<void>;
}

export interface Reading {
  readonly blob: Descriptor;
  readonly hash: BlobHash;
  readonly tries: Tries;
  readonly signal: AbortSignal;
}

export function createBlobReader(route: BlobRoute, { blob, hash, tries, signal }: Reading): BlobReader {
  let source: AsyncIterator<Uint8Array> | undefined;
  /** What a piece held beyond the end of a segment. */
  let rest: Uint8Array | undefined;
  let at = 0;
  let failure: BlobReader["failure"];

  return {
    get failure() {
      return failure;
    },
    async *pieces(offset, bytes) {
      if (at !== offset) await close();
      at = offset;
      const end = offset + bytes;
      while (at < end) {
        const piece = rest ?? (await next());
        const part = piece.length > end - at ? piece.subarray(0, end - at) : piece;
        rest = part.length < piece.length ? piece.subarray(part.length) : undefined;
        at += part.length;
        yield part;
      }
      // An empty blob has to be looked at, too; and what ends well leaves its connection to others.
      if (at === blob.size) await finish();
    },
    close,
  };

  async function next(): Promise<Uint8Array> {
    for (;;) {
      try {
        source ??= (await open())[Symbol.asyncIterator]();
        const { done, value } = await source.next();
        if (done !== true) return value;
        throw new Failure("integrity", `${blob.digest} ends before its size`);
      } catch (error) {
        source = undefined;
        await again(error);
      }
    }
  }

  async function finish(): Promise<void> {
    for (;;) {
      try {
        if (blob.size === 0) source ??= (await open())[Symbol.asyncIterator]();
        await source?.next();
        source = undefined;
        return;
      } catch (error) {
        source = undefined;
        // All that was promised came, and was right.
        if (blob.size > 0) return;
        await again(error);
      }
    }
  }

  async function again(error: unknown): Promise<void> {
    try {
      await tries.next(error, signal);
    } catch (last) {
      failure = { error: last };
      throw last;
    }
  }

  async function open(): Promise<AsyncIterable<Uint8Array>> {
    const { from, fromRepository, foreign } = route;
    const reading = { signal, offset: at, hash };
    if (!isForeign(blob) || foreign === undefined || foreign === "source") {
      return from.getBlob(fromRepository, blob, reading);
    }
    try {
      return await from.getBlob(fromRepository, blob, reading);
    } catch (error) {
      // Some sources have it, most do not.
      if (!(error instanceof Failure) || error.transient) throw error;
      return foreign.getLayer(from.host, blob, reading);
    }
  }

  async function close(): Promise<void> {
    const open = source;
    source = undefined;
    rest = undefined;
    // What it says now, nobody wants to know.
    await open?.return?.().catch(() => {});
  }
}
