import type { ImportRecord } from "../../documents/import-record.ts";
import type { Clock } from "../../model/clock.ts";
import { shortDigest } from "../../model/digest.ts";
import { Failure } from "../../model/failure.ts";
import { formatReference } from "../../model/reference.ts";
import type { Registry } from "../../registry/registry.ts";
import type { Locks } from "../../stores/locks.ts";

export interface LockPorts {
  readonly locks: Locks;
  readonly openTarget: (host: string) => Registry;
  readonly now: Clock;
}

/**
 * Locks an imported tag and its manifest at the target, by the registry's own locks where it has them. What it does may be
 * repeated. The row comes last: it tells who keeps the tag.
 */
export async function lockTarget(
  { target: { host, path, tag }, digest }: ImportRecord,
  { locks, openTarget, now }: LockPorts,
  signal: AbortSignal,
): Promise<"registry" | "ledger" | undefined> {
  if (tag === undefined) return undefined;
  const registry = openTarget(host);
  const set = await registry.setLock(path, tag, { lock: "locked", signal });
  if (set === "set") await registry.setLock(path, digest, { lock: "locked", signal });
  const by = set === "set" ? "registry" : "ledger";
  await locks.put({ target: { host, path, tag }, digest, by, state: "locked", at: now() }, signal);
  return by;
}

/** Why nothing may be written to an import's tag: it is locked with another digest. Its own digest may be put back. */
export async function lockRefusal(
  { target: { host, path, tag }, digest }: Pick<ImportRecord, "target" | "digest">,
  { locks }: Pick<LockPorts, "locks">,
  signal: AbortSignal,
): Promise<Failure | undefined> {
  if (tag === undefined) return undefined;
  const target = { host, path, tag };
  const lock = await locks.get(target, signal);
  if (lock?.state !== "locked" || lock.digest === digest) return undefined;
  const name = formatReference(target);
  return new Failure(
    "conflict",
    `${name} has been locked at ${shortDigest(lock.digest)} since ${lock.at.toISOString()}, so that nothing else is written to it. To allow it: wharfgate unlock ${name} --reason '…', then try the import again`,
  );
}
