import { randomUUID } from "node:crypto";
import { type ImportRecord, type ImportState, isOpen } from "../../documents/import-record.ts";
import type { ImportMessage } from "../../documents/messages.ts";
import { watchKey } from "../../documents/watch-id.ts";
import type { GateResult } from "../../gates/gate.ts";
import type { Clock } from "../../model/clock.ts";
import { Failure, toFailure } from "../../model/failure.ts";
import { formatReference } from "../../model/reference.ts";
import type { Ledger, LedgerEntry } from "../../stores/ledger.ts";
import type { Queues } from "../../stores/queues.ts";
import { eventOf } from "../events/import-events.ts";
import type { PacePorts } from "../pace/pace.ts";
import { admitImport, heedRefusal } from "./admit-import.ts";
import { type AdvancePorts, advance } from "./advance-import.ts";
import { decideImport } from "./import-decision.ts";
import type { Outcome } from "./import-outcome.ts";
import { describeImport, type ImportView } from "./import-view.ts";
import { keepPrevious } from "./keep-previous.ts";
import { type LockPorts, lockRefusal, lockTarget } from "./lock-target.ts";
import { type GatesPort, passGates } from "./pass-gates.ts";
import { type EvidencePort, recordEvidence } from "./record-evidence.ts";

export interface ImportPorts extends AdvancePorts, EvidencePort, GatesPort, LockPorts, PacePorts {
  readonly ledger: Ledger;
  readonly queues: Queues;
  readonly now: Clock;
  readonly leaseMs: number;
  readonly deadlineMs: number;
}

export type ImportResult =
  /** Another message has done this hop, or the import has ended. */
  | { readonly kind: "stale" }
  /** Another worker holds the lease; the message comes back later. */
  | { readonly kind: "leased" }
  /** Where the import stood before this hop, what the hop came to, and where it stands now, as people see it. */
  | {
      readonly kind: "advanced";
      readonly from: ImportState;
      readonly outcome: Outcome["kind"];
      readonly import: ImportView;
    };

/** One hop of an import: lease, one call of its method, proof at the target when it says done, then the ledger. */
export async function importStep(
  message: ImportMessage,
  ports: ImportPorts,
  signal: AbortSignal,
): Promise<ImportResult> {
  const entry = await ports.ledger.get(message.watch, message.key, signal);
  if (entry === undefined) {
    throw new Failure(
      "not-found",
      `The ledger has no import ${watchKey(message.watch)} ${message.key}: was its row deleted?`,
    );
  }
  if (!isOpen(entry.record)) {
    // The worker that ended it may have died before it could say so.
    await ports.queues.notify({ kind: "relay", partition: watchKey(message.watch) }, { signal });
    return { kind: "stale" };
  }
  if (message.hop < entry.record.hop) return { kind: "stale" };
  const admitted = entry.lease === "held" ? undefined : await admitImport(entry.record, ports, signal);
  const leased = entry.lease === "held" ? undefined : await lease(entry, ports, signal);
  if (leased === undefined) {
    if (admitted?.kind === "pace") await admitted.close(signal);
    await ports.queues.import(message, { signal, delayMs: ports.leaseMs });
    return { kind: "leased" };
  }
  const began = entry.lease === "lapsed" || entry.record.attempts > 0 ? "before" : "now";
  const {
    outcome,
    gates,
    entry: reached,
  } = admitted?.kind === "put-off"
    ? { outcome: admitted, gates: leased.record.gates, entry: leased }
    : await attempt(leased, { began }, ports, signal);
  if (admitted?.kind === "pace") await admitted.close(signal);
  // A wait uses up no try, but what a dead worker had begun must not be forgotten over it.
  const attempts = outcome.kind === "put-off" && began === "before" ? 1 : 0;
  const record = { ...reached.record, attempts: Math.max(reached.record.attempts, attempts) };
  return finish({ entry: { ...reached, record }, outcome, gates }, ports, signal);
}

