import type { Descriptor } from "../model/descriptor.ts";
import { Failure } from "../model/failure.ts";
import type { BlobRoute } from "./copy-route.ts";
import type { BlobUpload } from "./registry.ts";

/** Whether the target's repository has a blob; where a mount found out that it does not, an upload is open. */
export type Found = { readonly kind: "there" } | { readonly kind: "missing"; readonly upload?: BlobUpload };

/**
 * Mounts the blob from the repository in which it was seen, else looks for it. To ask for a mount from the repository itself is to
 * ask and to open an upload by one request, where the target is known to answer that.
 */
export async function findBlob(route: BlobRoute, blob: Descriptor, signal: AbortSignal): Promise<Found> {
  const { from, fromRepository, to, toRepository, known } = route;
  const seen = known.find(blob.digest) ?? (from.host === to.host ? fromRepository : undefined);
  const places = seen === undefined || seen === toRepository ? [] : [seen];
  if (known.mounts === "yes") places.push(toRepository);
  for (const place of places) {
    const found = await mount(route, { blob, from: place, signal });
    if (found !== undefined) return found;
  }
  const there = (await to.headBlob(toRepository, blob.digest, signal)) !== undefined;
  return { kind: there ? "there" : "missing" };
}

/** Tries it on a blob that is there for certain. */
export async function learnMounts(route: BlobRoute, blob: Descriptor, signal: AbortSignal): Promise<void> {
  const { known, toRepository } = route;
  if (known.mounts !== "unknown") return;
  known.mounts = "no";
  const found = await mount(route, { blob, from: toRepository, signal }).catch(() => undefined);
  if (found?.kind === "there") known.mounts = "yes";
}

async function mount(
  { to, toRepository }: BlobRoute,
  { blob, from, signal }: { readonly blob: Descriptor; readonly from: string; readonly signal: AbortSignal },
): Promise<Found | undefined> {
  try {
    const answer = await to.mountBlob(toRepository, { digest: blob.digest, from, signal });
    return answer.kind === "mounted" ? { kind: "there" } : { kind: "missing", upload: answer.upload };
  } catch (error) {
    // A mount is a favour to those who may read the other repository: without it the blob is sent.
    if (error instanceof Failure && !error.transient) return undefined;
    throw error;
  }
}
