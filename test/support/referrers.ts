import { type Descriptor, mediaTypes } from "../../shared/model/descriptor.ts";
import { makeBlob, makeManifest, type TestImage } from "./images.ts";

/** Types under which tools store what they say of an image. */
export const artifactTypes = {
  notation: "application/vnd.cncf.notary.signature",
  spdx: "application/spdx+json",
  inToto: "application/vnd.in-toto+json",
  bundle: "application/vnd.dev.sigstore.bundle.v0.3+json",
  scan: "application/sarif+json",
} as const;

export interface ReferrerParts {
  readonly artifactType?: string;
  readonly config?: string;
  readonly layer?: string;
  readonly annotations?: Readonly<Record<string, string>>;
  readonly layerAnnotations?: Readonly<Record<string, string>>;
  /** What is in its layer. */
  readonly content?: string;
  /** Bytes that its layer is said to have. */
  readonly size?: number;
}

/** A manifest that refers to `subject` in the way of OCI 1.1, or to nothing. */
export function makeReferrer(subject: Descriptor | undefined, parts: ReferrerParts = {}): TestImage {
  const { artifactType, annotations, layerAnnotations, size } = parts;
  const config = makeBlob("{}", parts.config ?? "application/vnd.oci.empty.v1+json");
  const content = parts.content ?? `${artifactType} of ${subject?.digest}`;
  const layer = makeBlob(content, parts.layer ?? artifactType ?? "application/octet-stream");
  const manifest = makeManifest({
    schemaVersion: 2,
    mediaType: mediaTypes.ociManifest,
    ...(artifactType && { artifactType }),
    config: config.descriptor,
    layers: [
      {
        ...layer.descriptor,
        ...(size !== undefined && { size }),
        ...(layerAnnotations && { annotations: layerAnnotations }),
      },
    ],
    ...(subject && {
      subject: { mediaType: subject.mediaType, digest: subject.digest, size: subject.size },
    }),
    ...(annotations && { annotations }),
  });
  return { manifest, blobs: [config, layer] };
}

/** What cosign puts under the tag `sha256-<hex>.sig`, with a layer for each signature. */
export function makeCosignSignature(of: Descriptor, ...signers: readonly string[]): TestImage {
  const layers = signers.map((signer) => {
    const payload = JSON.stringify({ critical: { image: { "docker-manifest-digest": of.digest } }, signer });
    return makeBlob(payload, "application/vnd.dev.cosign.simplesigning.v1+json");
  });
  const config = makeBlob(JSON.stringify({ signers }), "application/vnd.oci.image.config.v1+json");
  const manifest = makeManifest({
    schemaVersion: 2,
    mediaType: mediaTypes.ociManifest,
    config: config.descriptor,
    layers: layers.map(({ descriptor }) => descriptor),
  });
  return { manifest, blobs: [config, ...layers] };
}
