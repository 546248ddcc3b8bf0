import { type Descriptor, mediaTypes } from "../../shared/model/descriptor.ts";
import { type Blob, blobOf, jsonBlobOf } from "./blob.ts";

/** A manifest with its blobs, that says something of another manifest. */
export interface Attachment {
  readonly blobs: readonly Blob[];
  readonly manifest: Blob;
}

/**
 * What cosign stores under the tag `sha256-<hex>.sig`. It has the form alone: the signature is nobody's.
 * Source: cosign's SIGNATURE_SPEC.md.
 */
export function signatureOf(subject: Descriptor, repository: string): Attachment {
  const payload = jsonBlobOf("application/vnd.dev.cosign.simplesigning.v1+json", {
    critical: {
      identity: { "docker-reference": repository },
      image: { "docker-manifest-digest": subject.digest },
      type: "cosign container image signature",
    },
    optional: null,
  });
  const signature = Buffer.from("demo: signed by nobody").toString("base64");
  return imageOf({
    config: jsonBlobOf("application/vnd.oci.image.config.v1+json", {
      architecture: "",
      os: "",
      config: {},
      rootfs: { type: "layers", diff_ids: [payload.descriptor.digest] },
    }),
    layers: [{ ...payload.descriptor, annotations: { "dev.cosignproject.cosign/signature": signature } }],
    blobs: [payload],
  });
}

/** A software bill of materials that refers to `subject` in the way of OCI 1.1. */
export function sbomOf(subject: Descriptor, name: string): Attachment {
  const mediaType = "application/spdx+json";
  const sbom = jsonBlobOf(mediaType, {
    spdxVersion: "SPDX-2.3",
    SPDXID: "SPDXRef-DOCUMENT",
    name,
    packages: [],
  });
  return imageOf({
    artifactType: mediaType,
    config: blobOf("application/vnd.oci.empty.v1+json", "{}"),
    layers: [sbom.descriptor],
    blobs: [sbom],
    subject,
  });
}

interface Parts {
  readonly config: Blob;
  readonly layers: readonly Descriptor[];
  readonly blobs: readonly Blob[];
  readonly artifactType?: string;
  readonly subject?: Descriptor;
}

function imageOf({ config, layers, blobs, artifactType, subject }: Parts): Attachment {
  const manifest = jsonBlobOf(mediaTypes.ociManifest, {
    schemaVersion: 2,
    mediaType: mediaTypes.ociManifest,
    ...(artifactType === undefined ? {} : { artifactType }),
    config: config.descriptor,
    layers,
    ...(subject === undefined ? {} : { subject }),
  });
  return { blobs: [config, ...blobs], manifest };
}
