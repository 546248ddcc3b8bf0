import type { Digest } from "./digest.ts";
import type { Platform } from "./platform.ts";

/** OCI content descriptor: what a manifest says of a blob or of another manifest. `size` in bytes. */
export interface Descriptor {
  readonly mediaType: string;
  readonly digest: Digest;
  readonly size: number;
  readonly platform?: Platform;
  readonly artifactType?: string;
  readonly annotations?: Readonly<Record<string, string>>;
  /** Foreign locations of a non-distributable layer. Never fetched with credentials. */
  readonly urls?: readonly string[];
}

/** A parsed manifest with the exact bytes that its digest is over. */
export interface Manifest {
  readonly kind: "image" | "index";
  readonly descriptor: Descriptor;
  readonly bytes: Uint8Array;
  /** Child manifests of an index; empty for an image. */
  readonly manifests: readonly Descriptor[];
  /** Config and layers of an image, config first; empty for an index. */
  readonly blobs: readonly Descriptor[];
  /** What this manifest refers to (OCI 1.1 `subject`). */
  readonly subject?: Descriptor;
  readonly annotations?: Readonly<Record<string, string>>;
}

export const mediaTypes = {
  ociIndex: "application/vnd.oci.image.index.v1+json",
  ociManifest: "application/vnd.oci.image.manifest.v1+json",
  dockerList: "application/vnd.docker.distribution.manifest.list.v2+json",
  dockerManifest: "application/vnd.docker.distribution.manifest.v2+json",
  dockerSchema1: "application/vnd.docker.distribution.manifest.v1+json",
  dockerSchema1Signed: "application/vnd.docker.distribution.manifest.v1+prettyjws",
} as const;

/** What we accept as a manifest, in the order in which we prefer it. */
export const manifestMediaTypes: readonly string[] = [
  mediaTypes.ociIndex,
  mediaTypes.dockerList,
  mediaTypes.ociManifest,
  mediaTypes.dockerManifest,
];
