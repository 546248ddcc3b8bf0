import type { Digest } from "../../shared/model/digest.ts";
import type { RepositoryName, TagName } from "./names.ts";
import { OciError } from "./oci-error.ts";
import type { Subject } from "./store/attributes.ts";
import type { Store } from "./store/store.ts";

/**
 * What Azure Container Registry does not let anybody change: a tag whose `writeEnabled` is off can be neither moved nor
 * deleted. Source: learn.microsoft.com/azure/container-registry/container-registry-image-lock.
 */
export async function assertWritable(store: Store, repository: RepositoryName, tag: TagName): Promise<void> {
  if (!(await store.attributes.get(repository, { tag })).writeEnabled) throw locked();
}

export async function assertDeletable(
  store: Store,
  repository: RepositoryName,
  subject: Subject,
): Promise<void> {
  const { deleteEnabled, writeEnabled } = await store.attributes.get(repository, subject);
  if (!deleteEnabled || !writeEnabled) throw locked();
}

/** A manifest goes with its tags, so that one locked tag keeps it. */
export async function assertManifestDeletable(
  store: Store,
  repository: RepositoryName,
  digest: Digest,
): Promise<void> {
  await assertDeletable(store, repository, { digest });
  for (const tag of await store.tags.list(repository)) {
    if ((await store.tags.get(repository, tag)) === digest) await assertDeletable(store, repository, { tag });
  }
}

function locked(): OciError {
  return new OciError(
    405,
    "REGISTRY_DISALLOWED_OPERATION",
    "the operation is disallowed on this registry, repository or image",
  );
}
