import { nextLink } from "../http/link.ts";
import type { Clock } from "../model/clock.ts";
import type { Descriptor } from "../model/descriptor.ts";
import { mediaTypes } from "../model/descriptor.ts";
import { type Digest, digestOf, parseDigest } from "../model/digest.ts";
import { Failure } from "../model/failure.ts";
import { repositoryScope } from "./authorizer.ts";
import { fallbackTagOf } from "./cosign-tags.ts";
import { getManifest } from "./manifests.ts";
import { bareMediaType, parseManifest } from "./parse-manifest.ts";
import type { Session } from "./session.ts";

const mostPages = 100;
const mostReferrers = 10_000;
/** Of all pages together. */
const mostBytes = 16 * 1024 * 1024;
/** A registry without the API is asked for it again after an hour: it may have been replaced by one that has it. */
const missingForMs = 3_600_000;
const mostRepositories = 1000;

interface Target {
  readonly repository: string;
  readonly digest: Digest;
  readonly signal: AbortSignal;
}

/** What refers to a manifest, and how the registry tells: by its own API, or by a tag that its clients maintain. */
export interface ReferrerList {
  readonly kind: "api" | "tag";
  readonly referrers: readonly Descriptor[];
}

export type ListReferrers = (target: Target) => Promise<ReferrerList>;

/**
 * By the referrers API (end-12a), else by the tag that stands in for it where the API is missing, as at GHCR. At most 10,000
 * referrers; of more `too-large`.
 */
export function createListReferrers(session: Session, now: Clock): ListReferrers {
  const missing = new Map<string, number>();

  return async (target) => {
    const { repository } = target;
    const since = missing.get(repository) ?? Number.NEGATIVE_INFINITY;
    const known = now().getTime() - since < missingForMs;
    const referrers = known ? undefined : await byApi(session, target);
    if (referrers !== undefined) return { kind: "api", referrers };
    if (!known) {
      missing.delete(repository);
      missing.set(repository, now().getTime());
      const oldest = missing.size > mostRepositories ? missing.keys().next().value : undefined;
      if (oldest !== undefined) missing.delete(oldest);
    }
    return { kind: "tag", referrers: await byFallbackTag(session, target) };
  };
}

/** Undefined where the registry has no such API. */
async function byApi(
  session: Session,
  { repository, digest, signal }: Target,
): Promise<readonly Descriptor[] | undefined> {
  const found = new Map<string, Descriptor>();
  const seen = new Set<string>();
  let bytesLeft = mostBytes;
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
      maxBytes: Math.max(0, bytesLeft),
      signal,
    });
    if (answer.status === 404) return undefined;
    bytesLeft -= answer.body.length;
    const contentType = bareMediaType(answer.header("content-type"));
    if (contentType !== mediaTypes.ociIndex) {
      throw new Failure("protocol", `${session.host} sent referrers that are not an image index`);
    }
    const { manifests } = parseManifest(answer.body, { contentType, digest: digestOf(answer.body) });
    for (const referrer of manifests) found.set(referrer.digest, referrer);
    if (found.size > mostReferrers) {
      throw new Failure(
        "too-large",
        `${session.host}/${repository}@${digest} has more than ${mostReferrers} referrers`,
      );
    }
    url = nextLink(answer.header("link"), answer.url);
  }
  return [...found.values()];
}

/**
 * Source: OCI distribution specification 1.1, "Referrers Tag Schema". Clients maintain that tag, so its artifact types
 * are hearsay: they are left out, and the manifests themselves must tell.
 */
async function byFallbackTag(session: Session, target: Target): Promise<readonly Descriptor[]> {
  const index = await getManifest(session, { ...target, reference: fallbackTagOf(target.digest) });
  if (index === undefined || index.kind !== "index") return [];
  return index.manifests.map(({ artifactType: _hearsay, ...descriptor }) => descriptor);
}
