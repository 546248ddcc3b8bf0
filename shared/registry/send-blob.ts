import type { Descriptor } from "../model/descriptor.ts";
import { Failure } from "../model/failure.ts";
import { inChunks } from "./chunks.ts";
import type { BlobRoute } from "./copy-route.ts";
import type { BlobUpload } from "./registry.ts";
import type { Tries } from "./retry.ts";
import { hashFor } from "./verified-blob.ts";

interface Sending {
  readonly blob: Descriptor;
  readonly upload: BlobUpload;
  /** One count for all that breaks while this blob goes over. */
  readonly tries: Tries;
  readonly signal: AbortSignal;
}

/**
 * Streams a blob from source to target through one chunk of memory. The source is read on by range where it broke, the
 * target is asked how much it has; bytes that went through are not moved twice.
 */
export async function sendBlob(route: BlobRoute, sending: Sending): Promise<void> {
  const { blob, upload } = sending;
  const chunkBytes = Math.max(route.chunkBytes, upload.minChunkBytes);
  let sent = 0;
  // The source's end must be seen, and with it the digest, before the target is told to keep the blob.
  let held: Uint8Array | undefined;
  for await (const chunk of inChunks(readOn(route, sending), { chunkBytes, size: blob.size })) {
    sent += chunk.length;
    if (sent === blob.size) held = chunk;
    else await persist(sending, chunk);
  }
  const tail = held ?? new Uint8Array();
  if (blob.size <= chunkBytes) return close(route, sending, tail);
  await persist(sending, tail);
  return close(route, sending, new Uint8Array());
}

async function close(route: BlobRoute, sending: Sending, tail: Uint8Array): Promise<void> {
  const { blob, upload, tries, signal } = sending;
  const { to, toRepository } = route;
  const start = upload.offset;
  for (;;) {
    try {
      return await upload.commit(blob.digest, signal, tail.subarray(upload.offset - start));
    } catch (error) {
      await tries.next(error, signal);
      // The answer may have been lost, not the request.
      if ((await to.headBlob(toRepository, blob.digest, signal)) !== undefined) return;
      await resumeWithin(sending, { start, end: start + tail.length });
    }
  }
}

async function persist(sending: Sending, chunk: Uint8Array): Promise<void> {
  const { upload, tries, signal } = sending;
  const start = upload.offset;
  while (upload.offset < start + chunk.length) {
    try {
      await upload.write(chunk.subarray(upload.offset - start), signal);
    } catch (error) {
      await tries.next(error, signal);
      await resumeWithin(sending, { start, end: start + chunk.length });
    }
  }
}

async function resumeWithin(
  { upload, signal }: Sending,
  { start, end }: { start: number; end: number },
): Promise<void> {
  try {
    await upload.resume(signal);
  } catch (error) {
    if (error instanceof Failure && error.code === "not-found") throw lost(error);
    throw error;
  }
  if (upload.offset < start || upload.offset > end) throw lost(undefined);
}

/** `unavailable`, so that the blob is sent anew. */
function lost(cause: unknown): Failure {
  return new Failure("unavailable", "the target lost an upload session", { cause });
}

/** The blob's bytes, read on where a read broke; one hash runs over all of them. */
async function* readOn(
  { from, fromRepository }: BlobRoute,
  { blob, tries, signal }: Sending,
): AsyncGenerator<Uint8Array, void, undefined> {
  const hash = hashFor(blob.digest);
  let offset = 0;
  for (;;) {
    try {
      for await (const piece of await from.getBlob(fromRepository, blob, { signal, offset, hash })) {
        offset += piece.length;
        yield piece;
      }
      return;
    } catch (error) {
      await tries.next(error, signal);
    }
  }
}
