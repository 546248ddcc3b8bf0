import { type Descriptor, type Manifest, mediaTypes } from "../model/descriptor.ts";
import { type Digest, shortDigest } from "../model/digest.ts";
import { Failure } from "../model/failure.ts";
import type { Platform } from "../model/platform.ts";
import { choosePlatforms, requireAll } from "./chosen-platforms.ts";
import type { CopyRoute } from "./copy-route.ts";
import { forEachLimited } from "./limited.ts";
import type { Registry } from "./registry.ts";

/** What reading the tree needs of both sides. */
export interface PlanRoute extends Pick<CopyRoute, "fromRepository" | "toRepository" | "digest"> {
  readonly from: Pick<Registry, "host" | "getManifest">;
  readonly to: Pick<Registry, "headManifest" | "getManifest">;
  /** Of an index only what is for these platforms, the index itself staying as it is. */
  readonly only?: readonly Platform[];
}

export interface CopyPlan {
  readonly root: Manifest;
  /** What the target lacks, children before those that name them, the root last. */
  readonly manifests: readonly Manifest[];
  /** Each once; what the target may lack. */
  readonly blobs: readonly Descriptor[];
  /** Indexes of which some children are left out on demand. */
  readonly sparse: ReadonlySet<Digest>;
}

const deepest = 3;
const mostManifests = 1000;
const mostManifestBytes = 64 * 1024 * 1024;
const concurrency = 4;
const indexTypes: ReadonlySet<string> = new Set([mediaTypes.ociIndex, mediaTypes.dockerList]);

/**
 * Reads the tree of manifests, leaving out what the target has. An image that it has is whole: it would not have taken it
 * without its blobs. An index may be there without all that it names.
 */
export async function planCopy(route: PlanRoute, signal: AbortSignal): Promise<CopyPlan> {
  const { to, toRepository, digest, only } = route;
  const missing = new Map<Digest, Manifest>();
  const blobs = new Map<Digest, Descriptor>();
  const visited = new Set<Digest>();
  const sparse = new Set<Digest>();
  const offered: Platform[] = [];
  let bytes = 0;

  const held = await to.getManifest(toRepository, digest, signal);
  const root = held ?? (await read({ digest }, signal));
  if (held?.kind !== "image") await take(root, { depth: 1, above: [], held: held !== undefined, signal });
  if (only !== undefined && root.kind === "index") requireAll(only, { offered, place: placeOf(digest) });
  return { root, manifests: [...missing.values()], blobs: [...blobs.values()], sparse };

  async function take(
    manifest: Manifest,
    at: { depth: number; above: readonly Digest[]; held: boolean; signal: AbortSignal },
  ): Promise<void> {
    const { depth, above, signal } = at;
    const { digest } = manifest.descriptor;
    const path = [...above, digest];
    for (const blob of manifest.blobs) blobs.set(blob.digest, blob);
    for (const { platform } of manifest.manifests) if (platform !== undefined) offered.push(platform);
    const chosen = choosePlatforms(manifest.manifests, only);
    if (chosen.length < manifest.manifests.length) sparse.add(digest);
    await forEachLimited(chosen, { limit: concurrency, signal }, async (child, signal) => {
      if (path.includes(child.digest)) throw tooDeep("names itself");
      if (depth > deepest) throw tooDeep(`is nested deeper than ${deepest} levels`);
      if (visited.has(child.digest)) return;
      visited.add(child.digest);
      if (visited.size > mostManifests) throw tooDeep(`names more than ${mostManifests} manifests`);
      const there = (await to.headManifest(toRepository, child.digest, signal)) !== undefined;
      const index = indexTypes.has(child.mediaType);
      if (there && !index) return;
      const known = there ? await to.getManifest(toRepository, child.digest, signal) : undefined;
      const held = known !== undefined;
      await take(known ?? (await read(child, signal)), { depth: depth + 1, above: path, held, signal });
    });
    if (!at.held) missing.set(digest, manifest);
  }

  async function read(
    wanted: { digest: Digest; mediaType?: string; size?: number },
    signal: AbortSignal,
  ): Promise<Manifest> {
    const { from, fromRepository } = route;
    const place = placeOf(wanted.digest);
    const manifest = await from.getManifest(fromRepository, wanted.digest, signal);
    if (manifest === undefined) {
      throw new Failure("not-found", `${place} does not exist: upstream deleted it, or its index is sparse`);
    }
    const { mediaType, size } = manifest.descriptor;
    if ((wanted.mediaType ?? mediaType) !== mediaType || (wanted.size ?? size) !== size) {
      throw new Failure("integrity", `${place} has another size or media type than its index says`);
    }
    bytes += size;
    if (bytes > mostManifestBytes) throw tooDeep(`has more than ${mostManifestBytes} bytes of manifests`);
    return manifest;
  }

  function tooDeep(why: string): Failure {
    return new Failure("too-large", `the index ${placeOf(digest)} ${why}`);
  }

  function placeOf(digest: Digest): string {
    return `${route.from.host}/${route.fromRepository}@${shortDigest(digest)}`;
  }
}
