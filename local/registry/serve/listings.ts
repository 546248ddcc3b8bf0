import { type Descriptor, mediaTypes } from "../../../shared/model/descriptor.ts";
import type { Digest } from "../../../shared/model/digest.ts";
import type { RepositoryName } from "../names.ts";
import { OciError } from "../oci-error.ts";
import { nextLink, pageOf } from "../page.ts";
import { type Call, sendJson } from "./call.ts";

/** The tags of a repository. */
export async function listTags(
  call: Call,
  { repository }: { readonly repository: RepositoryName },
): Promise<void> {
  if (!(await call.store.manifests.knows(repository))) {
    throw new OciError(404, "NAME_UNKNOWN", `there is no repository ${repository}`);
  }
  const page = pageOf(await call.store.tags.list(repository), call.query);
  const next = nextLink(`/v2/${repository}/tags/list`, page, call.query);
  sendJson(call, { name: repository, tags: page.names }, next);
}

/** The repositories; not in the specification, yet every client asks for it this way. */
export async function listRepositories(call: Call): Promise<void> {
  const page = pageOf(await call.store.repositories(), call.query);
  sendJson(call, { repositories: page.names }, nextLink("/v2/_catalog", page, call.query));
}

/** The manifests that refer to `digest`, which need not exist: then there are none. */
export async function listReferrers(
  call: Call,
  { repository, digest }: { readonly repository: RepositoryName; readonly digest: Digest },
): Promise<void> {
  const wanted = call.query.get("artifactType");
  const manifests: Descriptor[] = [];
  for (const referrer of await call.store.referrers.list(repository, digest)) {
    if (wanted !== null && referrer.artifactType !== wanted) continue;
    // It is written down before its manifest is, and a crash may come in between.
    if (await call.store.manifests.has(repository, referrer.digest)) manifests.push(referrer);
  }
  const index = { schemaVersion: 2, mediaType: mediaTypes.ociIndex, manifests };
  sendJson(call, index, {
    "Content-Type": mediaTypes.ociIndex,
    ...(wanted === null ? {} : { "OCI-Filters-Applied": "artifactType" }),
  });
}
