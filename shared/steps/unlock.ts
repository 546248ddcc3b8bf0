import { parseUnlockRequest } from "../documents/unlock-request.ts";
import { Failure } from "../model/failure.ts";
import { formatReference } from "../model/reference.ts";
import type { Registry } from "../registry/registry.ts";
import type { Audit } from "../stores/audit.ts";
import type { TargetLock } from "../stores/locks.ts";
import type { LockPorts } from "./lock-target.ts";

export interface UnlockPorts extends LockPorts {
  readonly audit: Audit;
  readonly targetHost: string;
}

/** What was unlocked, for people. */
export interface Unlocked {
  readonly image: string;
  readonly digest: string;
  /** Who kept it until now. */
  readonly by: TargetLock["by"];
}

/**
 * Takes Wharfgate's lock from a tag, at the registry first. The next import of the tag locks it again, if its watch says so.
 * Throws `not-found` for a tag that Wharfgate has not locked: locks of others are theirs to take back.
 */
export async function unlock(
  body: unknown,
  actor: string,
  ports: UnlockPorts,
  signal: AbortSignal,
): Promise<Unlocked> {
  const { target, reason } = parseUnlockRequest(body, ports.targetHost);
  const image = formatReference(target);
  const lock = await ports.locks.get(target, signal);
  if (lock?.state !== "locked") {
    throw new Failure(
      "not-found",
      `${image} is not locked by Wharfgate. A lock of the registry's own is taken back there: az acr repository update --image ${target.path}:${target.tag} --write-enabled true --delete-enabled true`,
    );
  }
  const at = ports.now();
  await ports.audit.record({ actor, action: "unlock", subject: image, reason, at }, signal);
  if (lock.by === "registry") await openAtRegistry(lock, ports, signal);
  await ports.locks.put({ ...lock, state: "unlocked", at, actor, reason }, signal);
  return { image, digest: lock.digest, by: lock.by };
}

/** Another locked tag may have the same manifest, which stays locked then. */
async function openAtRegistry(lock: TargetLock, ports: UnlockPorts, signal: AbortSignal): Promise<void> {
  const { target, digest } = lock;
  const registry = ports.openTarget(target.host);
  await open(registry, { path: target.path, reference: target.tag }, signal);
  const others = [...(await ports.locks.ofRepository(target, signal)).values()].filter(
    (other) => other.target.tag !== target.tag && other.state === "locked" && other.digest === digest,
  );
  if (others.length === 0) await open(registry, { path: target.path, reference: digest }, signal);
}

/** What is gone meanwhile needs no unlocking. */
async function open(
  registry: Registry,
  { path, reference }: { readonly path: string; readonly reference: string },
  signal: AbortSignal,
): Promise<void> {
  try {
    await registry.setLock(path, reference, { lock: "open", signal });
  } catch (error) {
    if (!(error instanceof Failure) || error.code !== "not-found") throw error;
  }
}
