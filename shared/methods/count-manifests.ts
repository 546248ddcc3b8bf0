import { mediaTypes } from "../model/descriptor.ts";
import { type Digest, shortDigest } from "../model/digest.ts";
import { Failure } from "../model/failure.ts";
import type { Registry } from "../registry/registry.ts";

interface Question {
  readonly from: Pick<Registry, "host" | "headManifest" | "getManifest">;
  readonly repository: string;
  readonly digest: Digest;
  /** No further is counted than to one more. */
  readonly most: number;
}

const indexTypes: readonly string[] = [mediaTypes.ociIndex, mediaTypes.dockerList];

/**
 * How many manifests an image is made of, its indexes included. An image without an index costs a HEAD, which is no pull
 * anywhere. Throws `not-found`.
 */
export async function countManifests(question: Question, signal: AbortSignal): Promise<number> {
  const { from, repository, digest, most } = question;
  const gone = (child: Digest) =>
    new Failure(
      "not-found",
      `${from.host}/${repository}@${shortDigest(child)} does not exist: upstream deleted it`,
    );
  const root = await from.headManifest(repository, digest, signal);
  if (root === undefined) throw gone(digest);
  const seen = new Set<Digest>([digest]);
  const open = indexTypes.includes(root.mediaType) ? [digest] : [];
  for (let next = open.pop(); next !== undefined && seen.size <= most; next = open.pop()) {
    const index = await from.getManifest(repository, next, signal);
    if (index === undefined) throw gone(next);
    for (const child of index.manifests) {
      if (seen.has(child.digest)) continue;
      seen.add(child.digest);
      if (indexTypes.includes(child.mediaType)) open.push(child.digest);
    }
  }
  return Math.min(seen.size, most + 1);
}
