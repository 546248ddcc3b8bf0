import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { open, writeFile } from "node:fs/promises";
import { pipeline } from "node:stream/promises";
import { algorithmOf, type Digest, hexOf } from "../../../shared/model/digest.ts";
import { newUploadId, type RepositoryName, type UploadId } from "../names.ts";
import { OciError } from "../oci-error.ts";
import { inFolder, moveInto, namesIn, removeIfThere, removeOlder, sizeIfThere } from "./files.ts";
import type { Layout } from "./layout.ts";

/** Upload sessions: one file each, whose size is how far it has come, so they outlive a restart. */
export interface Uploads {
  /** 429 when too many are open; ends those that stood still for an hour first. */
  start(repository: RepositoryName): Promise<UploadId>;
  /** Bytes so far; 404 for an unknown session. */
  size(repository: RepositoryName, id: UploadId): Promise<number>;
  /** Appends; what came before a broken connection stays. Returns the new size in bytes. */
  append(repository: RepositoryName, id: UploadId, chunk: Chunk): Promise<number>;
  /** Makes it a blob of the repository; on another digest than `digest` the session ends and nothing stays (400). */
  commit(repository: RepositoryName, id: UploadId, digest: Digest): Promise<void>;
  cancel(repository: RepositoryName, id: UploadId): Promise<void>;
}

export interface Chunk {
  readonly body: AsyncIterable<Uint8Array>;
  /** Offset of its first byte, when the client says so; anything but the session's size is 416. */
  readonly start?: number;
  /** Bytes, when the client says so; a body of another length is 400 and leaves the session as it was. */
  readonly length?: number;
}

const idleMs = 60 * 60 * 1000;
const maxSessions = 1000;
/** The largest blob that is taken; far above any layer, far below a disk. */
const maxBlobBytes = 64 * 1024 ** 3;

export function createUploads(layout: Layout): Uploads {
  const busy = new Set<string>();

  async function exclusively<T>(path: string, act: (size: number) => Promise<T>): Promise<T> {
    if (busy.has(path)) {
      throw new OciError(409, "BLOB_UPLOAD_INVALID", "another request is writing to this upload session");
    }
    busy.add(path);
    try {
      return await act(await sizeOf(path));
    } finally {
      busy.delete(path);
    }
  }

  return {
    async start(repository) {
      await removeOlder(layout.uploads, new Date(Date.now() - idleMs));
      if ((await namesIn(layout.uploads)).length >= maxSessions) {
        throw new OciError(
          429,
          "TOOMANYREQUESTS",
          `more than ${maxSessions} uploads are open: end some of them first`,
        );
      }
      const id = newUploadId();
      const path = layout.upload(repository, id);
      await inFolder(path, () => writeFile(path, "", { flag: "wx" }));
      return id;
    },
    size: (repository, id) => sizeOf(layout.upload(repository, id)),
    append(repository, id, chunk) {
      const path = layout.upload(repository, id);
      return exclusively(path, (size) => appendTo(path, size, chunk));
    },
    commit(repository, id, digest) {
      const path = layout.upload(repository, id);
      return exclusively(path, async () => {
        if ((await hexOfFile(path, digest)) !== hexOf(digest)) {
          await removeIfThere(path);
          throw new OciError(
            400,
            "DIGEST_INVALID",
            `the uploaded bytes are not ${digest}: upload them again`,
          );
        }
        await moveInto(layout.blob(repository, digest), path);
      });
    },
    cancel(repository, id) {
      const path = layout.upload(repository, id);
      return exclusively(path, async () => {
        await removeIfThere(path);
      });
    },
  };
}

async function sizeOf(path: string): Promise<number> {
  const size = await sizeIfThere(path);
  if (size === undefined) {
    throw new OciError(404, "BLOB_UPLOAD_UNKNOWN", "no such upload session: start a new one");
  }
  return size;
}

async function appendTo(path: string, size: number, { body, start = size, length }: Chunk): Promise<number> {
  if (start !== size) {
    throw new OciError(416, "BLOB_UPLOAD_INVALID", `the next chunk must start at byte ${size}, not ${start}`);
  }
  const file = await open(path, "a");
  let now = size;
  try {
    for await (const bytes of body) {
      if (now + bytes.length > maxBlobBytes) throw tooLarge();
      await file.appendFile(bytes);
      now += bytes.length;
    }
    if (length !== undefined && now - size !== length) {
      await file.truncate(size);
      throw new OciError(400, "SIZE_INVALID", `expected ${length} bytes, got ${now - size}`);
    }
  } finally {
    await file.close();
  }
  return now;
}

function tooLarge(): OciError {
  return new OciError(413, "SIZE_INVALID", `a blob may have at most ${maxBlobBytes} bytes`);
}

async function hexOfFile(path: string, digest: Digest): Promise<string> {
  const hash = createHash(algorithmOf(digest));
  await pipeline(createReadStream(path, { highWaterMark: 1024 * 1024 }), hash);
  return hash.digest("hex");
}
