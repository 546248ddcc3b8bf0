import type { Digest } from "../model/digest.ts";
import type { Platform } from "../model/platform.ts";
import type { KnownBlobs } from "./known-blobs.ts";
import type { ForeignLayers, Registry } from "./registry.ts";

/** What copying asks of its source. */
export type CopySource = Pick<Registry, "host" | "getManifest" | "getBlob">;

/** Two places, and the one image that goes from the first to the second. */
export interface CopyRoute {
  readonly from: CopySource;
  readonly fromRepository: string;
  readonly to: Registry;
  readonly toRepository: string;
  readonly digest: Digest;
}

export interface ImageCopy extends CopyRoute {
  /** Set last, when all the rest is there. Absent: the image is copied without a tag. */
  readonly tag?: string;
  /** Of an index only the children for these platforms, with what is about them; the index itself stays as it is. */
  readonly only?: readonly Platform[];
}

/** How the image's blobs go. */
export interface BlobRoute extends CopyRoute {
  readonly known: KnownBlobs;
  /** The most that one request carries, in bytes: what a break may cost, and how soon a copy can pause. */
  readonly segmentBytes: number;
  /** Where layers come from that the source does not have; absent: they are left where their `urls` say. */
  readonly foreign?: ForeignLayers | "source";
  /** Told of what has arrived at the target. */
  readonly onMoved: (bytes: number) => void;
}
