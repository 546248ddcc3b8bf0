import type { Registry } from "./registry.ts";

/** Reads that a question cost its registry, for whoever pays: pages of tag lists, HEADs and GETs of manifests. */
export interface Spent {
  readonly pages: number;
  readonly heads: number;
  readonly gets: number;
}

export interface CountedReads {
  readonly registry: Pick<Registry, "host" | "listTags" | "headManifest" | "getManifest">;
  spent(): Spent;
}

/** Passes reads on and counts them. Tries that the client repeats by itself, and sign-ins, are not among them. */
export function countReads(inner: Registry): CountedReads {
  let [pages, heads, gets] = [0, 0, 0];
  return {
    registry: {
      host: inner.host,
      listTags: async (repository, signal) => {
        const tags = await inner.listTags(repository, signal);
        pages += Math.max(1, tags.pages.length);
        return tags;
      },
      headManifest: (repository, reference, signal) => {
        heads += 1;
        return inner.headManifest(repository, reference, signal);
      },
      getManifest: (repository, reference, signal) => {
        gets += 1;
        return inner.getManifest(repository, reference, signal);
      },
    },
    spent: () => ({ pages, heads, gets }),
  };
}
