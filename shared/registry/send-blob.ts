import type { Descriptor } from "../model/descriptor.ts";
import { Failure } from "../model/failure.ts";
import { createBlobReader } from "./blob-reader.ts";
import type { BlobRoute } from "./copy-route.ts";
import type { BlobUpload } from "./registry.ts";
import type { Tries } from "./retry.ts";
import type { BlobHash } from "./verified-blob.ts";

export interface Sending {
  readonly blob: Descriptor;
  readonly upload: BlobUpload;
  readonly hash: BlobHash;
  /** One count for all that breaks while this blob goes over. */
  readonly tries: Tries;
  readonly signal: AbortSignal;
  /** Once it fires, what is under way is finished and no more is begun. */
  readonly pause?: AbortSignal;
}

/**
 * Streams a blob from source to target, holding no more of it than a piece: in one request where it is small, else in
 * segments. The source is read on by range where it broke, the target is asked how much it has; bytes that went through
 * are not moved twice. `paused`: the upload is open, and the hash holds what was read. `lost`: it broke, and the target knows nothing
 * of it any more.
 */
export async function sendBlob(route: BlobRoute, sending: Sending): Promise<"sent" | "paused" | "lost"> {
  const { blob, upload, tries, signal, pause } = sending;
  const reader = createBlobReader(route, sending);
  const segmentBytes = Math.max(route.segmentBytes, upload.minChunkBytes);
  try {
    for (let begun = false; ; begun = true) {
      if (begun && pause?.aborted === true) return "paused";
      const start = upload.offset;
      const bytes = Math.min(blob.size - start, segmentBytes);
      const last = start + bytes === blob.size;
      const body = { pieces: reader.pieces(start, bytes), bytes };
      try {
        if (!last) await upload.write(body, signal);
        else {
          await upload.commit(blob.digest, signal, body);
          return "sent";
        }
      } catch (error) {
        if (reader.failure !== undefined) throw reader.failure.error;
        await tries.next(error, signal);
        // The answer may have been lost, not the request.
        if (last && (await isThere(route, sending))) {
          route.onMoved(bytes);
          return "sent";
        }
        if ((await resumeUpload(sending)) === "lost") return "lost";
      } finally {
        route.onMoved(upload.offset - start);
      }
    }
  } finally {
    await reader.close();
  }
}

/** Asks the target how much it has; `lost` when it has given the session up, or has what we did not send. */
export async function resumeUpload({
  blob,
  upload,
  hash,
  signal,
}: Omit<Sending, "tries">): Promise<"open" | "lost"> {
  try {
    await upload.resume(signal);
  } catch (error) {
    if (error instanceof Failure && goneCodes.has(error.code)) return "lost";
    throw error;
  }
  return upload.offset > Math.min(hash.bytes, blob.size) ? "lost" : "open";
}

async function isThere({ to, toRepository }: BlobRoute, { blob, signal }: Sending): Promise<boolean> {
  return (await to.headBlob(toRepository, blob.digest, signal)) !== undefined;
}

/** 404, and how Docker's registry calls a session that is not where its address says. */
const goneCodes: ReadonlySet<string> = new Set(["not-found", "protocol", "conflict", "invalid"]);
