import { printable } from "../../shared/model/digest.ts";
import { Failure } from "../../shared/model/failure.ts";
import { keepManifest } from "../registry/keep-manifest.ts";
import { parseRepositoryName, parseTagName, type RepositoryName } from "../registry/names.ts";
import type { Store } from "../registry/store/store.ts";
import { type Attachment, sbomOf, signatureOf } from "./attachments.ts";
import type { Blob } from "./blob.ts";
import { build, edgeAgent, history, nextWebRelease, type Release, web } from "./releases.ts";

/** Puts the demo images into the store, except for tags that it has already: those stay where they are. */
export async function seedDemo(store: Store): Promise<void> {
  await Promise.all(
    history.map(async (release) => {
      const repository = parseRepositoryName(release.product.repository);
      const known = new Set<string>(await store.tags.list(repository));
      await publish(
        store,
        release,
        tagsOf(release).filter((tag) => !known.has(tag)),
      );
    }),
  );
}

/**
 * Publishes `version` (`1.5.0`) of demo/web as of `day` (ISO 8601) and moves the floating tags onto it; nothing when it is
 * published already.
 */
export async function publishDemoVersion(
  store: Store,
  { version, day }: { readonly version: string; readonly day: string },
): Promise<"published" | "known"> {
  if (!/^\d+\.\d+\.\d+$/.test(version)) {
    throw new Failure(
      "invalid",
      `"${printable(version)}" is not a version of the demo: expected 1.5.0 or alike`,
    );
  }
  const release = nextWebRelease(version, day);
  const repository = parseRepositoryName(release.product.repository);
  const known = await store.tags.get(repository, parseTagName(version));
  if (known !== undefined) return "known";
  await publish(store, release, tagsOf(release));
  return "published";
}

// The version's own tag comes last: once it is there, so is everything.
function tagsOf({ version, also }: Release): readonly string[] {
  return [...also, version];
}

async function publish(store: Store, release: Release, tags: readonly string[]): Promise<void> {
  if (tags.length === 0) return;
  const repository = parseRepositoryName(release.product.repository);
  const { blobs, manifests, index } = build(release);
  await putBlobs(store, repository, blobs);
  for (const manifest of [...manifests, index]) await putManifest(store, repository, manifest);
  await attach(store, release, index);
  for (const tag of tags) await store.tags.put(repository, parseTagName(tag), index.descriptor.digest);
}

/** The signature and the SBOM of the versions that have one. */
async function attach(store: Store, { product, version }: Release, index: Blob): Promise<void> {
  const repository = parseRepositoryName(product.repository);
  if (product === web && version === "1.4.2") {
    const manifest = await putAttachment(
      store,
      repository,
      signatureOf(index.descriptor, product.repository),
    );
    const tag = parseTagName(`${index.descriptor.digest.replace(":", "-")}.sig`);
    await store.tags.put(repository, tag, manifest.descriptor.digest);
  }
  if (product === edgeAgent && version === "1.0.1") {
    await putAttachment(store, repository, sbomOf(index.descriptor, product.title));
  }
}

async function putAttachment(
  store: Store,
  repository: RepositoryName,
  attachment: Attachment,
): Promise<Blob> {
  await putBlobs(store, repository, attachment.blobs);
  await putManifest(store, repository, attachment.manifest);
  return attachment.manifest;
}

async function putBlobs(store: Store, repository: RepositoryName, blobs: readonly Blob[]): Promise<void> {
  for (const { descriptor, bytes } of blobs) {
    if ((await store.blobs.size(repository, descriptor.digest)) !== undefined) continue;
    await store.blobs.put(repository, descriptor.digest, bytes);
  }
}

async function putManifest(
  store: Store,
  repository: RepositoryName,
  { descriptor, bytes }: Blob,
): Promise<void> {
  const { digest, mediaType } = descriptor;
  await keepManifest(store, { repository, digest, bytes, contentType: mediaType });
}
