import type { Manifest } from "../model/descriptor.ts";
import { algorithmOf, shortDigest } from "../model/digest.ts";
import { Failure, type FailureCode } from "../model/failure.ts";
import { formatPlatform } from "../model/platform.ts";
import type { CopyPlan } from "./copy-plan.ts";
import type { ImageCopy } from "./copy-route.ts";
import type { KnownBlobs } from "./known-blobs.ts";
import { forEachLimited } from "./limited.ts";

interface PutOptions {
  readonly signal: AbortSignal;
  readonly existing?: "keep" | "replace";
  readonly known: KnownBlobs;
}

const concurrency = 4;

/** Stores what the target lacks, children before those that name them; the tag comes last, with the root where that is new. */
export async function putManifests(
  copy: ImageCopy,
  { manifests, root, sparse }: CopyPlan,
  options: PutOptions,
): Promise<void> {
  const { to, toRepository, tag, digest } = copy;
  const { signal, known } = options;
  // By a tag, a registry stores a manifest under the digest of its own choice: it has to have shown that this is ours.
  const tagStores = tag !== undefined && known.keepsDigests && algorithmOf(digest) === "sha256";
  const before = manifests.filter((each) => each !== root || !tagStores);
  const images = before.filter(({ kind }) => kind === "image");
  await forEachLimited(images, { limit: concurrency, signal }, (each, signal) =>
    put(each, each.descriptor.digest, signal),
  );
  for (const each of before) {
    if (each.kind === "index") await put(each, each.descriptor.digest, signal);
  }
  if (before.length > 0) known.keepsDigests = true;
  // Asked again, since a copy takes minutes in which somebody else may have set the tag.
  if (tag === undefined || (await tagged(copy, options)) === digest) return;
  await put(root, tag, signal);

  async function put(manifest: Manifest, reference: string, signal: AbortSignal): Promise<void> {
    try {
      await to.putManifest(toRepository, reference, manifest, signal);
    } catch (error) {
      if (!sparse.has(manifest.descriptor.digest)) throw error;
      throw error instanceof Failure && refusals.has(error.code) ? refusedPart(copy, error) : error;
    }
  }
}

/** MANIFEST_BLOB_UNKNOWN and MANIFEST_UNKNOWN, and what less exact registries say. */
const refusals: ReadonlySet<FailureCode> = new Set(["unsupported", "not-found", "invalid", "protocol"]);

function refusedPart({ to, toRepository, only = [] }: ImageCopy, cause: Failure): Failure {
  const platforms = only.map(formatPlatform).join(", ");
  return new Failure(
    "unsupported",
    `${to.host}/${toRepository} does not take an index of which only a part comes along (${platforms}): bring the image in whole, by taking "only" out of the watch's Platforms, or into a registry that takes a sparse index`,
    { context: { host: to.host, repository: toRepository }, cause },
  );
}

/** The digest at the target tag. Throws `conflict` for one that is to be kept. */
export async function tagged(
  { to, toRepository, tag, digest }: ImageCopy,
  { signal, existing = "keep" }: Omit<PutOptions, "known">,
): Promise<string | undefined> {
  if (tag === undefined) return undefined;
  const held = await to.digestAt(toRepository, tag, { likely: digest, signal });
  if (held === undefined || held === digest || existing === "replace") return held;
  throw new Failure(
    "conflict",
    `${to.host}/${toRepository}:${tag} is ${shortDigest(held)}, not ${shortDigest(digest)}: it is kept as it is`,
    { context: { host: to.host, repository: toRepository, tag } },
  );
}
