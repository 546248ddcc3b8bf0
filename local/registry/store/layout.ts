import { createHash } from "node:crypto";
import { join } from "node:path";
import { algorithmOf, type Digest, hexOf } from "../../../shared/model/digest.ts";
import type { RepositoryName, TagName, UploadId } from "../names.ts";
import { tagFileName } from "./tag-file-name.ts";

/**
 * Where things are under the registry's root. Folders of ours start with `_`, which no part of a repository's name can.
 * A repository holds its own blobs; a mount is a hard link, so the disk keeps each blob once and frees it with the last.
 *
 *     repositories/<name>/_blobs/sha256/<hex>       _manifests/sha256/<hex>      _tags/<tag>
 *     repositories/<name>/_referrers/<subject>/<digest>                          _uploads/ and _temporary/ at the root
 *     repositories/<name>/_attributes/tags/<tag>                                 _attributes/sha256/<hex>
 */
export interface Layout {
  readonly repositories: string;
  readonly temporary: string;
  readonly uploads: string;
  upload(repository: RepositoryName, id: UploadId): string;
  blob(repository: RepositoryName, digest: Digest): string;
  manifests(repository: RepositoryName): string;
  manifest(repository: RepositoryName, digest: Digest): string;
  tags(repository: RepositoryName): string;
  tag(repository: RepositoryName, tag: TagName): string;
  tagAttributes(repository: RepositoryName, tag: TagName): string;
  manifestAttributes(repository: RepositoryName, digest: Digest): string;
  referrers(repository: RepositoryName, subject: Digest): string;
  referrer(repository: RepositoryName, subject: Digest, digest: Digest): string;
}

export const manifestsFolder = "_manifests";

export function layoutAt(root: string): Layout {
  const repositories = join(root, "repositories");
  const uploads = join(root, "_uploads");
  const inside = (repository: RepositoryName, ...parts: string[]) => join(repositories, repository, ...parts);
  return {
    repositories,
    uploads,
    temporary: join(root, "_temporary"),
    upload: (repository, id) => join(uploads, `${id}.${shortHash(repository)}`),
    blob: (repository, digest) => inside(repository, "_blobs", algorithmOf(digest), hexOf(digest)),
    manifests: (repository) => inside(repository, manifestsFolder),
    manifest: (repository, digest) => inside(repository, manifestsFolder, algorithmOf(digest), hexOf(digest)),
    tags: (repository) => inside(repository, "_tags"),
    tag: (repository, tag) => inside(repository, "_tags", tagFileName(tag)),
    tagAttributes: (repository, tag) => inside(repository, "_attributes", "tags", tagFileName(tag)),
    manifestAttributes: (repository, digest) =>
      inside(repository, "_attributes", algorithmOf(digest), hexOf(digest)),
    referrers: (repository, subject) => inside(repository, "_referrers", fileNameOf(subject)),
    referrer: (repository, subject, digest) =>
      inside(repository, "_referrers", fileNameOf(subject), fileNameOf(digest)),
  };
}

function fileNameOf(digest: Digest): string {
  return digest.replace(":", "-");
}

// Binds an upload session to its repository: under another name the same id is another file.
function shortHash(repository: RepositoryName): string {
  return createHash("sha256").update(repository).digest("hex").slice(0, 16);
}
