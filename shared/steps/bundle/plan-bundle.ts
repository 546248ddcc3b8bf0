import type { BundleImage } from "../../documents/bundle-manifest.ts";
import type { Descriptor, Manifest } from "../../model/descriptor.ts";
import type { Digest } from "../../model/digest.ts";
import { parsePlatform } from "../../model/platform.ts";
import { planCopy } from "../../registry/copy-plan.ts";
import { isForeign } from "../../registry/foreign-layers.ts";
import type { Registry } from "../../registry/registry.ts";
import type { SiteInventory } from "./site-inventory.ts";

/** An image, and where its bytes are to be had. */
export interface BundleItem {
  readonly image: BundleImage;
  readonly from: Registry;
  readonly fromRepository: string;
}

/** What a bundle will hold, and what it leaves out. */
export interface BundlePlan {
  /** Those whose manifest the bundle holds, as its index names them. */
  readonly roots: readonly { readonly image: BundleImage; readonly descriptor: Descriptor }[];
  readonly manifests: ReadonlyMap<Digest, Manifest>;
  readonly blobs: ReadonlyMap<Digest, { readonly descriptor: Descriptor; readonly item: BundleItem }>;
  /** What the site has, with the repository where. */
  readonly assumes: ReadonlyMap<Digest, { readonly size: number; readonly repository: string }>;
  /** Images that stand at the site already, tag and all. */
  readonly standing: number;
}

/** Reads the images' manifests, and leaves out what the site has by its inventory. */
export async function planBundle(
  items: readonly BundleItem[],
  site: SiteInventory | undefined,
  signal: AbortSignal,
): Promise<BundlePlan> {
  const roots: BundlePlan["roots"][number][] = [];
  const manifests = new Map<Digest, Manifest>();
  const blobs = new Map<Digest, { descriptor: Descriptor; item: BundleItem }>();
  const assumes = new Map<Digest, { size: number; repository: string }>();
  let standing = 0;
  for (const item of items) {
    const { image, from, fromRepository } = item;
    const { repository, digest } = image;
    const stood = stands(image, site);
    if (stood && image.only === undefined) {
      standing += 1;
      continue;
    }
    const only = image.only?.map(parsePlatform);
    const route = { from, fromRepository, to: atSite(site), toRepository: repository, digest };
    const plan = await planCopy({ ...route, ...(only && { only }) }, signal);
    // Of an index in part, the tag does not tell which part.
    if (stood && plan.manifests.every((manifest) => manifest.descriptor.digest === digest)) {
      standing += 1;
      continue;
    }
    roots.push({ image, descriptor: plan.root.descriptor });
    for (const manifest of [plan.root, ...plan.manifests]) {
      manifests.set(manifest.descriptor.digest, manifest);
      for (const child of manifest.manifests)
        if (site?.hasManifest(repository, child.digest) === true)
          assumes.set(child.digest, { size: child.size, repository });
    }
    for (const descriptor of plan.blobs) {
      if (isForeign(descriptor) && image.nondistributable !== "bring") continue;
      const where = site?.blobAt(descriptor.digest, repository);
      if (where === undefined) blobs.set(descriptor.digest, { descriptor, item });
      else assumes.set(descriptor.digest, { size: descriptor.size, repository: where });
    }
  }
  for (const digest of manifests.keys()) assumes.delete(digest);
  return { roots, manifests: sorted(manifests), blobs: sorted(blobs), assumes: sorted(assumes), standing };
}

/** In an order that does not depend on who answered first: the same contents are always the same file. */
function sorted<T>(found: ReadonlyMap<Digest, T>): ReadonlyMap<Digest, T> {
  return new Map([...found].sort(([a], [b]) => (a < b ? -1 : 1)));
}

function stands({ repository, tag, digest }: BundleImage, site: SiteInventory | undefined): boolean {
  if (site === undefined || !site.hasManifest(repository, digest)) return false;
  return tag === undefined || site.tagged(repository, tag) === digest;
}

/** The site's registry as far as its inventory tells: which manifests it has, not what is in them. */
function atSite(site: SiteInventory | undefined): Pick<Registry, "headManifest" | "getManifest"> {
  return {
    headManifest: async (repository, reference) => {
      const digest = reference as Digest;
      return site?.hasManifest(repository, digest) === true ? { mediaType: "", digest, size: 0 } : undefined;
    },
    getManifest: async () => undefined,
  };
}
