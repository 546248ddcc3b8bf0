import type { Digest } from "../../shared/model/digest.ts";
import { type PushedManifest, parsePushedManifest } from "./manifest.ts";
import type { RepositoryName } from "./names.ts";
import { OciError } from "./oci-error.ts";
import type { Store } from "./store/store.ts";

export interface NewManifest {
  readonly repository: RepositoryName;
  /** Of `bytes`, checked by the caller. */
  readonly digest: Digest;
  readonly bytes: Uint8Array;
  readonly contentType: string;
}

/**
 * Stores a manifest and what it refers to. 404 MANIFEST_BLOB_UNKNOWN when anything that it is made of is not in the
 * repository, so that no image there is ever incomplete; the subject may be missing, as the specification wants it.
 */
export async function keepManifest(store: Store, pushed: NewManifest): Promise<PushedManifest> {
  const { repository, digest, bytes, contentType } = pushed;
  const manifest = parsePushedManifest(bytes, contentType);
  for (const blob of manifest.blobs) {
    if ((await store.blobs.size(repository, blob)) === undefined) throw incomplete(`blob ${blob}`);
  }
  for (const child of manifest.children) {
    if (!(await store.manifests.has(repository, child))) throw incomplete(`manifest ${child}`);
  }
  const { mediaType, subject, artifactType, annotations } = manifest;
  if (subject !== undefined) {
    await store.referrers.put(repository, subject, {
      mediaType,
      digest,
      size: bytes.length,
      ...(artifactType === undefined ? {} : { artifactType }),
      ...(annotations === undefined ? {} : { annotations }),
    });
  }
  await store.manifests.put(repository, digest, bytes);
  return manifest;
}

/** Removes a manifest, all its tags, and it from its subject's referrers; false when there was none. */
export async function forgetManifest(
  store: Store,
  { repository, digest }: Pick<NewManifest, "repository" | "digest">,
): Promise<boolean> {
  const bytes = await store.manifests.get(repository, digest);
  if (bytes === undefined || !(await store.manifests.remove(repository, digest))) return false;
  const { subject } = parsePushedManifest(bytes);
  if (subject !== undefined) await store.referrers.remove(repository, subject, digest);
  await store.tags.removeAllOf(repository, digest);
  await store.attributes.remove(repository, { digest });
  return true;
}

function incomplete(what: string): OciError {
  return new OciError(404, "MANIFEST_BLOB_UNKNOWN", `the repository does not have ${what}: push it first`);
}
