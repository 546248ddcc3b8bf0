import type { IncomingMessage } from "node:http";
import { OciError } from "./oci-error.ts";

/** Reads a whole body of at most `limit` bytes; 413 for a longer one. */
export async function readBody(request: IncomingMessage, limit: number): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  // Left open when we stop early: destroying it would cut the connection before the client has its answer.
  const body: AsyncIterable<Uint8Array> = request.iterator({ destroyOnReturn: false });
  for await (const chunk of body) {
    size += chunk.length;
    if (size > limit) throw new OciError(413, "SIZE_INVALID", `the body may have at most ${limit} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks, size);
}
