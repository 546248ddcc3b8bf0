import type { Clock } from "../../model/clock.ts";
import { Failure } from "../../model/failure.ts";
import type { Deliveries, Delivery } from "../../stores/deliveries.ts";
import type { Ledger, LedgerEntry } from "../../stores/ledger.ts";
import type { Proposals } from "../../stores/proposals.ts";
import type { Queues } from "../../stores/queues.ts";
import type { Requests } from "../../stores/requests.ts";
import { checkDrift, type DriftPorts } from "../drift/check-drift.ts";
import { announceStale, type StalePorts } from "../poll/announce-stale.ts";
import { type AskForReferrersPorts, askForReferrers } from "../referrers/ask-for-referrers.ts";

export interface SweepPorts extends AskForReferrersPorts, DriftPorts, StalePorts {
  readonly ledger: Ledger;
  readonly deliveries: Deliveries;
  readonly proposals: Proposals;
  readonly requests: Requests;
  readonly queues: Queues;
  /** How long a worker may hold what it works on, in milliseconds: what stands still for longer has lost its worker. */
  readonly leaseMs: number;
  readonly now: Clock;
}

export interface SweepResult {
  /** Imports, outboxes and channels whose message was lost, and sent again. */
  readonly revived: number;
  /** Imported tags that no longer have their digest at the target. */
  readonly drifted: number;
  /** Watches that have not been checked for long; 1 when it is the schedule or the queue that stands still. */
  readonly stale: number;
}

const minuteMs = 60_000;
// Longer than any delay between two hops (retries wait up to 72 minutes), so that a live message is rarely doubled; a doubled
// one is stale at its next hop and ends there.
const pendingStandstillMs = 90 * minuteMs;
const keepSentMs = 7 * 24 * 60 * minuteMs;
const keepRequestsMs = 24 * 60 * minuteMs;

/** Every five minutes: raises the alarm for stale checks, sends again what lost its message, looks for drift at the target, forgets what is old. */
export async function sweep(ports: SweepPorts, signal: AbortSignal): Promise<SweepResult> {
  return { ...(await revive(ports, signal)), drifted: await checkDrift(ports, signal) };
}

/** All of a sweep but the look at the target. */
export async function revive(ports: SweepPorts, signal: AbortSignal): Promise<Omit<SweepResult, "drifted">> {
  const now = ports.now();
  const stale = await announceStale(ports, signal);
  let revived = 0;
  for await (const entry of ports.ledger.open(signal)) {
    if (!standsStill(entry, { leaseMs: ports.leaseMs, now })) continue;
    const { watch, key, hop } = entry.record;
    await ports.queues.import({ watch, key, hop }, { signal });
    await touch(entry, ports.ledger, signal);
    revived += 1;
  }
  for (const partition of await ports.ledger.waitingOutboxes(ports.leaseMs, signal)) {
    await ports.queues.notify({ kind: "relay", partition }, { signal });
    revived += 1;
  }
  for (const { proposal, lease, ageMs } of await ports.proposals.applying(signal)) {
    if (lease === "held" || ageMs < 2 * ports.leaseMs) continue;
    await ports.queues.retention({ proposal: proposal.id }, { signal });
    revived += 1;
  }
  revived += await reviveChannels(ports, now, signal);
  await ports.requests.prune(new Date(now.getTime() - keepRequestsMs), signal);
  await askForReferrers(ports, signal);
  return { revived, stale };
}

/** A revived import counts as moving, so that a backlog is not sent again at every sweep. */
async function touch(entry: LedgerEntry, ledger: Ledger, signal: AbortSignal): Promise<void> {
  try {
    await ledger.update(entry, entry.record, { signal });
  } catch (error) {
    // It moved by itself meanwhile.
    if (!(error instanceof Failure) || error.code !== "conflict") throw error;
  }
}

/** Pure: whether an open import has been left alone for longer than its next hop could take. */
export function standsStill(
  { record, ageMs, lease }: LedgerEntry,
  { leaseMs, now }: { readonly leaseMs: number; readonly now: Date },
): boolean {
  if (lease === "held") return false;
  if (record.dueAt !== undefined && now.getTime() - record.dueAt.getTime() < 2 * leaseMs) return false;
  // Only an import that was put off, which has its reason, and is not in a dead worker's hands, waits for longer.
  const waits =
    lease === "none" && (record.reason !== undefined || (record.state === "pending" && record.attempts > 0));
  // A running import asks again within minutes, and a fresh one starts at once.
  return ageMs > (waits ? pendingStandstillMs : 2 * leaseMs);
}

async function reviveChannels(ports: SweepPorts, now: Date, signal: AbortSignal): Promise<number> {
  const late = new Set<string>();
  for await (const delivery of ports.deliveries.all(signal)) {
    if (isLate(delivery, now, ports.leaseMs)) late.add(delivery.channel);
    const ended = delivery.state === "sent" || delivery.state === "failed";
    if (ended && delivery.ageMs > keepSentMs) await ports.deliveries.remove(delivery, signal);
  }
  for (const channel of late) await ports.queues.notify({ kind: "flush", channel }, { signal });
  return late.size;
}

function isLate({ state, dueAt, ageMs }: Delivery, now: Date, leaseMs: number): boolean {
  if (state === "due") return now.getTime() - dueAt.getTime() > leaseMs;
  return state === "sending" && ageMs > leaseMs;
}
