import type { Descriptor, Manifest } from "../../shared/model/descriptor.ts";
import { mediaTypes } from "../../shared/model/descriptor.ts";
import { type Digest, hexOf } from "../../shared/model/digest.ts";
import type { Registry } from "../../shared/registry/registry.ts";
import { makeBlob, makeManifest, type TestBlob, type TestImage } from "../support/images.ts";
import { createMemoryRegistry, type MemoryRegistry } from "../support/memory-registry.ts";

export const repository = "acme/app";

/** A document that is to be kept beside an image. */
export interface Attachment {
  readonly layers: readonly { readonly blob: TestBlob; readonly annotations?: Record<string, string> }[];
  readonly artifactType?: string;
  readonly annotations?: Record<string, string>;
}

export interface Upstream {
  readonly registry: MemoryRegistry;
  readonly put: (image: TestImage) => Digest;
  /** By cosign's tag: `sha256-<hex>.<ending>`. */
  readonly tag: (digest: Digest, ending: string, attachment: Attachment) => void;
  /** By the referrers API; `listed` overrides what the list says of it. */
  readonly refer: (digest: Digest, attachment: Attachment, listed?: Partial<Descriptor>) => void;
  /** Instead of a list. */
  referrersAnswer?: () => Promise<readonly Descriptor[]>;
}

/** An upstream registry in memory with the repository `acme/app`. */
export function createUpstream(): Upstream {
  const memory = createMemoryRegistry("up.example");
  const referrers = new Map<Digest, Descriptor[]>();
  const registry: MemoryRegistry & Registry = {
    ...memory,
    listReferrers: async (_repository, digest) => upstream.referrersAnswer?.() ?? referrers.get(digest) ?? [],
  };
  const keep = (manifest: Manifest, attachment: Attachment, tag?: string) => {
    const blobs = [emptyConfig, ...attachment.layers.map(({ blob }) => blob)];
    memory.put(repository, { manifest, blobs }, tag);
  };
  const upstream: Upstream = {
    registry,
    put: (image) => {
      memory.put(repository, image);
      return image.manifest.descriptor.digest;
    },
    tag: (digest, ending, attachment) =>
      keep(toManifest(attachment), attachment, `sha256-${hexOf(digest)}.${ending}`),
    refer: (digest, attachment, listed = {}) => {
      const manifest = toManifest(attachment, digest);
      keep(manifest, attachment);
      const descriptor = { ...manifest.descriptor, ...listed };
      referrers.set(digest, [...(referrers.get(digest) ?? []), descriptor]);
    },
  };
  return upstream;
}

const emptyConfig = makeBlob("{}", "application/vnd.oci.empty.v1+json");

function toManifest({ layers, artifactType, annotations }: Attachment, subject?: Digest): Manifest {
  return makeManifest({
    schemaVersion: 2,
    mediaType: mediaTypes.ociManifest,
    config: emptyConfig.descriptor,
    layers: layers.map(({ blob, annotations }) => ({
      ...blob.descriptor,
      ...(annotations && { annotations }),
    })),
    ...(artifactType && { artifactType }),
    ...(annotations && { annotations }),
    ...(subject && { subject: { mediaType: mediaTypes.ociManifest, digest: subject, size: 1 } }),
  });
}
