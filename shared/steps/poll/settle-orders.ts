import { isDeepStrictEqual } from "node:util";
import { type ImportRecord, openedAgain } from "../../documents/import-record.ts";
import { type WatchId, watchKey } from "../../documents/watch-id.ts";
import { lastDecision } from "../../gates/decision.ts";
import { mapConcurrent } from "../../model/concurrency.ts";
import type { Ledger, NewEntry } from "../../stores/ledger.ts";
import type { Queues } from "../../stores/queues.ts";
import type { PollDecision } from "./poll-decision.ts";
import { holdAgain, prepareMoved } from "./settle-moved.ts";

export interface SettlePorts {
  readonly ledger: Ledger;
  readonly queues: Queues;
}

const messagesAtOnce = 8;

/**
 * Puts what a poll decided into the ledger and sends an import message for each order, also for orders that the ledger
 * had already: an earlier try may have crashed in between, and a message too many is harmless.
 */
export async function settleOrders(
  watch: WatchId,
  { orders, moved, slot }: Pick<PollDecision, "orders" | "moved"> & { readonly slot: Date },
  { ledger, queues }: SettlePorts,
  signal: AbortSignal,
): Promise<void> {
  if (orders.length + moved.length === 0) return;
  const held = await mapConcurrent(moved, messagesAtOnce, (record) => prepareMoved(record, ledger, signal));
  const entries = [...orders.map((record): NewEntry => ({ record })), ...held];
  const added = new Set((await ledger.add(entries, signal)).map(({ key }) => key));
  await mapConcurrent(orders, messagesAtOnce, async (record) => {
    const hop = added.has(record.key) ? 0 : await reopen(record, slot, ledger, signal);
    await queues.import({ watch: record.watch, key: record.key, hop }, { signal });
  });
  const known = held.filter(({ record }) => !added.has(record.key));
  await mapConcurrent(known, messagesAtOnce, (entry) => holdAgain(entry, ledger, signal));
  if (moved.length > 0) await queues.notify({ kind: "relay", partition: watchKey(watch) }, { signal });
}

const reopened: ReadonlySet<ImportRecord["state"]> = new Set(["failed", "overtaken", "removed"]);

/**
 * An import that the ledger has already is opened again when it failed (its watch was changed since, or its tag came back),
 * or when a floating tag came back to a digest that it had before or passed over. Returns the hop that the message must name.
 */
async function reopen(
  record: ImportRecord,
  slot: Date,
  ledger: Ledger,
  signal: AbortSignal,
): Promise<number> {
  const entry = await ledger.get(record.watch, record.key, signal);
  if (entry === undefined) return 0;
  const { hop, state, demands } = entry.record;
  const again =
    reopened.has(state) ||
    (state === "done" && record.existing === "replace") ||
    // A changed watch may demand more, or less.
    ((state === "waiting" || state === "denied") && !isDeepStrictEqual(demands, record.demands));
  if (!again || failedSince(slot, entry.record, record)) return hop;
  if (lastDecision(entry.record.decisions, "refuse") !== undefined) return hop;
  const next = openedAgain(entry.record, record);
  await ledger.update(entry, next, { signal });
  return next.hop;
}

/** A poll that is repeated, since its worker died, must not try again, and tell again, what failed after its first try. */
function failedSince(slot: Date, before: ImportRecord, next: ImportRecord): boolean {
  const { state, endedAt } = before;
  if (state !== "failed" || endedAt === undefined || endedAt < slot) return false;
  return isDeepStrictEqual(wantedBy(before), wantedBy(next));
}

function wantedBy({ method, existing, platforms, credential, handling, demands }: ImportRecord) {
  return { method, existing, platforms, credential, handling, demands };
}
