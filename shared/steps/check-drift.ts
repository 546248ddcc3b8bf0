import { createHash } from "node:crypto";
import { type ImportRecord, isOpen, targetNameOf } from "../documents/import-record.ts";
import type { Watch } from "../documents/watch.ts";
import { formatWatchId, type WatchId, watchKey } from "../documents/watch-id.ts";
import { readsThrough } from "../methods/members.ts";
import { mapConcurrent } from "../model/concurrency.ts";
import type { Digest } from "../model/digest.ts";
import { Failure, toFailure } from "../model/failure.ts";
import { formatReference, formatRepository } from "../model/reference.ts";
import type { Ledger, LedgerEntry, OutboxEntry } from "../stores/ledger.ts";
import type { WatchStates } from "../stores/watch-states.ts";
import type { Watches } from "../stores/watches.ts";
import { missingParts } from "./missing-parts.ts";
import { type Drift, describeDrift, type RepairPorts, repairDrift, whyLeft } from "./repair-drift.ts";

export interface DriftPorts extends RepairPorts {
  readonly watches: Watches;
  readonly states: WatchStates;
  readonly channels: readonly string[];
}

const slotMs = 5 * 60_000;
const slotsPerDay = 288;
const questionsAtOnce = 4;

/**
 * Looks at the target for the imported tags of those watches whose turn it is: each watch once a day. A tag that is gone
 * or has another digest is reported, once a day while it lasts, and mended if the watch says so. Each day one of the watch's
 * indexes is asked for all that it names, in turns.
 */
export async function checkDrift(ports: DriftPorts, signal: AbortSignal): Promise<number> {
  const slots = Math.floor(ports.now().getTime() / slotMs);
  let drifted = 0;
  for (const row of await ports.watches.all(signal)) {
    if (row.kind === "rejected" || row.watch.enabled === "no") continue;
    if (!hasTurn(row.watch, ports.now())) continue;
    const { current, coming } = await importsOf(row.watch, ports.ledger, signal);
    const whole = current[Math.floor(slots / slotsPerDay) % current.length];
    const found = await mapConcurrent(current, questionsAtOnce, async (entry) => {
      const drift = await driftOf(entry.record, entry === whole ? "whole" : "tag", ports, signal);
      if (drift?.found !== undefined && coming.has(placeOf(entry.record, drift.found))) return undefined;
      return drift && { entry, drift };
    });
    for (const each of found)
      if (each !== undefined && (await report(row.watch, each, ports, signal))) drifted += 1;
  }
  return drifted;
}

/** Pure: whether this is the watch's five minutes of the day. */
export function hasTurn(watch: WatchId, now: Date): boolean {
  return slotOf(watch) === Math.floor(now.getTime() / slotMs) % slotsPerDay;
}

/** Pure: in which of the day's 288 five-minute slots a watch is checked. */
export function slotOf(watch: WatchId): number {
  return createHash("sha256").update(watchKey(watch)).digest().readUInt32BE(0) % slotsPerDay;
}

interface Imports {
  /** The last finished import of each target tag: earlier digests of a floating tag are history, not drift. */
  readonly current: readonly LedgerEntry[];
  /** Where open imports bring in what: a tag has it a moment before the ledger says so. */
  readonly coming: ReadonlySet<string>;
}

async function importsOf(watch: WatchId, ledger: Ledger, signal: AbortSignal): Promise<Imports> {
  const latest = new Map<string, LedgerEntry>();
  const coming = new Set<string>();
  for await (const entry of ledger.ofWatch(watch, signal)) {
    const { record } = entry;
    const { endedAt, target, digest } = record;
    if (isOpen(record)) coming.add(placeOf(record, digest));
    if (record.state !== "done" || endedAt === undefined || !canBeAsked(record)) continue;
    const name = targetNameOf({ target, digest });
    const known = latest.get(name)?.record.endedAt;
    if (known === undefined || known < endedAt) latest.set(name, entry);
  }
  return { current: [...latest.values()], coming };
}

/** What a site has cannot be asked from here: its receipts tell. A cache rule's target answers from upstream. */
function canBeAsked({ method }: ImportRecord): boolean {
  return method !== "bundle" && !readsThrough(method);
}

function placeOf({ target }: ImportRecord, digest: Digest): string {
  return `${targetNameOf({ target, digest })} ${digest}`;
}

async function driftOf(
  record: ImportRecord,
  depth: "tag" | "whole",
  { openTarget }: DriftPorts,
  signal: AbortSignal,
): Promise<Drift | undefined> {
  const { host, path, tag } = record.target;
  try {
    const registry = openTarget(host);
    const found = await registry.headManifest(path, tag ?? record.digest, signal);
    if (found === undefined) return { kind: "gone" };
    if (found.digest !== record.digest) return { kind: "overwritten", found: found.digest };
    if (depth === "tag") return undefined;
    return (await missingParts(record, registry, signal)).length === 0 ? undefined : { kind: "incomplete" };
  } catch (error) {
    // A target that cannot be asked today is no drift; imports report its trouble.
    if (error instanceof Failure && error.code !== "internal") return undefined;
    throw error;
  }
}

/** Whether it was told; not when the import has changed since it was read. */
async function report(
  watch: Watch,
  { entry, drift }: { readonly entry: LedgerEntry; readonly drift: Drift },
  ports: DriftPorts,
  signal: AbortSignal,
): Promise<boolean> {
  const { record } = entry;
  const left = await whyNotMended(watch, record, drift, ports, signal);
  const reason = `${describeDrift(record, drift)}. ${left ?? "It is being repaired"}`;
  const channels = watch.notify ?? ports.channels;
  const announce = driftEvent(record, { drift, reason, channels }, ports.now());
  if (left === undefined) return (await repairDrift(entry, { drift, announce }, ports, signal)) === "begun";
  const partition = watchKey(record.watch);
  await ports.ledger.announce(partition, announce, signal);
  await ports.queues.notify({ kind: "relay", partition }, { signal });
  return true;
}

/** An import keeps a tag that it finds with another digest: that one has to go first. */
const advice: Readonly<Record<Drift["kind"], string>> = {
  gone: "Ask for the import anew to mend it",
  overwritten: "To mend it remove that tag, then ask for the import anew",
  incomplete: "To mend it remove that tag, then ask for the import anew",
};

async function whyNotMended(
  watch: Watch,
  record: ImportRecord,
  drift: Drift,
  ports: DriftPorts,
  signal: AbortSignal,
): Promise<string | undefined> {
  const states = await ports.states.some(watch.source.host, [watch], signal);
  const known = states.get(watchKey(watch))?.state.known;
  if (drift.found !== undefined && known?.get(record.tag) === drift.found)
    return "It is what its watch follows under this tag now, so that it is left: see what became of the import of that digest";
  if (watch.handling.drift === "report") return advice[drift.kind];
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
