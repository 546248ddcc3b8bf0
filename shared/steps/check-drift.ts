import { createHash } from "node:crypto";
import type { ImportRecord } from "../documents/import-record.ts";
import { formatWatchId, type WatchId, watchKey } from "../documents/watch-id.ts";
import type { Clock } from "../model/clock.ts";
import { mapConcurrent } from "../model/concurrency.ts";
import { shortDigest } from "../model/digest.ts";
import { Failure } from "../model/failure.ts";
import { formatReference, formatRepository } from "../model/reference.ts";
import type { Registry } from "../registry/registry.ts";
import type { Ledger } from "../stores/ledger.ts";
import type { Queues } from "../stores/queues.ts";
import type { Watches } from "../stores/watches.ts";

export interface DriftPorts {
  readonly watches: Watches;
  readonly ledger: Ledger;
  readonly queues: Queues;
  readonly openTarget: (host: string) => Registry;
  readonly channels: readonly string[];
  readonly now: Clock;
}

const slotMs = 5 * 60_000;
const slotsPerDay = 288;
const questionsAtOnce = 4;

/**
 * Looks at the target for the imported tags of those watches whose turn it is: each watch once a day. A tag that is gone
 * or has another digest is reported, once a day while it lasts.
 */
export async function checkDrift(ports: DriftPorts, signal: AbortSignal): Promise<number> {
  const slot = Math.floor(ports.now().getTime() / slotMs) % slotsPerDay;
  let drifted = 0;
  for (const row of await ports.watches.all(signal)) {
    if (row.kind === "rejected" || row.watch.enabled === "no" || slotOf(row.watch) !== slot) continue;
    const current = await currentImports(row.watch, ports.ledger, signal);
    const found = await mapConcurrent(current, questionsAtOnce, (record) => driftOf(record, ports, signal));
    for (const drift of found) {
      if (drift === undefined) continue;
      await announce(drift, row.watch.notify ?? ports.channels, ports, signal);
      drifted += 1;
    }
  }
  return drifted;
}

/** Pure: in which of the day's 288 five-minute slots a watch is checked. */
export function slotOf(watch: WatchId): number {
  return createHash("sha256").update(watchKey(watch)).digest().readUInt32BE(0) % slotsPerDay;
}

/** The last finished import of each target tag: earlier digests of a floating tag are history, not drift. */
async function currentImports(watch: WatchId, ledger: Ledger, signal: AbortSignal): Promise<ImportRecord[]> {
  const latest = new Map<string, ImportRecord>();
  for await (const { record } of ledger.ofWatch(watch, signal)) {
    if (record.state !== "done" || record.endedAt === undefined) continue;
    const target = formatReference(record.target);
    const known = latest.get(target)?.endedAt;
    if (known === undefined || known < record.endedAt) latest.set(target, record);
  }
  return [...latest.values()];
}

interface Drift {
  readonly record: ImportRecord;
  readonly reason: string;
}

async function driftOf(
  record: ImportRecord,
  { openTarget }: DriftPorts,
  signal: AbortSignal,
): Promise<Drift | undefined> {
  const { host, path, tag } = record.target;
  const target = formatReference(record.target);
  try {
    const found = await openTarget(host).headManifest(path, tag ?? record.digest, signal);
    if (found?.digest === record.digest) return undefined;
    // An import keeps a tag that it finds with another digest: that one has to go first.
    const reason =
      found === undefined
        ? `${target} is gone: somebody changed the target. Ask for the import anew to mend it`
        : `${target} has another digest now, ${shortDigest(found.digest)}: somebody changed the target. To mend it remove that tag, then ask for the import anew`;
    return { record, reason };
  } catch (error) {
    // A target that cannot be asked today is no drift; imports report its trouble.
    if (error instanceof Failure && error.code !== "internal") return undefined;
    throw error;
  }
}

async function announce(
  { record, reason }: Drift,
  channels: readonly string[],
  ports: DriftPorts,
  signal: AbortSignal,
): Promise<void> {
  const at = ports.now().toISOString();
  const partition = watchKey(record.watch);
  const event = {
    key: createHash("sha256")
      .update(`${record.key} drifted ${at.slice(0, 10)}`)
      .digest("hex"),
    kind: "drifted",
    at,
    watch: formatWatchId(record.watch),
    source: formatRepository(record.source),
    tag: record.tag,
    digest: record.digest,
    target: formatReference(record.target),
    reason,
  } as const;
  await ports.ledger.announce(partition, { event, channels }, signal);
  await ports.queues.notify({ kind: "relay", partition }, { signal });
}
