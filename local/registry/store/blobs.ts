import { randomUUID } from "node:crypto";
import { createReadStream } from "node:fs";
import { copyFile, link, rename } from "node:fs/promises";
import { join } from "node:path";
import type { Readable } from "node:stream";
import type { Digest } from "../../../shared/model/digest.ts";
import type { RepositoryName } from "../names.ts";
import { absentAsUndefined, inFolder, removeIfThere, sizeIfThere, writeWhole } from "./files.ts";
import type { Layout } from "./layout.ts";

export interface Blobs {
  /** Bytes; undefined when the repository does not have it. */
  size(repository: RepositoryName, digest: Digest): Promise<number | undefined>;
  /** Reads from `start` to `end`, both included, in bytes. */
  read(repository: RepositoryName, digest: Digest, range: { start: number; end: number }): Readable;
  /** Takes over a blob of another repository without copying it; false when that one does not have it. */
  mount(
    to: RepositoryName,
    options: { readonly digest: Digest; readonly from: RepositoryName },
  ): Promise<boolean>;
  /** Stores bytes that are known to have this digest. */
  put(repository: RepositoryName, digest: Digest, bytes: Uint8Array): Promise<void>;
  /** False when there was none. */
  remove(repository: RepositoryName, digest: Digest): Promise<boolean>;
}

export function createBlobs(layout: Layout): Blobs {
  return {
    size: (repository, digest) => sizeIfThere(layout.blob(repository, digest)),
    read: (repository, digest, range) => createReadStream(layout.blob(repository, digest), range),
    put: (repository, digest, bytes) => writeWhole(layout.blob(repository, digest), bytes, layout.temporary),
    remove: (repository, digest) => removeIfThere(layout.blob(repository, digest)),
    async mount(to, { digest, from }) {
      const source = layout.blob(from, digest);
      const target = layout.blob(to, digest);
      if ((await sizeIfThere(source)) === undefined) return false;
      const done = await absentAsUndefined(async () => {
        await inFolder(target, () => linkOrCopy({ source, target, temporary: layout.temporary }));
        return true;
      });
      return done ?? false;
    },
  };
}

interface Paths {
  readonly source: string;
  readonly target: string;
  readonly temporary: string;
}

async function linkOrCopy({ source, target, temporary }: Paths): Promise<void> {
  try {
    await link(source, target);
  } catch (error) {
    const code = error instanceof Error && "code" in error ? error.code : undefined;
    if (code === "EEXIST") return;
    // Disks without hard links, such as exFAT.
    if (code !== "EPERM" && code !== "ENOTSUP" && code !== "EOPNOTSUPP") throw error;
    const draft = join(temporary, randomUUID());
    await inFolder(draft, () => copyFile(source, draft));
    await rename(draft, target);
  }
}
