import { nextLink } from "../http/link.ts";
import type { Descriptor } from "../model/descriptor.ts";
import { mediaTypes } from "../model/descriptor.ts";
import { algorithmOf, type Digest, digestOf, hexOf, parseDigest } from "../model/digest.ts";
import { Failure } from "../model/failure.ts";
import { repositoryScope } from "./authorizer.ts";
import { getManifest } from "./manifests.ts";
import { bareMediaType, largestManifest, parseManifest } from "./parse-manifest.ts";
import type { Session } from "./session.ts";

const mostPages = 100;

interface Target {
  readonly repository: string;
  readonly digest: Digest;
  readonly signal: AbortSignal;
}

/** By the referrers API (end-12a), else by the tag that stands in for it where the API is missing, as at GHCR. */
export async function listReferrers(session: Session, target: Target): Promise<readonly Descriptor[]> {
  const { repository, digest, signal } = target;
  const found = new Map<string, Descriptor>();
  const seen = new Set<string>();
  let url: URL | undefined = session.url(repository, `referrers/${parseDigest(digest)}`);
  while (url !== undefined) {
    if (seen.has(url.href) || seen.size === mostPages) {
      throw new Failure("protocol", `${session.host}: the referrers of ${digest} do not come to an end`);
    }
    seen.add(url.href);
    const answer = await session.read({
      method: "GET",
      url,
      scopes: [repositoryScope(repository, "pull")],
      headers: { accept: mediaTypes.ociIndex },
      expect: seen.size === 1 ? [200, 404] : [200],
      maxBytes: largestManifest,
      signal,
    });
    if (answer.status === 404) return byFallbackTag(session, target);
    const contentType = bareMediaType(answer.header("content-type"));
    if (contentType !== mediaTypes.ociIndex) {
      throw new Failure("protocol", `${session.host} sent referrers that are not an image index`);
    }
    const { manifests } = parseManifest(answer.body, { contentType, digest: digestOf(answer.body) });
    for (const referrer of manifests) found.set(referrer.digest, referrer);
    url = nextLink(answer.header("link"), answer.url);
  }
  return [...found.values()];
}

/**
 * Source: OCI distribution specification 1.1, "Referrers Tag Schema". Clients maintain that tag, so its artifact types
 * are hearsay: they are left out, and the manifests themselves must tell.
 */
async function byFallbackTag(session: Session, target: Target): Promise<readonly Descriptor[]> {
  const { digest } = target;
  const reference = `${algorithmOf(digest)}-${hexOf(digest).slice(0, 64)}`;
  const index = await getManifest(session, { ...target, reference });
  if (index === undefined || index.kind !== "index") return [];
  return index.manifests.map(({ artifactType: _hearsay, ...descriptor }) => descriptor);
}
