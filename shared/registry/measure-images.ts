import { mapConcurrent } from "../model/concurrency.ts";
import type { Descriptor } from "../model/descriptor.ts";
import type { Digest } from "../model/digest.ts";
import { Failure } from "../model/failure.ts";
import { missingPlatforms } from "../model/missing-platforms.ts";
import { formatPlatform, type Platform } from "../model/platform.ts";
import { type PlanRoute, planCopy } from "./copy-plan.ts";
import { isForeign } from "./foreign-layers.ts";
import type { Registry } from "./registry.ts";

export type ImageToMeasure = Pick<PlanRoute, "fromRepository" | "toRepository" | "digest">;

export interface MeasureOptions {
  readonly from: PlanRoute["from"];
  readonly to: Pick<Registry, "headManifest" | "getManifest" | "headBlob">;
  /** Manifests to read at the source; an image that needs more than what is left of them is not measured. */
  readonly reads: number;
  /** What each image must offer; one that does not would not be imported, and is not measured. */
  readonly platforms: readonly Platform[];
}

/** What it takes to bring in the images that were read; blobs that they share are counted once. */
export interface Measured {
  /** Images of which all manifests were read. The others would have gone past `reads`, or are in `unreadable`. */
  readonly images: number;
  /** What the target lacks, in bytes: manifests and blobs. */
  readonly bytes: number;
  /** Further bytes of these images that the target has already. */
  readonly presentBytes: number;
  /** Manifests that were read for them: indexes, platforms, attestations. */
  readonly manifests: number;
  /** Of these, the ones of a single platform, which is what registries count as pulls. */
  readonly platforms: number;
  /** Those that could not be read, or lack a platform, and why. */
  readonly unreadable: readonly { readonly digest: Digest; readonly reason: string }[];
}

// Layers decide, and the large ones first: what is left out of the questions counts as lacking.
const mostBlobQuestions = 300;
const questionsAtOnce = 8;

/** Reads the manifests of images, the first one first, and asks the target which of their blobs it has. Moves nothing. */
export async function measureImages(
  images: readonly ImageToMeasure[],
  { from, to, reads, platforms }: MeasureOptions,
  signal: AbortSignal,
): Promise<Measured> {
  const source = withBudget(from, reads);
  const blobs = new Map<Digest, { readonly blob: Descriptor; readonly repository: string }>();
  const manifests = new Map<Digest, Descriptor & { readonly kind: "index" | "image" }>();
  const unreadable: { digest: Digest; reason: string }[] = [];
  let measured = 0;
  for (const image of images) {
    try {
      const plan = await planCopy({ ...image, from: source, to }, signal);
      const missing = plan.manifests.length === 0 ? [] : missingPlatforms(plan.root, platforms);
      if (missing.length > 0) {
        const reason = `lacks ${missing.map(formatPlatform).join(", ")} and would not be imported`;
        unreadable.push({ digest: image.digest, reason });
        continue;
      }
      for (const { descriptor, kind } of plan.manifests)
        manifests.set(descriptor.digest, { ...descriptor, kind });
      for (const blob of plan.blobs) {
        if (!isForeign(blob)) blobs.set(blob.digest, { blob, repository: image.toRepository });
      }
      measured += 1;
    } catch (error) {
      if (error === source.spent) break;
      if (!(error instanceof Failure) || error.transient) throw error;
      unreadable.push({ digest: image.digest, reason: error.message });
    }
  }
  const largest = [...blobs.values()].sort((a, b) => b.blob.size - a.blob.size);
  const present = await mapConcurrent(
    largest.slice(0, mostBlobQuestions),
    questionsAtOnce,
    async ({ blob, repository }) =>
      (await to.headBlob(repository, blob.digest, signal)) === undefined ? 0 : blob.size,
  );
  const presentBytes = sum(present);
  const read = [...manifests.values()];
  return {
    images: measured,
    bytes: sum(read.map(({ size }) => size)) + sum(largest.map(({ blob }) => blob.size)) - presentBytes,
    presentBytes,
    manifests: read.length,
    platforms: read.filter(({ kind }) => kind === "image").length,
    unreadable,
  };
}

/** Ends by throwing `spent` before the reads that it may not make, those of an index's children included. */
function withBudget(from: PlanRoute["from"], reads: number): PlanRoute["from"] & { readonly spent: Failure } {
  const spent = new Failure("too-large", "no further manifests are read");
  let left = reads;
  return {
    spent,
    host: from.host,
    getManifest: async (repository, reference, signal) => {
      if (left <= 0) throw spent;
      left -= 1;
      const manifest = await from.getManifest(repository, reference, signal);
      if (manifest !== undefined && manifest.manifests.length > left) throw spent;
      return manifest;
    },
  };
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, each) => total + each, 0);
}
