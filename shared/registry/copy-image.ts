import type { Manifest } from "../model/descriptor.ts";
import { shortDigest } from "../model/digest.ts";
import { Failure } from "../model/failure.ts";
import { copyBlob } from "./copy-blob.ts";
import { planCopy } from "./copy-plan.ts";
import type { CopyRoute } from "./copy-route.ts";
import { createKnownBlobs, type KnownBlobs } from "./known-blobs.ts";
import { forEachLimited } from "./limited.ts";

export interface ImageCopy extends CopyRoute {
  /** Set last, when all the rest is there. Absent: the image is copied without a tag. */
  readonly tag?: string;
}

export interface CopyOptions {
  readonly signal: AbortSignal;
  /** Once it fires, no further blob is begun and those under way are finished: the next call goes on from there. */
  readonly pause?: AbortSignal;
  /** `keep` (default) refuses to move a tag that has another digest, with `conflict`. */
  readonly existing?: "keep" | "replace";
  /** Blobs at a time. Default 4. */
  readonly concurrency?: number;
  /** Bytes of memory for each blob, and of an upload's chunk. Default 16 MiB. */
  readonly chunkBytes?: number;
  /** Share one for each target between copies, so that common layers are mounted. */
  readonly known?: KnownBlobs;
}

export interface CopyResult {
  readonly kind: "complete" | "paused";
  /** Moved from source to target. */
  readonly bytes: number;
  readonly blobs: number;
  /** Blobs that were there already, or were mounted. */
  readonly skipped: number;
}

/**
 * Copies an image with all its platforms from registry to registry, without a tag before it is whole. What the target has
 * is not sent again, so that a copy that failed or paused may simply be called again.
 */
export async function copyImage(copy: ImageCopy, options: CopyOptions): Promise<CopyResult> {
  const { to, toRepository, digest } = copy;
  const {
    signal,
    pause,
    concurrency = 4,
    chunkBytes = 16 * 1024 * 1024,
    known = createKnownBlobs(),
  } = options;
  if ((await tagged(copy, options)) === digest) return { kind: "complete", bytes: 0, blobs: 0, skipped: 0 };

  const plan = await planCopy(copy, signal);
  const route = { ...copy, known, chunkBytes };
  let [bytes, blobs, skipped] = [0, 0, 0];
  const left = await forEachLimited(
    plan.blobs,
    { limit: concurrency, signal, ...(pause === undefined ? {} : { pause }) },
    async (blob, signal) => {
      if ((await copyBlob(route, blob, signal)) === "skipped") {
        skipped++;
        return;
      }
      blobs++;
      bytes += blob.size;
    },
  );
  if (left > 0) return { kind: "paused", bytes, blobs, skipped };

  for (const manifest of plan.manifests) {
    await to.putManifest(toRepository, manifest.descriptor.digest, manifest, signal);
  }
  await setTag(copy, { ...options, root: plan.root });
  return { kind: "complete", bytes, blobs, skipped };
}

async function setTag(
  copy: ImageCopy,
  { root, ...options }: CopyOptions & { root: Manifest },
): Promise<void> {
  const { to, toRepository, tag, digest } = copy;
  // Asked again, since a copy takes minutes in which somebody else may have set the tag.
  if (tag === undefined || (await tagged(copy, options)) === digest) return;
  await to.putManifest(toRepository, tag, root, options.signal);
}

/** The digest at the target tag. Throws `conflict` for one that is to be kept. */
async function tagged(
  copy: ImageCopy,
  { signal, existing = "keep" }: CopyOptions,
): Promise<string | undefined> {
  const { to, toRepository, tag, digest } = copy;
  if (tag === undefined) return undefined;
  const held = (await to.headManifest(toRepository, tag, signal))?.digest;
  if (held === undefined || held === digest || existing === "replace") return held;
  throw new Failure(
    "conflict",
    `${to.host}/${toRepository}:${tag} is ${shortDigest(held)}, not ${shortDigest(digest)}: it is kept as it is`,
    { context: { host: to.host, repository: toRepository, tag } },
  );
}
