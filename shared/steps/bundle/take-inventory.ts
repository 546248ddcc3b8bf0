import type { Inventory, RepositoryInventory } from "../../documents/site-receipt.ts";
import { mapConcurrent } from "../../model/concurrency.ts";
import type { Digest } from "../../model/digest.ts";
import { Failure } from "../../model/failure.ts";
import { tagsOf } from "../../model/tag-list.ts";
import { isForeign } from "../../registry/foreign-layers.ts";
import type { Registry } from "../../registry/registry.ts";

const questionsAtOnce = 8;

export type InventoryRegistry = Pick<Registry, "listTags" | "headManifest" | "getManifest" | "headBlob">;

/**
 * What stands in these repositories: each tag, what it leads to, and the blobs, of which each is asked for. `untagged` are
 * manifests that may stand there by their digest alone.
 */
export async function takeInventory(
  registry: InventoryRegistry,
  wanted: ReadonlyMap<string, readonly Digest[]>,
  signal: AbortSignal,
): Promise<Inventory> {
  const found: RepositoryInventory[] = [];
  for (const repository of [...wanted.keys()].sort()) {
    const listed = await listTags(registry, repository, signal);
    const tags = await mapConcurrent(listed, questionsAtOnce, async (tag) => {
      const digest = (await registry.headManifest(repository, tag, signal))?.digest;
      return digest === undefined ? [] : [{ tag, digest }];
    });
    const roots = [...tags.flat().map(({ digest }) => digest), ...(wanted.get(repository) ?? [])];
    const { manifests, blobs } = await walk(registry, { repository, roots, signal });
    if (tags.flat().length === 0 && manifests.length === 0) continue;
    found.push({ repository, tags: tags.flat(), manifests, blobs });
  }
  return found;
}

async function listTags(
  registry: InventoryRegistry,
  repository: string,
  signal: AbortSignal,
): Promise<string[]> {
  try {
    return [...new Set(tagsOf(await registry.listTags(repository, signal)))].sort();
  } catch (error) {
    if (error instanceof Failure && error.code === "not-found") return [];
    throw error;
  }
}

async function walk(
  registry: InventoryRegistry,
  { repository, roots, signal }: { repository: string; roots: readonly Digest[]; signal: AbortSignal },
): Promise<{ manifests: Digest[]; blobs: Digest[] }> {
  const seen = new Set<Digest>();
  const manifests: Digest[] = [];
  const blobs = new Set<Digest>();
  for (let level: readonly Digest[] = roots; level.length > 0; ) {
    const fresh = [...new Set(level)].filter((digest) => !seen.has(digest));
    for (const digest of fresh) seen.add(digest);
    const children = await mapConcurrent(fresh, questionsAtOnce, async (digest) => {
      const manifest = await registry.getManifest(repository, digest, signal);
      if (manifest === undefined) return [];
      manifests.push(digest);
      for (const blob of manifest.blobs) if (!isForeign(blob)) blobs.add(blob.digest);
      return manifest.manifests.map((child) => child.digest);
    });
    level = children.flat();
  }
  // A registry that lost a blob goes on to show the manifest: only what answers counts.
  const there = await mapConcurrent([...blobs], questionsAtOnce, async (digest) =>
    (await registry.headBlob(repository, digest, signal)) === undefined ? [] : [digest],
  );
  return { manifests: manifests.sort(), blobs: there.flat().sort() };
}
