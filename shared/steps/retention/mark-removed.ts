import { createHash } from "node:crypto";
import type { ImportRecord } from "../../documents/import-record.ts";
import { isStill, type Proposal, type ProposalItem } from "../../documents/proposal.ts";
import { watchKey } from "../../documents/watch-id.ts";
import type { Digest } from "../../model/digest.ts";
import type { Event } from "../../model/event.ts";
import { Failure } from "../../model/failure.ts";
import { formatReference, formatRepository } from "../../model/reference.ts";
import type { OutboxEntry } from "../../stores/ledger.ts";
import type { Queues } from "../../stores/queues.ts";
import { eventOf } from "../events/import-events.ts";
import { type EvidencePort, recordEvidence } from "../import/record-evidence.ts";
import type { ProposePorts } from "./propose-removal.ts";
import type { Snapshot } from "./read-repository.ts";
import type { Claims } from "./removal-claims.ts";

export interface RemovePorts extends ProposePorts, EvidencePort {
  readonly queues: Queues;
  readonly channels: readonly string[];
}

const mostTries = 5;

/**
 * Writes down that what is gone from the target was removed, in whichever watch's import it stands, with its referrers; and tells
 * people once for each item.
 */
export async function markRemoved(
  items: readonly ProposalItem[],
  { proposal, claims, snapshot }: { proposal: Proposal; claims: Claims; snapshot: Snapshot },
  ports: RemovePorts,
  signal: AbortSignal,
): Promise<void> {
  const [first] = items;
  if (first === undefined) return;
  const records = claims.byRepository.get(formatRepository(first.target)) ?? [];
  const gone = new Set<Digest>(
    items.flatMap(({ manifests }) => manifests.filter((each) => !snapshot.read.has(each))),
  );
  const told = new Set<ProposalItem>();
  for (const record of records) {
    const { tag } = record.target;
    const isGone =
      tag === undefined
        ? gone.has(record.digest)
        : record.digest === first.digest && snapshot.tags.get(tag) !== record.digest;
    if (record.state !== "done" || !isGone) continue;
    const item = items.find(
      ({ watch, key }) => key === record.key && watchKey(watch) === watchKey(record.watch),
    );
    if (item !== undefined) told.add(item);
    await mark(record, { proposal, ...(item && { item }) }, ports, signal);
  }
  for (const item of items) {
    const record = records.find(
      ({ watch, key }) => key === item.key && watchKey(watch) === watchKey(item.watch),
    );
    if (told.has(item) || record === undefined) continue;
    await ports.ledger.announce(watchKey(item.watch), outboxEntry(record, { item, proposal }, ports), signal);
  }
  for (const partition of new Set(items.map(({ watch }) => watchKey(watch))))
    await ports.queues.notify({ kind: "relay", partition }, { signal });
}

async function mark(
  known: ImportRecord,
  { item, proposal }: { readonly item?: ProposalItem; readonly proposal: Proposal },
  ports: RemovePorts,
  signal: AbortSignal,
): Promise<void> {
  for (let tries = 1; ; tries += 1) {
    const entry = await ports.ledger.get(known.watch, known.key, signal);
    // An earlier try has marked it, or somebody has asked for it again meanwhile.
    if (entry === undefined || !isStill(known, entry.record)) return;
    const { record } = entry;
    const reason = `Removed from the target by the proposal ${proposal.id}, which ${proposal.appliedBy} applied`;
    const next: ImportRecord = {
      ...record,
      state: "removed",
      hop: record.hop + 1,
      endedAt: ports.now(),
      reason,
    };
    await recordEvidence(next, {}, ports, signal);
    const announce = item && outboxEntry(record, { item, proposal }, ports);
    try {
      await ports.ledger.update(entry, next, { signal, ...(announce && { announce }) });
      return;
    } catch (error) {
      if (!(error instanceof Failure) || error.code !== "conflict" || tries === mostTries) throw error;
    }
  }
}

function outboxEntry(
  record: ImportRecord,
  { item, proposal }: { readonly item: ProposalItem; readonly proposal: Proposal },
  { now, channels }: Pick<RemovePorts, "now" | "channels">,
): OutboxEntry {
  const { target, digest } = item;
  const event: Event = {
    ...eventOf(record, "removed"),
    key: createHash("sha256").update(`${proposal.id} ${item.number} removed`).digest("hex"),
    at: now().toISOString(),
    digest,
    target: formatReference(target.tag === undefined ? { ...target, digest } : target),
    reason: `${item.reason}; ${proposal.appliedBy} applied the proposal ${proposal.id}`,
  };
  return { event, channels: record.notify.length > 0 ? record.notify : channels };
}
