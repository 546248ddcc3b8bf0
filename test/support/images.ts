import { createHash } from "node:crypto";
import { type Descriptor, type Manifest, mediaTypes } from "../../shared/model/descriptor.ts";
import { digestOf } from "../../shared/model/digest.ts";
import { parseManifest } from "../../shared/registry/parse-manifest.ts";

export interface TestBlob {
  readonly descriptor: Descriptor;
  readonly bytes: Buffer;
}

export interface TestImage {
  readonly manifest: Manifest;
  readonly blobs: readonly TestBlob[];
}

export function makeBlob(
  content: Buffer | string,
  mediaType = "application/vnd.oci.image.layer.v1.tar",
): TestBlob {
  const bytes = Buffer.from(content);
  return { descriptor: { mediaType, digest: digestOf(bytes), size: bytes.length }, bytes };
}

/** Bytes without pattern, the same for the same seed. */
export function noise(seed: string, length: number): Buffer {
  const block = createHash("sha512").update(seed).digest();
  const bytes = Buffer.alloc(length);
  for (let at = 0; at < length; at += block.length) {
    bytes.set(
      createHash("sha512")
        .update(block)
        .update(String(at))
        .digest()
        .subarray(0, length - at),
      at,
    );
  }
  return bytes;
}

export function makeManifest(document: Record<string, unknown>): Manifest {
  const bytes = Buffer.from(JSON.stringify(document));
  return parseManifest(bytes, { contentType: undefined, digest: digestOf(bytes) });
}

/** An image of one platform with the given layers. */
export function makeImage(layers: readonly TestBlob[], architecture = "amd64"): TestImage {
  const diffIds = layers.map(({ descriptor }) => descriptor.digest);
  const config = makeBlob(
    JSON.stringify({ architecture, os: "linux", rootfs: { type: "layers", diff_ids: diffIds } }),
    "application/vnd.oci.image.config.v1+json",
  );
  const manifest = makeManifest({
    schemaVersion: 2,
    mediaType: mediaTypes.ociManifest,
    config: config.descriptor,
    layers: layers.map(({ descriptor }) => descriptor),
  });
  return { manifest, blobs: [config, ...layers] };
}

export function makeIndex(manifests: readonly Manifest[]): Manifest {
  return makeManifest({
    schemaVersion: 2,
    mediaType: mediaTypes.ociIndex,
    manifests: manifests.map(({ descriptor }, at) => ({
      ...descriptor,
      platform: { os: "linux", architecture: ["amd64", "arm64"][at] ?? `arch${at}` },
    })),
  });
}
