import type { Digest } from "../model/digest.ts";

/** In which repository of one target registry a blob was last seen, so that it can be mounted instead of sent again. */
export interface KnownBlobs {
  find(digest: Digest): string | undefined;
  add(digest: Digest, repository: string): void;
}

const most = 20_000;

export function createKnownBlobs(): KnownBlobs {
  const repositories = new Map<Digest, string>();
  return {
    find: (digest) => repositories.get(digest),
    add(digest, repository) {
      // Maps keep the order of insertion: the oldest goes first.
      repositories.delete(digest);
      repositories.set(digest, repository);
      const oldest = repositories.size > most ? repositories.keys().next().value : undefined;
      if (oldest !== undefined) repositories.delete(oldest);
    },
  };
}
