import { type ImportRecord, openedAgain } from "../../documents/import-record.ts";
import type { Repair } from "../../documents/target-care.ts";
import { watchKey } from "../../documents/watch-id.ts";
import type { Clock } from "../../model/clock.ts";
import { type Digest, shortDigest } from "../../model/digest.ts";
import { Failure } from "../../model/failure.ts";
import { formatReference } from "../../model/reference.ts";
import type { Lock, Registry } from "../../registry/registry.ts";
import type { Audit } from "../../stores/audit.ts";
import type { Ledger, LedgerEntry, OutboxEntry } from "../../stores/ledger.ts";
import type { Queues } from "../../stores/queues.ts";

export interface RepairPorts {
  readonly ledger: Ledger;
  readonly queues: Queues;
  readonly audit: Audit;
  readonly openTarget: (host: string) => Registry;
  readonly now: Clock;
}

/** What was found wrong with an imported tag. */
export interface Drift {
  readonly kind: Repair["kind"];
  /** For an overwritten tag. */
  readonly found?: Digest;
}

const mostRepairs = 3;
const repairsWithinMs = 7 * 24 * 3_600_000;

/** Pure: why an imported tag is reported and left; undefined when it is to be mended. */
export function whyLeft(
  { repairs = [] }: ImportRecord,
  { drift, lock, now }: { readonly drift: Drift; readonly lock: Lock | "none"; readonly now: Date },
): string | undefined {
  const recent = repairs.filter((at) => now.getTime() - at.getTime() < repairsWithinMs);
  const first = recent.at(-mostRepairs);
  if (first !== undefined)
    return `It was repaired ${recent.length} times since ${first.toISOString()} and changed again: find out who else writes there. It is left as it is`;
  // Under a lock of ours nothing else could have come in: it was taken back, and the tag changed and locked again.
  if (drift.kind === "overwritten" && lock === "locked")
    return "Somebody has locked it at the registry with what it has now, so that it is left as it is";
  return undefined;
}

/**
 * Opens the import again: its digest comes in as before, without asking the gates, which it has passed. The event of the drift
 * goes out in the same transaction. `changed`: the import is not what it was when it was read, so that nothing is done.
 */
export async function repairDrift(
  entry: LedgerEntry,
  { drift, announce }: { readonly drift: Drift; readonly announce: OutboxEntry },
  ports: RepairPorts,
  signal: AbortSignal,
): Promise<"begun" | "changed"> {
  const { record } = entry;
  const { watch, key } = record;
  const was = drift.found === undefined ? drift.kind : `${drift.kind} by ${drift.found}`;
  const subject = `${formatReference({ ...record.target, digest: record.digest })} (${was})`;
  await ports.audit.record({ actor: "wharfgate", action: "repair", subject, at: ports.now() }, signal);
  const next = reopened(record, drift);
  try {
    await ports.ledger.update(entry, next, { signal, announce });
  } catch (error) {
    if (error instanceof Failure && error.code === "conflict") return "changed";
    throw error;
  }
  await ports.queues.import({ watch, key, hop: next.hop }, { signal });
  await ports.queues.notify({ kind: "relay", partition: watchKey(watch) }, { signal });
  return "begun";
}

function reopened(record: ImportRecord, { kind, found }: Drift): ImportRecord {
  const { endedAt: _, startedAt: __, reason: ___, bytes: ____, link: _____, ...rest } = record;
  const existing = kind === "overwritten" ? "replace" : record.existing;
  return openedAgain(record, {
    ...rest,
    state: "pending",
    attempts: 0,
    existing,
    repair: { kind, existing: record.existing, ...(found && { found }) },
    ...(found && { previousDigest: found }),
  });
}

/** For people: what is wrong, without what follows from it. */
export function describeDrift({ target }: ImportRecord, { kind, found }: Drift): string {
  const name = formatReference(target);
  switch (kind) {
    case "gone":
      return `${name} is gone: somebody changed the target`;
    case "overwritten":
      return `${name} has another digest now, ${found && shortDigest(found)}: somebody changed the target`;
    case "incomplete":
      return `${name} is not whole any more: somebody removed manifests that its index names`;
  }
}
