import type { Descriptor, Manifest } from "../model/descriptor.ts";
import { type Digest, shortDigest } from "../model/digest.ts";
import { Failure } from "../model/failure.ts";
import type { CopyRoute } from "./copy-route.ts";
import { forEachLimited } from "./limited.ts";
import type { Registry } from "./registry.ts";

/** What reading the tree needs of both sides. */
export interface PlanRoute extends Pick<CopyRoute, "fromRepository" | "toRepository" | "digest"> {
  readonly from: Pick<Registry, "host" | "getManifest">;
  readonly to: Pick<Registry, "headManifest" | "getManifest">;
}

export interface CopyPlan {
  readonly root: Manifest;
  /** What the target lacks, children before those that name them, the root last. */
  readonly manifests: readonly Manifest[];
  /** Each once; what the target may lack. */
  readonly blobs: readonly Descriptor[];
}

const deepest = 3;
const mostManifests = 1000;
const mostManifestBytes = 64 * 1024 * 1024;
const concurrency = 4;

/** Reads the tree of manifests, leaving out what the target has: it would not have taken it without its parts. */
export async function planCopy(route: PlanRoute, signal: AbortSignal): Promise<CopyPlan> {
  const { to, toRepository, digest } = route;
  const missing = new Map<Digest, Manifest>();
  const blobs = new Map<Digest, Descriptor>();
  const visited = new Set<Digest>();
  let bytes = 0;

  const held = await to.getManifest(toRepository, digest, signal);
  if (held !== undefined) return { root: held, manifests: [], blobs: [] };
  const root = await read({ digest }, signal);
  await take(root, { depth: 1, above: [], signal });
  return { root, manifests: [...missing.values()], blobs: [...blobs.values()] };

  async function take(
    manifest: Manifest,
    { depth, above, signal }: { depth: number; above: readonly Digest[]; signal: AbortSignal },
  ): Promise<void> {
    const path = [...above, manifest.descriptor.digest];
    for (const blob of manifest.blobs) blobs.set(blob.digest, blob);
    await forEachLimited(manifest.manifests, { limit: concurrency, signal }, async (child, signal) => {
      if (path.includes(child.digest)) throw tooDeep("names itself");
      if (depth > deepest) throw tooDeep(`is nested deeper than ${deepest} levels`);
      if (visited.has(child.digest)) return;
      visited.add(child.digest);
      if (visited.size > mostManifests) throw tooDeep(`names more than ${mostManifests} manifests`);
      if ((await to.headManifest(toRepository, child.digest, signal)) !== undefined) return;
      await take(await read(child, signal), { depth: depth + 1, above: path, signal });
    });
    missing.set(manifest.descriptor.digest, manifest);
  }

  async function read(
    wanted: { digest: Digest; mediaType?: string; size?: number },
    signal: AbortSignal,
  ): Promise<Manifest> {
    const { from, fromRepository } = route;
    const place = `${from.host}/${fromRepository}@${shortDigest(wanted.digest)}`;
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
    const { from, fromRepository } = route;
    return new Failure("too-large", `the index ${from.host}/${fromRepository}@${shortDigest(digest)} ${why}`);
  }
}
