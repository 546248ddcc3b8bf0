import type { Descriptor } from "../../shared/model/descriptor.ts";
import { type Digest, digestOf } from "../../shared/model/digest.ts";
import { gzipStored } from "./gzip.ts";
import { type Files, tarOf } from "./tar.ts";

/** Bytes with what a manifest says of them. */
export interface Blob {
  readonly descriptor: Descriptor;
  readonly bytes: Uint8Array;
}

export interface Layer extends Blob {
  /** Digest of the archive before gzip, which an image's config lists. */
  readonly diffId: Digest;
}

export function blobOf(mediaType: string, content: Uint8Array | string): Blob {
  const bytes = typeof content === "string" ? Buffer.from(content) : content;
  return { bytes, descriptor: { mediaType, digest: digestOf(bytes), size: bytes.length } };
}

export function jsonBlobOf(mediaType: string, value: unknown): Blob {
  return blobOf(mediaType, JSON.stringify(value));
}

/** A gzip'd layer. */
export function layerOf(mediaType: string, files: Files, modified: Date): Layer {
  const tar = tarOf(files, modified);
  return { ...blobOf(mediaType, gzipStored(tar)), diffId: digestOf(tar) };
}
