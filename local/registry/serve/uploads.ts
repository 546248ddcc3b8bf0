import { parseDigestName, parseRepositoryName, type RepositoryName, type UploadId } from "../names.ts";
import { OciError } from "../oci-error.ts";
import { parseChunkRange } from "../range.ts";
import type { Chunk } from "../store/uploads.ts";
import { type Call, sendEmpty } from "./call.ts";

export interface UploadTarget {
  readonly repository: RepositoryName;
  readonly id: UploadId;
}

/** Asks whether the caller may also read `repository`, which a mount takes a blob from. */
export type MayPull = (repository: RepositoryName) => Promise<boolean>;

/** POST: a mount, a whole blob in one request, or the start of a session, whichever the query asks for. */
export async function startUpload(
  call: Call,
  { repository, mayPull }: { readonly repository: RepositoryName; readonly mayPull: MayPull },
): Promise<void> {
  const mount = call.query.get("mount");
  const from = call.query.get("from");
  if (mount !== null && from !== null) {
    const digest = parseDigestName(mount);
    const source = parseRepositoryName(from);
    const mounted =
      (await mayPull(source)) && (await call.store.blobs.mount(repository, { digest, from: source }));
    if (mounted) return sendCreated(call, repository, digest);
  }
  const whole = call.query.get("digest");
  const digest = whole === null ? undefined : parseDigestName(whole);
  const id = await call.store.uploads.start(repository);
  if (digest === undefined) return sendProgress(call, { repository, id }, { status: 202, size: 0 });
  try {
    await call.store.uploads.append(repository, id, chunkOf(call));
    await call.store.uploads.commit(repository, id, digest);
  } catch (error) {
    await discard(call, { repository, id });
    throw error;
  }
  sendCreated(call, repository, digest);
}

/** GET: how far the session has come. */
export async function showUpload(call: Call, { repository, id }: UploadTarget): Promise<void> {
  const size = await call.store.uploads.size(repository, id);
  sendProgress(call, { repository, id }, { status: 204, size });
}

/** PATCH: the next chunk. */
export async function continueUpload(call: Call, target: UploadTarget): Promise<void> {
  const size = await appendChunk(call, target);
  sendProgress(call, target, { status: 202, size });
}

/** PUT: perhaps a last chunk, then the digest that makes it a blob. */
export async function finishUpload(call: Call, target: UploadTarget): Promise<void> {
  const { repository, id } = target;
  const digest = parseDigestName(call.query.get("digest") ?? "");
  await appendChunk(call, target);
  await call.store.uploads.commit(repository, id, digest);
  sendCreated(call, repository, digest);
}

export async function cancelUpload(call: Call, { repository, id }: UploadTarget): Promise<void> {
  await call.store.uploads.cancel(repository, id);
  sendEmpty(call, 204);
}

async function appendChunk(call: Call, target: UploadTarget): Promise<number> {
  try {
    return await call.store.uploads.append(target.repository, target.id, chunkOf(call));
  } catch (error) {
    if (!(error instanceof OciError) || error.status !== 416) throw error;
    // Where to go on from, so that the client need not ask.
    const size = await call.store.uploads.size(target.repository, target.id);
    throw new OciError(416, error.code, error.message, { headers: progressHeaders(target, size) });
  }
}

function chunkOf({ request }: Call): Chunk {
  // Left open when we stop early, so that the client gets its answer.
  const body = request.iterator({ destroyOnReturn: false });
  const header = request.headers["content-range"];
  if (header === undefined) {
    const length = request.headers["content-length"];
    return { body, ...(length === undefined ? {} : { length: Number(length) }) };
  }
  const range = parseChunkRange(header);
  if (range === undefined) {
    throw new OciError(400, "BLOB_UPLOAD_INVALID", "the Content-Range of a chunk must be <start>-<end>");
  }
  return { body, start: range.start, length: range.length };
}

async function discard(call: Call, { repository, id }: UploadTarget): Promise<void> {
  try {
    await call.store.uploads.cancel(repository, id);
  } catch (error) {
    // A commit that found another digest has already removed it.
    if (!(error instanceof OciError) || error.status !== 404) throw error;
  }
}

function sendCreated(call: Call, repository: RepositoryName, digest: string): void {
  sendEmpty(call, 201, { Location: `/v2/${repository}/blobs/${digest}`, "Docker-Content-Digest": digest });
}

function sendProgress(
  call: Call,
  target: UploadTarget,
  { status, size }: { status: number; size: number },
): void {
  sendEmpty(call, status, progressHeaders(target, size));
}

// An empty session says 0-0, which is what clients have come to expect of it.
function progressHeaders({ repository, id }: UploadTarget, size: number): Record<string, string> {
  return {
    Location: `/v2/${repository}/blobs/uploads/${id}`,
    Range: `0-${Math.max(0, size - 1)}`,
    "Docker-Upload-UUID": id,
  };
}
