import { parseImportId } from "../../documents/import-record.ts";
import { parseUnlockRequest } from "../../documents/unlock-request.ts";
import { printable } from "../../model/digest.ts";
import { Failure } from "../../model/failure.ts";
import { formatReference } from "../../model/reference.ts";
import type { Registry } from "../../registry/registry.ts";
import type { Audit } from "../../stores/audit.ts";
import type { Ledger } from "../../stores/ledger.ts";
import type { TargetLock } from "../../stores/locks.ts";
import { type TagAtTarget, targetsNamed } from "../decide/find-import.ts";
import { parseImage } from "../evidence/find-evidence.ts";
import type { LockPorts } from "../import/lock-target.ts";

export interface UnlockPorts extends LockPorts {
  readonly audit: Audit;
  readonly ledger: Ledger;
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
  const { image: asked, reason } = parseUnlockRequest(body);
  const lock = await lockNamed(asked, ports, signal);
  const image = formatReference(lock.target);
  const at = ports.now();
  await ports.audit.record({ actor, action: "unlock", subject: image, reason, at }, signal);
  if (lock.by === "registry") await openAtRegistry(lock, ports, signal);
  await ports.locks.put({ ...lock, state: "unlocked", at, actor, reason }, signal);
  return { image, digest: lock.digest, by: lock.by };
}

/** The lock of a tag at the target, or of the tag to which the import of that name goes. */
async function lockNamed(asked: string, ports: UnlockPorts, signal: AbortSignal): Promise<TargetLock> {
  const tags = new Map<string, TagAtTarget>();
  const named = parseImportId(asked) === undefined ? [tagNamed(asked, ports.targetHost)] : [];
  for (const tag of [...named, ...(await targetsNamed(asked, ports.ledger, signal))])
    tags.set(formatReference(tag), tag);
  const found = await Promise.all([...tags.values()].map((tag) => ports.locks.get(tag, signal)));
  const locked = found.filter((lock) => lock?.state === "locked");
  const [lock, another] = locked;
  if (lock !== undefined && another === undefined) return lock;
  if (another !== undefined) {
    const names = locked.map((each) => each && formatReference(each.target)).join(", ");
    throw new Failure(
      "invalid",
      `"${printable(asked)}" names ${locked.length} locked tags: say which, ${names}`,
    );
  }
  const [image] = [...tags.values()].toReversed();
  if (image === undefined) throw new Failure("not-found", `There is no import "${printable(asked)}"`);
  throw new Failure(
    "not-found",
    `${[...tags.keys()].join(" or ")} is not locked by Wharfgate. A lock of the registry's own is taken back there, at an ACR by az acr repository update --image ${image.path}:${image.tag} --write-enabled true --delete-enabled true`,
  );
}

function tagNamed(asked: string, targetHost: string): TagAtTarget {
  const { host, path, tag, digest } = parseImage(asked, targetHost);
  if (host === targetHost && tag !== undefined && digest === undefined) return { host, path, tag };
  throw new Failure(
    "invalid",
    `"${printable(asked)}" is not a tag at the target: name it as repository:tag, ${targetHost}/repository:tag, or by its import, group/name:tag`,
  );
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
