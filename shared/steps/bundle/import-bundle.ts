import { createHash } from "node:crypto";
import type { BundleImage } from "../../documents/bundle-manifest.ts";
import type { ReceiptImage, SiteReceipt } from "../../documents/site-receipt.ts";
import type { Clock } from "../../model/clock.ts";
import { mapConcurrent } from "../../model/concurrency.ts";
import { type Digest, shortDigest } from "../../model/digest.ts";
import { Failure, toFailure } from "../../model/failure.ts";
import { parsePlatform } from "../../model/platform.ts";
import { copyImage } from "../../registry/copy-image.ts";
import { createKnownBlobs } from "../../registry/known-blobs.ts";
import type { LayoutContents } from "../../registry/layout/open-layout.ts";
import type { Registry } from "../../registry/registry.ts";
import { bundleSource } from "./bundle-source.ts";
import { takeInventory } from "./take-inventory.ts";

const untaggedAtOnce = 16;

/** What is to be brought into a site's registry, and from where. */
export interface BundleImport {
  readonly site: string;
  readonly bundle?: { readonly id: string; readonly sequence: number };
  readonly images: readonly BundleImage[];
  /** Where in the site's registry the blobs are that the bundle leaves out. */
  readonly assumes: ReadonlyMap<Digest, string>;
  /** Whose inventory is taken, beside those of the images. */
  readonly repositories: readonly string[];
  readonly contents: LayoutContents;
}

export interface ImportBundlePorts {
  readonly registry: Registry;
  readonly now: Clock;
  /** Told of each image, as it is done with. */
  readonly told: (image: ReceiptImage) => void;
}

/**
 * Reads all of a bundle, and sends nothing when any of it is not what it says. Then brings its images into the site's
 * registry, each with its tag last, and takes the inventory that the next bundle is computed from. What is there is not sent again, so that an import that broke off is simply begun anew. An image that
 * cannot be brought in is refused with its reason, and the others go on.
 */
export async function importBundle(
  order: BundleImport,
  ports: ImportBundlePorts,
  signal: AbortSignal,
): Promise<SiteReceipt> {
  const { registry, now } = ports;
  const startedAt = now().toISOString();
  await order.contents.verify(signal);
  const known = createKnownBlobs();
  for (const [digest, repository] of order.assumes) known.add(digest, repository);
  const from = bundleSource(order, registry);
  const outcomes = new Map<BundleImage, ReceiptImage>();
  let [bytes, blobs, skipped] = [0, 0, 0];
  const settle = async (image: BundleImage): Promise<void> => {
    const outcome = await bring(image);
    outcomes.set(image, outcome);
    ports.told(outcome);
  };
  for (const image of order.images) if (image.tag !== undefined) await settle(image);
  // Small as they are, what they wait for is the list of referrers, which is looked at twice.
  const untagged = order.images.filter(({ tag }) => tag === undefined);
  await mapConcurrent(untagged, untaggedAtOnce, settle);
  const images = order.images.flatMap((image) => outcomes.get(image) ?? []);
  const inventory = await takeInventory(registry, inventoryOf(order), signal);
  const receipt = {
    v: 1,
    site: order.site,
    ...(order.bundle && { bundle: { id: order.bundle.id, sequence: order.bundle.sequence } }),
    registry: registry.host,
    startedAt,
    endedAt: now().toISOString(),
    moved: { bytes, blobs, skipped },
    images,
    inventory,
  } as const;
  return { ...receipt, id: createHash("sha256").update(JSON.stringify(receipt)).digest("hex") };

  async function bring(image: BundleImage): Promise<ReceiptImage> {
    const { repository, tag, digest } = image;
    const named = { repository, digest, ...(tag !== undefined && { tag }) };
    try {
      // Of an index in part, the tag does not tell which part.
      const there = image.only === undefined && (await standing(image)) === digest;
      if (!there) await copy(image);
      const proof = there ? digest : await standing(image);
      if (proof !== digest) {
        const what = proof === undefined ? "does not show it" : `shows ${shortDigest(proof)} in its place`;
        return { ...named, outcome: "refused", reason: `the registry took it, but ${what}` };
      }
      if (tag === undefined) await attach(image);
      return { ...named, outcome: there ? "present" : "imported" };
    } catch (error) {
      return { ...named, outcome: "refused", reason: reasonOf(error, signal) };
    }
  }

  async function copy({ repository, tag, digest, existing, only, nondistributable }: BundleImage) {
    const done = await copyImage(
      {
        from,
        fromRepository: repository,
        to: registry,
        toRepository: repository,
        digest,
        ...(tag !== undefined && { tag }),
        ...(only && { only: only.map(parsePlatform) }),
      },
      { signal, existing, known, ...(nondistributable && { foreign: "source" as const }) },
    );
    bytes += done.bytes;
    blobs += done.blobs;
    skipped += done.skipped;
  }

  /** A referrer is in only when it is found by what it refers to. */
  async function attach({ repository, digest }: BundleImage): Promise<void> {
    const manifest = await registry.getManifest(repository, digest, signal);
    if (manifest?.subject !== undefined) await registry.attachReferrer(repository, manifest, signal);
  }

  async function standing({ repository, tag, digest }: BundleImage): Promise<Digest | undefined> {
    return (await registry.headManifest(repository, tag ?? digest, signal))?.digest;
  }
}

/** Throws what stops the whole import: an interruption, a defect of ours, a registry that cannot be reached or refuses us. */
function reasonOf(error: unknown, signal: AbortSignal): string {
  const failure = toFailure(error, "importing");
  const ofAll =
    signal.aborted || failure.transient || ["internal", "unauthorized", "forbidden"].includes(failure.code);
  if (ofAll || !(error instanceof Failure)) throw failure;
  return failure.message;
}

/** By repository, with the manifests that stand there by their digest alone. */
function inventoryOf({ images, repositories }: BundleImport): ReadonlyMap<string, readonly Digest[]> {
  const wanted = new Map<string, Digest[]>(repositories.map((repository) => [repository, []]));
  for (const { repository, tag, digest } of images) {
    const untagged = wanted.get(repository) ?? [];
    if (tag === undefined) untagged.push(digest);
    wanted.set(repository, untagged);
  }
  return wanted;
}
