import type { BundleBlob, BundleImage } from "../../documents/bundle-manifest.ts";
import { bundleFile } from "../../documents/bundle-manifest.ts";
import { type Descriptor, mediaTypes } from "../../model/descriptor.ts";
import { digestOf } from "../../model/digest.ts";
import { blobFile, indexFile, layoutFile, layoutText, refName } from "../../registry/layout/open-layout.ts";
import type { TarFile } from "../../registry/layout/plan-tar.ts";
import { readOn } from "../../registry/read-on.ts";
import type { BundlePlan } from "./plan-bundle.ts";

/** The layout's index: each image by the name that it is to have at the site. */
export function bundleIndex({ roots }: BundlePlan): Buffer {
  const manifests = roots.map(({ image, descriptor }) => ({
    ...plain(descriptor),
    annotations: { [refName]: nameOf(image) },
  }));
  return Buffer.from(JSON.stringify({ schemaVersion: 2, mediaType: mediaTypes.ociIndex, manifests }));
}

/** Every file under `blobs/`, manifests first. */
export function bundleBlobs({ manifests, blobs }: BundlePlan): readonly BundleBlob[] {
  return [
    ...[...manifests.values()].map(({ descriptor }) => descriptor),
    ...[...blobs.values()].map(({ descriptor }) => descriptor),
  ].map(({ digest, size }) => ({ digest, size }));
}

/** The files in their order: what a reader must know comes first. */
export function bundleFiles(
  plan: BundlePlan,
  { index, envelope }: { readonly index: Buffer; readonly envelope: string },
): readonly TarFile[] {
  return [
    fixed(layoutFile, Buffer.from(layoutText)),
    fixed(indexFile, index),
    fixed(bundleFile, Buffer.from(envelope)),
    ...[...plan.manifests].map(([digest, { bytes }]) => fixed(blobFile(digest), Buffer.from(bytes))),
    ...[...plan.blobs.values()].map(({ descriptor, item }): TarFile => {
      const { digest, size } = descriptor;
      return {
        name: blobFile(digest),
        size,
        digest,
        open: async (options) =>
          readOn(item.from, { repository: item.fromRepository, blob: descriptor }, options),
      };
    }),
  ];
}

function fixed(name: string, bytes: Buffer): TarFile {
  return {
    name,
    size: bytes.length,
    digest: digestOf(bytes),
    open: async ({ offset }) =>
      (async function* () {
        yield bytes.subarray(offset);
      })(),
  };
}

export function nameOf({
  repository,
  tag,
  digest,
}: Pick<BundleImage, "repository" | "tag" | "digest">): string {
  return tag === undefined ? `${repository}@${digest}` : `${repository}:${tag}`;
}

function plain({ mediaType, digest, size, artifactType }: Descriptor): Descriptor {
  return { mediaType, digest, size, ...(artifactType !== undefined && { artifactType }) };
}
