import { createCipheriv, createHash } from "node:crypto";
import { gzipSync } from "node:zlib";
import { mapConcurrent } from "../shared/model/concurrency.ts";
import { type Descriptor, type Manifest, mediaTypes } from "../shared/model/descriptor.ts";
import { digestOf } from "../shared/model/digest.ts";
import { parseManifest } from "../shared/registry/parse-manifest.ts";
import type { Registry } from "../shared/registry/registry.ts";
import { loopbackRegistries } from "../test/support/registries.ts";

/** One image of the benchmark: `path:1.0`, and what it must be at the target. */
export interface SeededImage {
  readonly path: string;
  readonly digest: string;
}

export interface Seeded {
  readonly images: readonly SeededImage[];
  /** Bytes of the distinct blobs, and of the manifests. */
  readonly blobBytes: number;
  readonly manifestBytes: number;
  readonly blobs: number;
}

export interface Shape {
  readonly images: number;
  /** Bytes of all distinct layers together, roughly. */
  readonly bytes: number;
  readonly layers: number;
  /** How many of an image's layers it shares with others of its base. */
  readonly shared: number;
  readonly bases: number;
}

const platforms = ["amd64", "arm64"] as const;
const never = new AbortController().signal;
/** Layers are of very different sizes, as they are in life. */
const weights = [8, 1, 4, 2, 0.25, 6, 1, 3, 0.5, 2];

/** Pushes images of two platforms with shared base layers; the same for the same shape, and without pattern. */
export async function seed(host: string, shape: Shape): Promise<Seeded> {
  const registries = loopbackRegistries();
  const registry = registries.open(host);
  const distinct = new Map<string, number>();
  let manifestBytes = 0;
  const units = platforms.flatMap(() =>
    Array.from({ length: shape.layers }, (_, at) => {
      const copies = at < shape.shared ? shape.bases : shape.images;
      return (weights[at % weights.length] ?? 1) * copies;
    }),
  );
  const unit = shape.bytes / units.reduce((sum, each) => sum + each, 0);

  const images = await mapConcurrent(
    Array.from({ length: shape.images }, (_, at) => at),
    4,
    async (at): Promise<SeededImage> => {
      const path = `bench/app${String(at).padStart(4, "0")}`;
      const children: Descriptor[] = [];
      for (const architecture of platforms) {
        const layers: Descriptor[] = [];
        for (let layer = 0; layer < shape.layers; layer++) {
          const owner = layer < shape.shared ? `base ${at % shape.bases}` : `image ${at}`;
          const length = Math.max(1, Math.round(unit * (weights[layer % weights.length] ?? 1)));
          // Packed already: some programs would pack what is not.
          const bytes = gzipSync(noise(`${owner} ${architecture} ${layer}`, length), { level: 0 });
          const mediaType = "application/vnd.oci.image.layer.v1.tar+gzip";
          layers.push(await pushBlob(registry, path, { mediaType, bytes }));
        }
        const config = await pushBlob(registry, path, {
          mediaType: "application/vnd.oci.image.config.v1+json",
          bytes: Buffer.from(
            JSON.stringify({
              architecture,
              os: "linux",
              config: { Labels: { image: String(at) } },
              rootfs: { type: "layers", diff_ids: layers.map(({ digest }) => digest) },
            }),
          ),
        });
        for (const { digest, size } of [config, ...layers]) distinct.set(digest, size);
        const manifest = manifestOf({ schemaVersion: 2, mediaType: mediaTypes.ociManifest, config, layers });
        manifestBytes += manifest.bytes.length;
        await registry.putManifest(path, manifest.descriptor.digest, manifest, never);
        children.push({ ...manifest.descriptor, platform: { os: "linux", architecture } });
      }
      const index = manifestOf({ schemaVersion: 2, mediaType: mediaTypes.ociIndex, manifests: children });
      manifestBytes += index.bytes.length;
      await registry.putManifest(path, "1.0", index, never);
      return { path, digest: index.descriptor.digest };
    },
  );
  await registries.close();
  const blobBytes = [...distinct.values()].reduce((sum, size) => sum + size, 0);
  return { images, blobBytes, manifestBytes, blobs: distinct.size };
}

async function pushBlob(
  registry: Registry,
  repository: string,
  { mediaType, bytes }: { mediaType: string; bytes: Buffer },
): Promise<Descriptor> {
  const digest = digestOf(bytes);
  const upload = await registry.startUpload(repository, never);
  await upload.commit(digest, never, bytes);
  return { mediaType, digest, size: bytes.length };
}

function manifestOf(document: Record<string, unknown>): Manifest {
  const bytes = Buffer.from(JSON.stringify(document));
  return parseManifest(bytes, { contentType: undefined, digest: digestOf(bytes) });
}

/** A key stream: fast, and the same for the same seed. */
function noise(seed: string, length: number): Buffer {
  const key = createHash("sha256").update(seed).digest();
  return createCipheriv("aes-256-ctr", key, Buffer.alloc(16)).update(Buffer.alloc(length));
}
