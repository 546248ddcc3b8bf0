import type { Key, Row, Table } from "../azure/tables.ts";
import { type Digest, parseDigest } from "../model/digest.ts";
import { formatRepository, type Repository } from "../model/reference.ts";

/** A tag at the target that Wharfgate has locked, or has locked once. */
export interface TargetLock {
  readonly target: Repository & { readonly tag: string };
  /** What the tag had when it was locked. */
  readonly digest: Digest;
  /** `registry`: the registry refuses changes itself. `ledger`: it has no locks, so that this row alone keeps Wharfgate from them. */
  readonly by: "registry" | "ledger";
  readonly state: "locked" | "unlocked";
  /** When it came to its state. */
  readonly at: Date;
  /** Who unlocked it, and why. */
  readonly actor?: string;
  readonly reason?: string;
}

/** Table `locks`: partition = repository at the target, row = tag. */
export interface Locks {
  get(target: TargetLock["target"], signal: AbortSignal): Promise<TargetLock | undefined>;
  put(lock: TargetLock, signal: AbortSignal): Promise<void>;
  /** All of one repository, by tag. */
  ofRepository(repository: Repository, signal: AbortSignal): Promise<ReadonlyMap<string, TargetLock>>;
}

export function createLocks(table: Table): Locks {
  return {
    get: async (target, signal) => {
      const row = await table.get(keyOf(target), signal);
      return row && toLock(target, row);
    },
    put: (lock, signal) => {
      const { digest, by, state, at, actor, reason } = lock;
      const who = { ...(actor !== undefined && { actor }), ...(reason !== undefined && { reason }) };
      return table.upsert(keyOf(lock.target), { digest, by, state, at: at.toISOString(), ...who }, signal);
    },
    ofRepository: async ({ host, path }, signal) => {
      const found = new Map<string, TargetLock>();
      for await (const row of table.query({ partition: partitionOf({ host, path }) }, signal)) {
        found.set(row.row, toLock({ host, path, tag: row.row }, row));
      }
      return found;
    },
  };
}

function keyOf(target: TargetLock["target"]): Key {
  return { partition: partitionOf(target), row: target.tag };
}

// A key may not hold a slash, nor a repository's name a bar.
function partitionOf({ host, path }: Repository): string {
  return formatRepository({ host, path }).replaceAll("/", "|");
}

function toLock({ host, path, tag }: TargetLock["target"], { values }: Row): TargetLock {
  const { actor, reason } = values;
  return {
    target: { host, path, tag },
    digest: parseDigest(String(values.digest)),
    by: values.by === "registry" ? "registry" : "ledger",
    // Whatever somebody wrote there: a lock is taken back by its command alone.
    state: values.state === "unlocked" ? "unlocked" : "locked",
    at: new Date(String(values.at)),
    ...(typeof actor === "string" && { actor }),
    ...(typeof reason === "string" && { reason }),
  };
}
