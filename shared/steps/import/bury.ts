import { createHash } from "node:crypto";
import { isOpen } from "../../documents/import-record.ts";
import { parseImportMessage } from "../../documents/messages.ts";
import { watchKey } from "../../documents/watch-id.ts";
import type { Clock } from "../../model/clock.ts";
import { Failure } from "../../model/failure.ts";
import type { DeadLetters } from "../../stores/dead-letters.ts";
import type { Ledger } from "../../stores/ledger.ts";
import type { QueueName, Queues } from "../../stores/queues.ts";
import { systemPartition } from "../events/announce-rejected.ts";
import { eventOf } from "../events/import-events.ts";
import { decideImport } from "./import-decision.ts";

export interface BuryPorts {
  readonly deadLetters: DeadLetters;
  readonly ledger: Ledger;
  readonly queues: Queues;
  readonly channels: readonly string[];
  readonly random: () => number;
  readonly deadlineMs: number;
  readonly now: Clock;
}

export interface BuryResult {
  /** `retried`: an import that has tries left goes on with a message of its own. */
  readonly kind: "buried" | "retried";
}

/**
 * Takes up a message that its step failed to process five times, or that cannot be read: an import's is one more failed try
 * of that import, the rest is kept as a dead letter. Everything is keyed by the message, so a repeat changes nothing.
 */
export async function bury(
  queue: QueueName,
  body: unknown,
  ports: BuryPorts,
  signal: AbortSignal,
): Promise<BuryResult> {
  if (queue === "import" && (await failImport(body, ports, signal)) === "goes-on") return { kind: "retried" };
  const text = typeof body === "string" ? body : JSON.stringify(body);
  const key = createHash("sha256").update(`${queue}\n${text}`).digest("hex");
  const at = ports.now();
  await ports.deadLetters.add({ key, queue, body: text, at }, signal);
  const event = {
    key,
    kind: "dead-letter",
    at: at.toISOString(),
    reason: `A message in the queue ${queue} could not be processed and was set aside as dead letter ${key.slice(0, 12)}. The log of the function ${queue} says why.`,
  } as const;
  await ports.ledger.announce(systemPartition, { event, channels: ports.channels }, signal);
  await ports.queues.notify({ kind: "relay", partition: systemPartition }, { signal });
  return { kind: "buried" };
}

// Its workers may have died through no fault of the import: that counts as one try, and the next is as good as any.
const failure = new Failure(
  "unavailable",
  "Its message failed five times, or its workers died: the log of the function import says more",
);

async function failImport(
  body: unknown,
  ports: BuryPorts,
  signal: AbortSignal,
): Promise<"goes-on" | "ended"> {
  const message = readable(body);
  const entry = message && (await ports.ledger.get(message.watch, message.key, signal));
  if (message === undefined || entry === undefined) return "ended";
  // The import has ended, or a message of a later hop carries it on.
  if (!isOpen(entry.record) || message.hop < entry.record.hop) return "goes-on";
  const context = { now: ports.now(), deadlineMs: ports.deadlineMs, random: ports.random() };
  const { record, delayMs, announce } = decideImport(entry.record, { kind: "failed", failure }, context);
  if (delayMs !== undefined) {
    await ports.queues.import({ watch: record.watch, key: record.key, hop: record.hop }, { signal, delayMs });
  }
  const told = announce && { event: eventOf(record, announce), channels: record.notify };
  await ports.ledger.update(entry, record, { signal, ...(told && { announce: told }) });
  if (told === undefined) return "goes-on";
  await ports.queues.notify({ kind: "relay", partition: watchKey(record.watch) }, { signal });
  return "ended";
}

function readable(body: unknown) {
  try {
    return parseImportMessage(body);
  } catch (error) {
    if (error instanceof Failure) return undefined;
    throw error;
  }
}
