import { type Descriptor, type Manifest, mediaTypes } from "../model/descriptor.ts";
import { digestOf } from "../model/digest.ts";
import { parseManifest } from "./parse-manifest.ts";
import type { Registry } from "./registry.ts";

export interface Referrer {
  /** Media type of the content, and what the registry lists it as. */
  readonly type: string;
  readonly content: Uint8Array;
  readonly annotations: Readonly<Record<string, string>>;
  readonly subject: Descriptor;
}

// Source: OCI image specification 1.1, "Guidance for an Empty Descriptor".
const emptyType = "application/vnd.oci.empty.v1+json";
const empty = Buffer.from("{}");

/** Puts one document beside an image, as a referrer of it. The same document is the same referrer, however often it is pushed. */
export async function pushReferrer(
  registry: Registry,
  repository: string,
  referrer: Referrer,
  signal: AbortSignal,
): Promise<Descriptor> {
  const manifest = manifestOf(referrer);
  for (const content of [empty, referrer.content]) await pushBlob(registry, repository, content, signal);
  await registry.putManifest(repository, manifest.descriptor.digest, manifest, signal);
  await registry.attachReferrer(repository, manifest, signal);
  return manifest.descriptor;
}

function manifestOf({ type, content, annotations, subject }: Referrer): Manifest {
  const bytes = Buffer.from(
    JSON.stringify({
      schemaVersion: 2,
      mediaType: mediaTypes.ociManifest,
      artifactType: type,
      config: { mediaType: emptyType, digest: digestOf(empty), size: empty.length },
      layers: [{ mediaType: type, digest: digestOf(content), size: content.length }],
      subject: { mediaType: subject.mediaType, digest: subject.digest, size: subject.size },
      annotations,
    }),
  );
  return parseManifest(bytes, { contentType: mediaTypes.ociManifest, digest: digestOf(bytes) });
}

async function pushBlob(
  registry: Registry,
  repository: string,
  content: Uint8Array,
  signal: AbortSignal,
): Promise<void> {
  const digest = digestOf(content);
  if ((await registry.headBlob(repository, digest, signal)) !== undefined) return;
  const upload = await registry.startUpload(repository, signal);
  await upload.commit(digest, signal, content);
}
