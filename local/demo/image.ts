import { mediaTypes } from "../../shared/model/descriptor.ts";
import type { Platform } from "../../shared/model/platform.ts";
import { type Blob, jsonBlobOf, type Layer, layerOf } from "./blob.ts";
import type { Files } from "./tar.ts";

/** Which family of media types an image is written in. */
export type Format = "oci" | "docker";

export interface ImageRecipe {
  readonly format: Format;
  readonly platforms: readonly Platform[];
  /** Files of the bottom layer, which images share per platform. */
  base(platform: Platform): Files;
  readonly baseCreated: Date;
  readonly files: Files;
  readonly created: Date;
  readonly title: string;
  readonly version: string;
}

/** A multi-platform image, in the order in which a registry takes it: blobs, then manifests, then the index. */
export interface BuiltImage {
  readonly blobs: readonly Blob[];
  readonly manifests: readonly Blob[];
  readonly index: Blob;
}

const types = {
  oci: {
    index: mediaTypes.ociIndex,
    manifest: mediaTypes.ociManifest,
    config: "application/vnd.oci.image.config.v1+json",
    layer: "application/vnd.oci.image.layer.v1.tar+gzip",
  },
  docker: {
    index: mediaTypes.dockerList,
    manifest: mediaTypes.dockerManifest,
    config: "application/vnd.docker.container.image.v1+json",
    layer: "application/vnd.docker.image.rootfs.diff.tar.gzip",
  },
} as const;

/** Builds the image; the same recipe always gives the same digests. */
export function buildImage(recipe: ImageRecipe): BuiltImage {
  const { format, platforms, files, created } = recipe;
  const app = layerOf(types[format].layer, files, created);
  const images = platforms.map((platform) => {
    const base = layerOf(types[format].layer, recipe.base(platform), recipe.baseCreated);
    return buildPlatform(recipe, platform, [base, app]);
  });
  const index = jsonBlobOf(types[format].index, {
    schemaVersion: 2,
    mediaType: types[format].index,
    manifests: images.map(({ manifest, platform }) => ({ ...manifest.descriptor, platform })),
    // Docker's manifest lists have no annotations.
    ...(format === "oci" ? { annotations: labelsOf(recipe) } : {}),
  });
  return {
    blobs: images.flatMap(({ blobs }) => blobs),
    manifests: images.map(({ manifest }) => manifest),
    index,
  };
}

function buildPlatform(recipe: ImageRecipe, platform: Platform, layers: readonly Layer[]) {
  const { format, created } = recipe;
  const config = jsonBlobOf(types[format].config, {
    created: created.toISOString(),
    ...platform,
    config: { Cmd: ["/usr/bin/serve"], Labels: labelsOf(recipe) },
    rootfs: { type: "layers", diff_ids: layers.map(({ diffId }) => diffId) },
    history: [
      { created: recipe.baseCreated.toISOString(), created_by: "demo base" },
      { created: created.toISOString(), created_by: `${recipe.title} ${recipe.version}` },
    ],
  });
  const manifest = jsonBlobOf(types[format].manifest, {
    schemaVersion: 2,
    mediaType: types[format].manifest,
    config: config.descriptor,
    layers: layers.map(({ descriptor }) => descriptor),
  });
  return { platform, manifest, blobs: [config, ...layers] };
}

function labelsOf({ title, version, created }: ImageRecipe): Readonly<Record<string, string>> {
  return {
    "org.opencontainers.image.title": title,
    "org.opencontainers.image.version": version,
    "org.opencontainers.image.created": created.toISOString(),
  };
}
