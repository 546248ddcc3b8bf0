import { createHash } from "node:crypto";
import { type ImportRecord, targetNameOf } from "../../documents/import-record.ts";
import type { Watch } from "../../documents/watch.ts";
import { formatWatchId, watchKey } from "../../documents/watch-id.ts";
import { toFailure } from "../../model/failure.ts";
import { formatReference, formatRepository } from "../../model/reference.ts";
import type { LedgerEntry, OutboxEntry } from "../../stores/ledger.ts";
import type { WatchStates } from "../../stores/watch-states.ts";
import { type Drift, describeDrift, type RepairPorts, repairDrift, whyLeft } from "./repair-drift.ts";

export interface ReportDriftPorts extends RepairPorts {
  readonly states: WatchStates;
  readonly channels: readonly string[];
}

/**
 * Tells people, and mends it if the watch says so. Returns what was told; nothing when it is no loss, or the import has changed since it
 * was read.
 */
export async function reportDrift(
  watch: Watch,
  { entry, drift }: { readonly entry: LedgerEntry; readonly drift: Drift },
  ports: ReportDriftPorts,
  signal: AbortSignal,
): Promise<string | undefined> {
  const { record } = entry;
  const known = (await ports.states.some(watch.source.host, [watch], signal)).get(watchKey(watch))?.state
    .known;
  if (drift.kind === "gone" && (await isNoLoss(record, known, ports, signal))) return undefined;
  const left = await whyNotMended(watch, record, { drift, known }, ports, signal);
  const reason = `${describeDrift(record, drift)}. ${left ?? "It is being repaired"}`;
  const channels = watch.notify ?? ports.channels;
  const announce = driftEvent(record, { drift, reason, channels }, ports.now());
  if (left === undefined) {
    const repair = await repairDrift(entry, { drift, announce }, ports, signal);
    return repair === "begun" ? reason : undefined;
  }
  const partition = watchKey(record.watch);
  await ports.ledger.announce(partition, announce, signal);
  await ports.queues.notify({ kind: "relay", partition }, { signal });
  return reason;
}

/** Digests by tag, as the watch follows them; undefined before its first poll. */
type Known = ReadonlyMap<string, string> | undefined;

/**
 * Others clean up as well, such as `az acr purge`: what the watch does not follow any more may go, and what refers to an image
 * goes with it.
 */
async function isNoLoss(
  { target: { host, path }, tag, subject }: ImportRecord,
  known: Known,
  { openTarget }: ReportDriftPorts,
  signal: AbortSignal,
): Promise<boolean> {
  if (subject === undefined) return known !== undefined && !known.has(tag);
  return (await openTarget(host).headManifest(path, subject, signal)) === undefined;
}

/** An import keeps a tag that it finds with another digest: that one has to go first. */
function adviceOf({ source, tag, digest, target }: ImportRecord, { kind }: Drift): string {
  const what =
    kind === "gone"
      ? "Ask for the import anew to mend it"
      : "To mend it remove that tag, then ask for the import anew";
  if (target.tag === undefined) return what;
  const name = formatReference({ ...source, tag, digest });
  return `${what}: wharfgate import ${name} --target ${target.path}:${target.tag}`;
}

async function whyNotMended(
  watch: Watch,
  record: ImportRecord,
  { drift, known }: { readonly drift: Drift; readonly known: Known },
  ports: ReportDriftPorts,
  signal: AbortSignal,
): Promise<string | undefined> {
  if (drift.found !== undefined && known?.get(record.tag) === drift.found)
    return "It is what its watch follows under this tag now, so that it is left: see what became of the import of that digest";
  if (watch.handling.drift === "report") return adviceOf(record, drift);
  if (record.subject === undefined && !known?.has(record.tag))
    return "The watch does not follow it any more, so that it is left as it is";
  const { host, path, tag } = record.target;
  try {
    const lock = tag === undefined ? "none" : await ports.openTarget(host).lockOf(path, tag, signal);
    return whyLeft(record, { drift, lock, now: ports.now() });
  } catch (error) {
    const failure = toFailure(error, `reading the lock of ${formatReference(record.target)}`);
    if (failure.code === "internal" || failure.code === "canceled") throw failure;
    return `Whether it is locked cannot be told: ${failure.message}`;
  }
}

function driftEvent(
  record: ImportRecord,
  {
    drift: { found },
    reason,
    channels,
  }: { readonly drift: Drift; readonly reason: string; readonly channels: readonly string[] },
  now: Date,
): OutboxEntry {
  const at = now.toISOString();
  const key = createHash("sha256")
    .update(`${record.key} drifted ${at.slice(0, 10)}`)
    .digest("hex");
  const event = {
    key,
    kind: "drifted",
    at,
    watch: formatWatchId(record.watch),
    source: formatRepository(record.source),
    tag: record.tag,
    digest: record.digest,
    target: targetNameOf(record),
    reason,
    ...(found !== undefined && { previousDigest: found }),
  } as const;
  return { event, channels };
}
