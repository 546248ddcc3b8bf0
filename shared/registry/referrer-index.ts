import { type Descriptor, type Manifest, mediaTypes } from "../model/descriptor.ts";
import { digestOf } from "../model/digest.ts";
import { Failure } from "../model/failure.ts";
import { largestManifest, parseManifest } from "./parse-manifest.ts";

/** One line of the index that stands in for the referrers API: a descriptor, with whatever its writer has put into it. */
export type Entry = Readonly<Record<string, unknown>> & { readonly digest: string };

/** As they stand there, with whatever other clients have put into them. */
export function entriesOf(index: Manifest | undefined): readonly Entry[] {
  if (index === undefined) return [];
  // It was parsed before, so that each entry has its digest.
  return (JSON.parse(Buffer.from(index.bytes).toString("utf8")) as { manifests: readonly Entry[] }).manifests;
}

/** Source: OCI distribution specification 1.1, "Pushing Manifests with Subject". */
export function entryOf({ descriptor, blobs, annotations }: Manifest): Descriptor & Entry {
  const artifactType = descriptor.artifactType ?? blobs[0]?.mediaType;
  const { mediaType, digest, size } = descriptor;
  return {
    mediaType,
    digest,
    size,
    ...(artifactType === undefined ? {} : { artifactType }),
    ...(annotations === undefined ? {} : { annotations }),
  };
}

export function referrerIndexOf(manifests: readonly Entry[]): Manifest {
  const document = { schemaVersion: 2, mediaType: mediaTypes.ociIndex, manifests };
  const bytes = Buffer.from(JSON.stringify(document));
  if (bytes.length > largestManifest) {
    throw new Failure(
      "too-large",
      `an index of ${manifests.length} referrers is larger than registries take`,
    );
  }
  return parseManifest(bytes, { contentType: mediaTypes.ociIndex, digest: digestOf(bytes) });
}
