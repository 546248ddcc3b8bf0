import { type ImportRecord, isOpen, targetNameOf } from "../../documents/import-record.ts";
import type { Watch } from "../../documents/watch.ts";
import { formatWatchId, type WatchId } from "../../documents/watch-id.ts";
import { readsThrough } from "../../methods/members.ts";
import { mapConcurrent } from "../../model/concurrency.ts";
import type { Digest } from "../../model/digest.ts";
import { Failure } from "../../model/failure.ts";
import type { Ledger, LedgerEntry } from "../../stores/ledger.ts";
import { missingParts } from "../import/missing-parts.ts";
import type { Drift } from "./repair-drift.ts";
import { type ReportDriftPorts, reportDrift } from "./report-drift.ts";

export type LookPorts = ReportDriftPorts;

/** What a look at the target found of one watch. */
export interface WatchLook {
  readonly watch: string;
  /** Imported tags, and digests of referrers, that were asked for. */
  readonly looked: number;
  readonly drifted: readonly FoundDrift[];
  /** Those that the target was not able to tell of, with the first reason. */
  readonly unasked?: { readonly count: number; readonly reason: string };
}

export interface FoundDrift {
  readonly image: string;
  readonly kind: Drift["kind"];
  readonly digest: Digest;
  /** What stands there instead. */
  readonly found?: Digest;
  /** What is wrong, and what is done about it or is to be done. */
  readonly reason: string;
}

const questionsAtOnce = 4;

/**
 * Asks the target for all that the watch has brought in, reports what is not as it was, and mends it if the watch says so.
 * `whole`: which of so many indexes are asked for all that they name.
 */
export async function lookAtTarget(
  watch: Watch,
  whole: (at: number, of: number) => boolean,
  ports: LookPorts,
  signal: AbortSignal,
): Promise<WatchLook> {
  const { current, coming } = await importsOf(watch, ports.ledger, signal);
  const looks = await mapConcurrent([...current.entries()], questionsAtOnce, async ([at, entry]) => {
    const depth = whole(at, current.length) ? "whole" : "tag";
    return { entry, look: await driftOf(entry.record, depth, ports, signal) };
  });
  const drifted: FoundDrift[] = [];
  const unasked: string[] = [];
  for (const { entry, look } of looks) {
    if (look === undefined) continue;
    if (look.kind === "unasked") {
      unasked.push(look.reason);
      continue;
    }
    const { record } = entry;
    const { kind, found } = look;
    if (found !== undefined && coming.has(placeOf(record, found))) continue;
    const reason = await reportDrift(watch, { entry, drift: look }, ports, signal);
    if (reason === undefined) continue;
    const { digest } = record;
    drifted.push({ image: targetNameOf(record), kind, digest, ...(found && { found }), reason });
  }
  const [reason] = unasked;
  return {
    watch: formatWatchId(watch),
    looked: current.length,
    drifted,
    ...(reason !== undefined && { unasked: { count: unasked.length, reason } }),
  };
}

interface Unasked {
  readonly kind: "unasked";
  readonly reason: string;
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
  { openTarget }: Pick<LookPorts, "openTarget">,
  signal: AbortSignal,
): Promise<Drift | Unasked | undefined> {
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
    if (error instanceof Failure && error.code !== "internal")
      return { kind: "unasked", reason: error.message };
    throw error;
  }
}
