import { gzipSync } from "node:zlib";
import type { Descriptor } from "../../shared/model/descriptor.ts";
import { type Digest, digestOf } from "../../shared/model/digest.ts";
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
  return { ...blobOf(mediaType, gzipped(tar)), diffId: digestOf(tar) };
}

// Stored, not squeezed, and without the operating system's mark (RFC 1952, OS 255: unknown): compressed bytes differ from
// processor to processor and from zlib to zlib, and with them every digest.
function gzipped(bytes: Uint8Array): Uint8Array {
  const packed = gzipSync(bytes, { level: 0 });
  packed[9] = 255;
  return packed;
}
