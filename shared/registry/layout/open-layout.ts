import { type Descriptor, type Manifest, mediaTypes } from "../../model/descriptor.ts";
import { algorithmOf, type Digest, digestOf, hexOf, shortDigest } from "../../model/digest.ts";
import { Failure } from "../../model/failure.ts";
import type { CopySource } from "../copy-route.ts";
import { largestManifest, parseManifest } from "../parse-manifest.ts";
import { createBlobHash, verifiedBlob } from "../verified-blob.ts";
import type { LayoutFiles } from "./layout-files.ts";
import { verifyBlobs } from "./verify-blobs.ts";

/** An OCI image layout: what its index names, and its contents as a registry whose repositories are all the same. */
export interface Layout {
  /** The exact bytes of `index.json`. */
  readonly index: Uint8Array;
  readonly images: readonly Descriptor[];
  readonly contents: LayoutContents;
}

export interface LayoutContents extends CopySource {
  has(digest: Digest): boolean;
  /** Reads all of it, once. Throws `integrity` when any blob is something else than its name says. */
  verify(signal: AbortSignal): Promise<void>;
}

/** Source: OCI image specification 1.1, image-layout.md. */
export const layoutFile = "oci-layout";
export const indexFile = "index.json";
export const layoutText = '{"imageLayoutVersion":"1.0.0"}';
/** The annotation that names an image in a layout. */
export const refName = "org.opencontainers.image.ref.name";

const largestIndex = 64 * 1024 * 1024;

export function blobFile(digest: Digest): string {
  return `blobs/${algorithmOf(digest)}/${hexOf(digest)}`;
}

/** Throws `protocol` for what is no layout of version 1. */
export async function openLayout(files: LayoutFiles, signal: AbortSignal): Promise<Layout> {
  const version = await readFile(files, { name: layoutFile, most: 64 * 1024, signal });
  requireVersion(version, files.place);
  const index = await readFile(files, { name: indexFile, most: largestIndex, signal });
  const contentType = mediaTypes.ociIndex;
  const { manifests } = parseManifest(index, { contentType, digest: digestOf(index) });
  return { index, images: manifests, contents: contentsOf(files, manifests) };
}

/** A small file, whole. Throws `protocol` when it is not there, `too-large` beyond `most` bytes. */
export async function readFile(
  files: LayoutFiles,
  { name, most, signal }: { readonly name: string; readonly most: number; readonly signal: AbortSignal },
): Promise<Buffer> {
  const size = files.size(name);
  if (size === undefined)
    throw new Failure("protocol", `${files.place} has no ${name}: it is no OCI image layout`);
  if (size > most)
    throw new Failure("too-large", `${files.place}: ${name} has ${size} bytes, more than ${most}`);
  const parts: Uint8Array[] = [];
  for await (const part of files.read(name, { offset: 0, signal })) parts.push(part);
  return Buffer.concat(parts);
}

function requireVersion(bytes: Buffer, place: string): void {
  try {
    const { imageLayoutVersion } = JSON.parse(bytes.toString("utf8")) as Record<string, unknown>;
    if (imageLayoutVersion === "1.0.0") return;
  } catch (error) {
    throw new Failure("protocol", `${place}: ${layoutFile} is not JSON`, { cause: error });
  }
  throw new Failure("unsupported", `${place} is an image layout of another version than 1.0.0`);
}

/** Every read checks size and digest: a file under a digest's name proves nothing. */
function contentsOf(files: LayoutFiles, named: readonly Descriptor[]): LayoutContents {
  // In a layout a manifest's media type may stand in what names it alone.
  const types = new Map<Digest, string>();
  const learn = (descriptors: readonly Descriptor[]) => {
    for (const { digest, mediaType } of descriptors) types.set(digest, mediaType);
  };
  learn(named);

  async function getManifest(
    _: string,
    reference: string,
    signal: AbortSignal,
  ): Promise<Manifest | undefined> {
    const digest = reference as Digest;
    const name = blobFile(digest);
    if (files.size(name) === undefined) return undefined;
    const bytes = await readFile(files, { name, most: largestManifest, signal });
    if (digestOf(bytes, algorithmOf(digest)) !== digest) {
      throw new Failure(
        "integrity",
        `${files.place}: the manifest ${shortDigest(digest)} does not match its digest`,
      );
    }
    const manifest = parseManifest(bytes, { contentType: types.get(digest), digest });
    learn(manifest.manifests);
    return manifest;
  }

  return {
    host: files.place,
    has: (digest) => files.size(blobFile(digest)) !== undefined,
    verify: (signal) => verifyBlobs(files, signal),
    getManifest,
    getBlob: async (_, { digest, size }, { signal, offset = 0, hash }) => {
      const name = blobFile(digest);
      const there = files.size(name);
      const place = `${files.place}: ${shortDigest(digest)}`;
      if (there === undefined) throw new Failure("not-found", `${place} is not in it`);
      if (there !== size)
        throw new Failure("integrity", `${place} has ${there} bytes, not the ${size} it should have`);
      return verifiedBlob(files.read(name, { offset, signal }), {
        digest,
        size,
        offset,
        hash: hash ?? (offset === 0 ? createBlobHash(digest) : undefined),
        place,
      });
    },
  };
}
