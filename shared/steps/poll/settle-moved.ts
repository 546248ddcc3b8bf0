import { type ImportRecord, importKey, openedAgain, siteOf } from "../../documents/import-record.ts";
import { lastDecision } from "../../gates/decision.ts";
import { parseDigest, shortDigest } from "../../model/digest.ts";
import { formatReference } from "../../model/reference.ts";
import type { Ledger, NewEntry } from "../../stores/ledger.ts";
import { heldReason } from "../events/held-reason.ts";
import { eventOf } from "../events/import-events.ts";

/**
 * A version that upstream re-pushed, ready to be put into the ledger. What we saw before, if it still waits to come in, must not
 * do so by itself any more: nobody stands by it, upstream neither.
 */
export async function prepareMoved(
  record: ImportRecord,
  ledger: Ledger,
  signal: AbortSignal,
): Promise<NewEntry> {
  const told = await withFormer(record, ledger, signal);
  return { record: told, announce: { event: eventOf(told, "moved"), channels: told.notify } };
}

async function withFormer(record: ImportRecord, ledger: Ledger, signal: AbortSignal): Promise<ImportRecord> {
  const { previousDigest } = record;
  if (previousDigest === undefined) return record;
  const former = await ledger.get(
    record.watch,
    importKey({ ...record, digest: parseDigest(previousDigest), site: siteOf(record) }),
    signal,
  );
  if (former === undefined) return record;
  const { state, operation } = former.record;
  const notBegun = state === "waiting" || (state === "pending" && former.lease === "none" && !operation);
  if (notBegun) {
    const { dueAt: _, lease: __, ...rest } = former.record;
    const name = formatReference({ ...record.source, tag: record.tag });
    const reason = `Upstream re-pushed ${name} with another digest, ${shortDigest(record.digest)}, before this one was in.`;
    const ended = { ...rest, state: "overtaken", hop: rest.hop + 1, endedAt: record.seenAt, reason } as const;
    await ledger.update(former, ended, { signal });
  } else if (state === "done" || state === "running" || state === "pending") return record;
  const { previousDigest: ___, ...alone } = record;
  return { ...alone, reason: heldReason(record, { before: "absent" }) };
}

/** A tag that moved to a digest which had an import of its own before is held like any other, and told. */
export async function holdAgain(
  { record, announce }: NewEntry,
  ledger: Ledger,
  signal: AbortSignal,
): Promise<void> {
  const entry = await ledger.get(record.watch, record.key, signal);
  if (entry === undefined || !settled.has(entry.record.state)) return;
  if (lastDecision(entry.record.decisions, "refuse") !== undefined) return;
  // What was decided then was decided on another move.
  const held: ImportRecord = { ...openedAgain(entry.record, record), decisions: [] };
  const event = announce && { announce: { ...announce, event: eventOf(held, "moved") } };
  await ledger.update(entry, held, { signal, ...event });
}

const settled: ReadonlySet<ImportRecord["state"]> = new Set(["done", "failed", "overtaken", "removed"]);
