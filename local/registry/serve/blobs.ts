import { pipeline } from "node:stream/promises";
import type { Digest } from "../../../shared/model/digest.ts";
import type { RepositoryName } from "../names.ts";
import { OciError } from "../oci-error.ts";
import { parseRange, type WantedRange } from "../range.ts";
import { type Call, sendEmpty } from "./call.ts";

export interface BlobTarget {
  readonly repository: RepositoryName;
  readonly digest: Digest;
}

/** GET and HEAD of a blob, or of a part of it. */
export async function pullBlob(call: Call, { repository, digest }: BlobTarget): Promise<void> {
  const { store, pullThrough } = call;
  if ((await store.blobs.size(repository, digest)) === undefined)
    await pullThrough?.find(repository)?.settled();
  const size = await store.blobs.size(repository, digest);
  if (size === undefined) throw unknown(repository, digest);
  const range = wantedRange(call, digest, size);
  if (range.kind === "unsatisfiable") {
    throw new OciError(416, "SIZE_INVALID", `the blob has ${size} bytes`, {
      headers: { "Content-Range": `bytes */${size}` },
    });
  }
  const { start, end } = range.kind === "part" ? range : { start: 0, end: size - 1 };
  call.response.writeHead(range.kind === "part" ? 206 : 200, {
    "Content-Type": "application/octet-stream",
    "Content-Length": end - start + 1,
    "Docker-Content-Digest": digest,
    "Accept-Ranges": "bytes",
    ETag: `"${digest}"`,
    ...(range.kind === "part" ? { "Content-Range": `bytes ${start}-${end}/${size}` } : {}),
  });
  if (call.request.method === "HEAD" || size === 0) call.response.end();
  else await pipeline(call.store.blobs.read(repository, digest, { start, end }), call.response);
}

export async function deleteBlob(call: Call, { repository, digest }: BlobTarget): Promise<void> {
  if (!(await call.store.blobs.remove(repository, digest))) throw unknown(repository, digest);
  sendEmpty(call, 202);
}

// A Range counts for GET alone, and only while If-Range, when there, names these very bytes (RFC 7233 section 3.2).
function wantedRange({ request }: Call, digest: Digest, size: number): WantedRange {
  const validator = request.headers["if-range"];
  const counts = request.method === "GET" && (validator === undefined || validator === `"${digest}"`);
  return parseRange(counts ? request.headers.range : undefined, size);
}

function unknown(repository: RepositoryName, digest: Digest): OciError {
  return new OciError(404, "BLOB_UNKNOWN", `${repository} has no blob ${digest}`);
}