/** Decides what follows from a hop, sends it on and writes it down. */
async function finish(
  { entry, outcome, gates }: Attempted,
  ports: ImportPorts,
  signal: AbortSignal,
): Promise<ImportResult> {
  const context = { now: ports.now(), deadlineMs: ports.deadlineMs, random: ports.random() };
  const { record: decided, delayMs, announce } = decideImport(entry.record, outcome, context);
  const record = { ...decided, gates };
  // Emit before recording progress: a crash in between repeats the hop, and never loses it.
  if (delayMs !== undefined) {
    await ports.queues.import({ watch: record.watch, key: record.key, hop: record.hop }, { signal, delayMs });
  }
  if (isToBeFollowed(record)) {
    const { watch, key } = record;
    await ports.queues.follow(
      { kind: "image", watch, key, looks: 0, tries: 0 },
      { signal, delayMs: recordedWithinMs },
    );
  }
  const { repair } = entry.record;
  const proven = outcome.kind === "proven" ? { was: outcome.how, receipt: outcome.receipt, repair } : {};
  await recordEvidence(record, proven, ports, signal);
  const told = announce && { event: eventOf(record, announce), channels: record.notify };
  await ports.ledger.update(entry, record, { signal, ...(told && { announce: told }) });
  if (told !== undefined)
    await ports.queues.notify({ kind: "relay", partition: watchKey(record.watch) }, { signal });
  return {
    kind: "advanced",
    from: entry.record.state,
    outcome: outcome.kind,
    import: describeImport(record),
  };
}

// By then it is recorded that the image is in.
const recordedWithinMs = 2_000;

function isToBeFollowed({ state, subject, handling }: ImportRecord): boolean {
  return state === "done" && subject === undefined && handling.referrers.length > 0;
}

/** What a hop came to, what the gates said on the way, and the row as it was written last. */
interface Attempted {
  readonly entry: Leased;
  readonly outcome: Outcome;
  readonly gates: readonly GateResult[];
}

interface Leased {
  readonly record: ImportRecord;
  readonly etag: string;
}

/** Takes the lease by the row's etag; undefined when another worker was faster. */
async function lease(
  entry: LedgerEntry,
  ports: ImportPorts,
  signal: AbortSignal,
): Promise<Leased | undefined> {
  const record: ImportRecord = { ...entry.record, lease: randomUUID() };
  try {
    return { record, etag: await ports.ledger.update(entry, record, { signal }) };
  } catch (error) {
    if (error instanceof Failure && error.code === "conflict") return undefined;
    throw error;
  }
}

async function attempt(
  leased: Leased,
  options: { readonly began: "before" | "now" },
  ports: ImportPorts,
  signal: AbortSignal,
): Promise<Attempted> {
  let entry = leased;
  const { record } = leased;
  let { gates } = record;
  try {
    const passed = await passGates(record, ports, signal);
    gates = passed.results;
    if (passed.outcome !== undefined) return { entry, outcome: passed.outcome, gates };
    if (record.operation === undefined) {
      const failure = await lockRefusal(record, ports, signal);
      if (failure !== undefined) return { entry, outcome: { kind: "failed", failure }, gates };
      entry = await withPreviousKept(leased, ports, signal);
    }
    const outcome = await advance(entry.record, options, ports, signal);
    const isHere = outcome.kind === "proven" && outcome.receipt === undefined;
    if (isHere && record.handling.lock === "locked") {
      const locked = await lockTarget(record, ports, signal);
      return { entry, outcome: { ...outcome, ...(locked && { locked }) }, gates };
    }
    if (outcome.kind !== "failed") return { entry, outcome, gates };
    const { failure } = outcome;
    const heeded = await heedRefusal(record, { failure, operation: "ended" }, ports, signal);
    return { entry, outcome: heeded ?? outcome, gates };
  } catch (error) {
    const failure = toFailure(error, `importing ${formatReference({ ...record.source, tag: record.tag })}`);
    // The host is going down: the queue gives the message to another worker, which waits for the lease.
    if (failure.code === "canceled") throw failure;
    if (failure.code === "internal") {
      // A defect of ours: for the queue's own retries and then for the dead letters, which a lease would keep it from.
      const { lease: _, ...released } = entry.record;
      await ports.ledger.update(entry, { ...released, attempts: record.attempts + 1 }, { signal });
      throw failure;
    }
    const heeded = await heedRefusal(record, { failure, operation: "kept" }, ports, signal);
    if (heeded !== undefined) return { entry, outcome: heeded, gates };
    // Asking failed, which says nothing of what was asked about.
    if (record.operation !== undefined && failure.transient)
      return { entry, outcome: { kind: "unclear", failure }, gates };
    return { entry, outcome: { kind: "failed", failure }, gates };
  }
}

/** Where the tag's digest is kept is written down before the tag moves: afterwards nobody could tell. */
async function withPreviousKept(leased: Leased, ports: ImportPorts, signal: AbortSignal): Promise<Leased> {
  const kept = await keepPrevious(leased.record, ports, signal);
  const before = leased.record.keptAs ?? [];
  if (kept === undefined || before.some(({ tag, digest }) => tag === kept.tag && digest === kept.digest))
    return leased;
  const record = { ...leased.record, keptAs: [...before, kept] };
  return { record, etag: await ports.ledger.update(leased, record, { signal }) };
}
