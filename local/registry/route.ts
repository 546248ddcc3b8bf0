import type { Digest } from "../../shared/model/digest.ts";
import {
  parseDigestName,
  parseRepositoryName,
  parseTagName,
  parseUploadId,
  type RepositoryName,
  type TagName,
  type UploadId,
} from "./names.ts";

/** What a manifest is asked for by. */
export type ManifestReference =
  | { readonly kind: "tag"; readonly tag: TagName }
  | { readonly kind: "digest"; readonly digest: Digest };

/** What a path of the registry's API names. */
export type Route =
  | { readonly kind: "ping" }
  | { readonly kind: "catalog" }
  | { readonly kind: "tags"; readonly repository: RepositoryName }
  | { readonly kind: "manifest"; readonly repository: RepositoryName; readonly reference: ManifestReference }
  | { readonly kind: "blob"; readonly repository: RepositoryName; readonly digest: Digest }
  | { readonly kind: "uploads"; readonly repository: RepositoryName }
  | { readonly kind: "upload"; readonly repository: RepositoryName; readonly id: UploadId }
  | { readonly kind: "referrers"; readonly repository: RepositoryName; readonly digest: Digest }
  /** The last two are Azure Container Registry's own. */
  | { readonly kind: "tag-attributes"; readonly repository: RepositoryName; readonly tag: TagName }
  | { readonly kind: "manifest-attributes"; readonly repository: RepositoryName; readonly digest: Digest };

type Named = (repository: RepositoryName, last: string) => Route;

// From the end of the path, because a repository's name may itself hold "blobs", "manifests" or "tags".
const patterns: readonly (readonly [RegExp, Named])[] = [
  [/^\/v2\/(.+)\/tags\/list()$/, (repository) => ({ kind: "tags", repository })],
  [/^\/v2\/(.+)\/blobs\/uploads\/?()$/, (repository) => ({ kind: "uploads", repository })],
  [
    /^\/v2\/(.+)\/blobs\/uploads\/([^/]+)$/,
    (repository, id) => ({ kind: "upload", repository, id: parseUploadId(id) }),
  ],
  [
    /^\/v2\/(.+)\/blobs\/([^/]+)$/,
    (repository, digest) => ({ kind: "blob", repository, digest: parseDigestName(digest) }),
  ],
  [
    /^\/v2\/(.+)\/manifests\/([^/]+)$/,
    (repository, reference) => ({
      kind: "manifest",
      repository,
      reference: parseManifestReference(reference),
    }),
  ],
  [
    /^\/v2\/(.+)\/referrers\/([^/]+)$/,
    (repository, digest) => ({ kind: "referrers", repository, digest: parseDigestName(digest) }),
  ],
  [
    /^\/acr\/v1\/(.+)\/_tags\/([^/]+)$/,
    (repository, tag) => ({ kind: "tag-attributes", repository, tag: parseTagName(tag) }),
  ],
  [
    /^\/acr\/v1\/(.+)\/_manifests\/([^/]+)$/,
    (repository, digest) => ({ kind: "manifest-attributes", repository, digest: parseDigestName(digest) }),
  ],
];

/**
 * Reads the path of a request, without its query; undefined for a path outside the API, `OciError` for names outside
 * their grammar. Source: OCI distribution specification 1.1, "Endpoints".
 */
export function parseRoute(path: string): Route | undefined {
  if (path === "/v2" || path === "/v2/") return { kind: "ping" };
  if (path === "/v2/_catalog") return { kind: "catalog" };
  for (const [pattern, toRoute] of patterns) {
    const match = pattern.exec(path);
    if (match?.[1] !== undefined) return toRoute(parseRepositoryName(match[1]), decoded(match[2] ?? ""));
  }
  return undefined;
}

function parseManifestReference(text: string): ManifestReference {
  return text.includes(":")
    ? { kind: "digest", digest: parseDigestName(text) }
    : { kind: "tag", tag: parseTagName(text) };
}

// Some clients write a digest's colon as %3A. Names are checked after this, so nothing else gets in by it.
function decoded(text: string): string {
  return text.replace(/%3a/gi, ":");
}
