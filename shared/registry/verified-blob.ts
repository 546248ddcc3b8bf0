import { createHash, type Hash } from "node:crypto";
import { algorithmOf, type Digest } from "../model/digest.ts";
import { Failure } from "../model/failure.ts";

/** Passes a blob on, bounded to its size; ends in `integrity` when size or digest differ from what was promised. */
export async function* verifiedBlob(
  body: AsyncIterable<Uint8Array>,
  expected: {
    readonly digest: Digest;
    readonly size: number;
    readonly offset: number;
    /** Holds the first `offset` bytes; absent when these are unknown, so that only the size can be checked. */
    readonly hash: Hash | undefined;
    readonly place: string;
  },
): AsyncGenerator<Uint8Array, void, undefined> {
  const { digest, size, hash, place } = expected;
  let bytes = expected.offset;
  for await (const chunk of body) {
    bytes += chunk.length;
    if (bytes > size) throw new Failure("integrity", `${place}: more than the ${size} bytes it should have`);
    hash?.update(chunk);
    yield chunk;
  }
  if (bytes < size) throw new Failure("integrity", `${place}: ${bytes} of ${size} bytes, then the end`);
  if (hash !== undefined && `${algorithmOf(digest)}:${hash.digest("hex")}` !== digest) {
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

export function hashFor(digest: Digest): Hash {
  return createHash(algorithmOf(digest));
}
