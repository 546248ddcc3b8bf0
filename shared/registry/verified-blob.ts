import { createHash } from "node:crypto";
import { algorithmOf, type Digest } from "../model/digest.ts";
import { Failure } from "../model/failure.ts";

/** Hashes a blob in order, each byte once, however often some of them have to be read again. */
export interface BlobHash {
  /** Bytes that have gone in. */
  readonly bytes: number;
  /** What was seen before is passed over. Throws `internal` when something in between was not seen. */
  add(offset: number, piece: Uint8Array): void;
  /** Of the bytes so far. */
  digest(): Digest;
}

export function createBlobHash(digest: Digest): BlobHash {
  const algorithm = algorithmOf(digest);
  const hash = createHash(algorithm);
  let bytes = 0;
  return {
    get bytes() {
      return bytes;
    },
    add(offset, piece) {
      if (offset > bytes)
        throw new Failure("internal", `bytes ${bytes} to ${offset} of ${digest} were not seen`);
      const fresh = offset === bytes ? piece : piece.subarray(Math.min(bytes - offset, piece.length));
      if (fresh.length > 0) hash.update(fresh);
      bytes += fresh.length;
    },
    digest: () => `${algorithm}:${hash.copy().digest("hex")}` as Digest,
  };
}

/**
 * Passes a blob on, bounded to its size. Its last bytes are passed on only when size and digest are what was promised; else it
 * ends in `integrity`.
 */
export async function* verifiedBlob(
  body: AsyncIterable<Uint8Array>,
  expected: {
    readonly digest: Digest;
    readonly size: number;
    readonly offset: number;
    /** Holds the first `offset` bytes; absent when these are unknown, so that only the size can be checked. */
    readonly hash: BlobHash | undefined;
    readonly place: string;
  },
): AsyncGenerator<Uint8Array, void, undefined> {
  const { digest, size, hash, place } = expected;
  let at = expected.offset;
  if (at === size) verify();
  for await (const piece of body) {
    if (at + piece.length > size) {
      throw new Failure("integrity", `${place}: more than the ${size} bytes it should have`);
    }
    hash?.add(at, piece);
    at += piece.length;
    if (at === size) verify();
    yield piece;
  }
  if (at < size) throw new Failure("integrity", `${place}: ${at} of ${size} bytes, then the end`);

  function verify(): void {
    if (hash === undefined || hash.digest() === digest) return;
    throw new Failure("integrity", `${place}: the bytes do not match the digest`);
  }
}

/** The first `count` bytes left out, for servers that answer a range request with the whole. */
export async function* withoutFirst(
  body: AsyncIterable<Uint8Array>,
  count: number,
): AsyncGenerator<Uint8Array, void, undefined> {
  let left = count;
  for await (const chunk of body) {
    if (left < chunk.length) yield left === 0 ? chunk : chunk.subarray(left);
    left = Math.max(0, left - chunk.length);
  }
}
