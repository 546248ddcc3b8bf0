import type { Digest } from "../../../shared/model/digest.ts";
import type { RepositoryName } from "../names.ts";
import { readIfThere, removeIfThere, sizeIfThere, writeWhole } from "./files.ts";
import type { Layout } from "./layout.ts";

export interface Manifests {
  /** Whether the repository has ever held a manifest, which is what makes it known. */
  knows(repository: RepositoryName): Promise<boolean>;
  has(repository: RepositoryName, digest: Digest): Promise<boolean>;
  get(repository: RepositoryName, digest: Digest): Promise<Uint8Array | undefined>;
  put(repository: RepositoryName, digest: Digest, bytes: Uint8Array): Promise<void>;
  /** False when there was none. */
  remove(repository: RepositoryName, digest: Digest): Promise<boolean>;
}

export function createManifests(layout: Layout): Manifests {
  return {
    knows: async (repository) => (await sizeIfThere(layout.manifests(repository))) !== undefined,
    has: async (repository, digest) => (await sizeIfThere(layout.manifest(repository, digest))) !== undefined,
    get: (repository, digest) => readIfThere(layout.manifest(repository, digest)),
    put: (repository, digest, bytes) =>
      writeWhole(layout.manifest(repository, digest), bytes, layout.temporary),
    remove: (repository, digest) => removeIfThere(layout.manifest(repository, digest)),
  };
}
