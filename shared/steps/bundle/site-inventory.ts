import type { Inventory } from "../../documents/site-receipt.ts";
import type { Digest } from "../../model/digest.ts";

/** What a site has, to be asked quickly. */
export interface SiteInventory {
  readonly repositories: readonly string[];
  tagged(repository: string, tag: string): Digest | undefined;
  hasManifest(repository: string, digest: Digest): boolean;
  /** A repository that has the blob, this one before any other. */
  blobAt(digest: Digest, repository: string): string | undefined;
}

export function indexInventory(inventory: Inventory): SiteInventory {
  const tags = new Map<string, Digest>();
  const manifests = new Set<string>();
  const blobs = new Set<string>();
  const anywhere = new Map<Digest, string>();
  for (const each of inventory) {
    const { repository } = each;
    for (const { tag, digest } of each.tags) tags.set(`${repository}:${tag}`, digest);
    for (const digest of each.manifests) manifests.add(`${repository}@${digest}`);
    for (const digest of each.blobs) {
      blobs.add(`${repository}@${digest}`);
      if (!anywhere.has(digest)) anywhere.set(digest, repository);
    }
  }
  return {
    repositories: inventory.map(({ repository }) => repository),
    tagged: (repository, tag) => tags.get(`${repository}:${tag}`),
    hasManifest: (repository, digest) => manifests.has(`${repository}@${digest}`),
    blobAt: (digest, repository) =>
      blobs.has(`${repository}@${digest}`) ? repository : anywhere.get(digest),
  };
}
