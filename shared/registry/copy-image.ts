import type { Descriptor } from "../model/descriptor.ts";
import { type BegunCopy, beginCopy } from "./begun-copies.ts";
import { copyBlob } from "./copy-blob.ts";
import { planCopy } from "./copy-plan.ts";
import type { BlobRoute, ImageCopy } from "./copy-route.ts";
import { createKnownBlobs, type KnownBlobs } from "./known-blobs.ts";
import { forEachLimited } from "./limited.ts";
import { putManifests, tagged } from "./put-manifests.ts";

export interface CopyOptions {
  readonly signal: AbortSignal;
  /** Once it fires, no further blob is begun and those under way are finished: the next call goes on from there. */
  readonly pause?: AbortSignal;
  /** `keep` (default) refuses to move a tag that has another digest, with `conflict`. */
  readonly existing?: "keep" | "replace";
  /** Blobs at a time. Default 4. */
  readonly concurrency?: number;
  /** The most bytes that one request carries. Default 64 MiB. */
  readonly segmentBytes?: number;
  /** Share one for each target between copies, so that common layers are sent once. */
  readonly known?: KnownBlobs;
  /** What an earlier call of the same copy found out: it spares the questions. */
  readonly begun?: BegunCopy;
  /** Brings in layers that registries may not distribute: from the source if it has them, else from their `urls`. */
  readonly foreign?: BlobRoute["foreign"];
}

export interface CopyResult {
  readonly kind: "complete" | "paused";
  /** Moved from source to target by this call. */
  readonly bytes: number;
  readonly blobs: number;
  /** Blobs that were there already, or were mounted. */
  readonly skipped: number;
}

const defaultSegment = 64 * 1024 * 1024;

/**
 * Copies an image with all its platforms from registry to registry, without a tag before it is whole. What the target has
 * is not sent again, so that a copy that failed or paused may simply be called again.
 */
export async function copyImage(copy: ImageCopy, options: CopyOptions): Promise<CopyResult> {
  const { signal, pause, concurrency = 4, begun = beginCopy() } = options;
  const counts = { bytes: 0, blobs: 0, skipped: 0 };
  if (begun.plan === undefined) {
    const held = await tagged(copy, options);
    // Of an image in part, the tag does not tell which part.
    if (held === copy.digest && copy.only === undefined) return { kind: "complete", ...counts };
    begun.plan = await planCopy(copy, signal);
  }
  const { plan } = begun;
  const known = options.known ?? createKnownBlobs();
  const route: Omit<BlobRoute, "onMoved"> = {
    ...copy,
    known,
    segmentBytes: options.segmentBytes ?? defaultSegment,
    ...(options.foreign === undefined ? {} : { foreign: options.foreign }),
  };
  const bringing = { limit: concurrency, signal, ...(pause === undefined ? {} : { pause }) };
  // What another copy brings at this moment comes last: by then it is there, and is mounted.
  const elsewhere: Descriptor[] = [];
  await forEachLimited(unsettled(), bringing, async (blob, signal) => {
    if (!(await settle(blob, { signal, elsewhere: "leave" }))) elsewhere.push(blob);
  });
  await forEachLimited(elsewhere, bringing, async (blob, signal) => {
    await settle(blob, { signal, elsewhere: "wait" });
  });
  if (unsettled().length > 0) return { kind: "paused", ...counts };
  await putManifests(copy, plan, { ...options, known });
  return { kind: "complete", ...counts };

  function unsettled(): readonly Descriptor[] {
    return plan.blobs.filter(({ digest }) => !begun.settled.has(digest));
  }

  async function settle(
    blob: Descriptor,
    call: { readonly signal: AbortSignal; readonly elsewhere: "wait" | "leave" },
  ): Promise<boolean> {
    const onMoved = (bytes: number) => {
      counts.bytes += bytes;
      begun.moved += bytes;
      begun.arrived.set(blob.digest, (begun.arrived.get(blob.digest) ?? 0) + bytes);
    };
    const outcome = await copyBlob({ ...route, onMoved }, blob, {
      ...call,
      ...(pause === undefined ? {} : { pause }),
    });
    if (outcome === "left") return false;
    begun.settled.add(blob.digest);
    counts[outcome === "moved" ? "blobs" : "skipped"] += 1;
    return true;
  }
}
