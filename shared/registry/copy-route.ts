import type { Digest } from "../model/digest.ts";
import type { KnownBlobs } from "./known-blobs.ts";
import type { Registry } from "./registry.ts";

/** Two places, and the one image that goes from the first to the second. */
export interface CopyRoute {
  readonly from: Registry;
  readonly fromRepository: string;
  readonly to: Registry;
  readonly toRepository: string;
  readonly digest: Digest;
}

/** How the image's blobs go: in chunks of so many bytes, unless they are known to be elsewhere at the target. */
export interface BlobRoute extends CopyRoute {
  readonly known: KnownBlobs;
  readonly chunkBytes: number;
}
