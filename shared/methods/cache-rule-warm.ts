import type { Clock } from "../model/clock.ts";
import type { Descriptor, Manifest } from "../model/descriptor.ts";
import { type Digest, shortDigest } from "../model/digest.ts";
import { Failure } from "../model/failure.ts";
import { formatReference } from "../model/reference.ts";
import { tagsOf } from "../model/tag-list.ts";
import type { Registry } from "../registry/registry.ts";
import type { ImportOrder } from "./method.ts";

/** An image that is pulled through a rule at the target, so that the service keeps it. */
export interface Warming {
  readonly target: Registry;
  readonly order: Pick<ImportOrder, "source" | "target">;
  /** Its name, for messages. */
  readonly rule: string;
}

interface Pull {
  /** Manifests alone, or the blobs too, from which of them on. */
  readonly from: "manifests" | { readonly blob: number };
  /** Begins no further blob after that. */
  readonly until: Date;
  readonly now: Clock;
  readonly signal: AbortSignal;
}

export type Warmed =
  | { readonly kind: "whole" }
  /** Out of time before this blob. */
  | { readonly kind: "paused"; readonly blob: number }
  /** The service did not serve all of it yet. */
  | { readonly kind: "partly" };

const mostManifests = 1000;

/** Pulls through the rule, by digest and by tag. What is read is checked against its digest and thrown away. */
export async function warm(where: Warming, { from, until, now, signal }: Pull): Promise<Warmed> {
  return throughRule(where, async () => {
    const manifests = await pullManifests(where, signal);
    if (manifests === undefined) return { kind: "partly" };
    if (from === "manifests") return { kind: "whole" };
    const blobs = new Map(manifests.flatMap((each) => each.blobs).map((blob) => [blob.digest, blob]));
    for (const [at, blob] of [...blobs.values()].entries()) {
      if (at < from.blob || (blob.urls?.length ?? 0) > 0) continue;
      if (now() >= until) return { kind: "paused", blob: at };
      if (!(await pullBlob(where, blob, signal))) return { kind: "partly" };
    }
    return { kind: "whole" };
  });
}

/**
 * Whether the target itself has the image. A HEAD cannot tell, since ACR answers it from upstream; its list of tags is its own. What
 * has no tag is taken as kept once all of it was served.
 */
export async function isKept(where: Warming, signal: AbortSignal): Promise<boolean> {
  const { path, tag } = where.order.target;
  if (tag === undefined) return true;
  return throughRule(where, async () => {
    for (const each of tagsOf(await listTags(where.target, path, signal))) if (each === tag) return true;
    return false;
  });
}

async function listTags(target: Registry, path: string, signal: AbortSignal) {
  try {
    return await target.listTags(path, signal);
  } catch (error) {
    if (error instanceof Failure && error.code === "not-found") return { pages: [], size: 0 };
    throw error;
  }
}

/** All manifests of the image; undefined while the service does not serve one of them. */
async function pullManifests(
  { target, order }: Warming,
  signal: AbortSignal,
): Promise<readonly Manifest[] | undefined> {
  const { path, tag } = order.target;
  const found = new Map<Digest, Manifest>();
  const open: Digest[] = [order.source.digest];
  for (let digest = open.pop(); digest !== undefined; digest = open.pop()) {
    if (found.size >= mostManifests) {
      throw new Failure(
        "too-large",
        `${formatReference(order.target)} has more than ${mostManifests} manifests`,
      );
    }
    const manifest = await target.getManifest(path, digest, signal);
    if (manifest === undefined) return undefined;
    found.set(digest, manifest);
    open.push(...manifest.manifests.map((child) => child.digest).filter((child) => !found.has(child)));
  }
  if (tag === undefined) return [...found.values()];
  // The tag last: whoever sees it finds what it points at.
  const tagged = await target.getManifest(path, tag, signal);
  return tagged?.descriptor.digest === order.source.digest ? [...found.values()] : undefined;
}

async function pullBlob({ target, order }: Warming, blob: Descriptor, signal: AbortSignal): Promise<boolean> {
  try {
    for await (const _ of await target.getBlob(order.target.path, blob, { signal }));
    return true;
  } catch (error) {
    if (error instanceof Failure && error.code === "not-found") return false;
    throw error;
  }
}

/** The target answers for upstream here, and says 401 and 429 in its place. */
async function throughRule<T>({ order, rule }: Warming, call: () => Promise<T>): Promise<T> {
  try {
    return await call();
  } catch (error) {
    if (!(error instanceof Failure)) throw error;
    const { host } = order.source;
    if (error.code === "unauthorized") {
      throw new Failure(
        "unauthorized",
        `${error.message}: cache rule ${rule} needs a login that ${host} takes (WHARFGATE_CACHE_CREDENTIAL_SETS), and the app the right to pull ${shortDigest(order.source.digest)} at the target`,
        { cause: error },
      );
    }
    if (error.code !== "rate-limited") throw error;
    throw new Failure("rate-limited", `${error.message}: ${host} limits cache rule ${rule}`, {
      context: { ...error.context, registry: host },
      cause: error,
      ...(error.retryAfterMs === undefined ? {} : { retryAfterMs: error.retryAfterMs }),
    });
  }
}
