import { createHash } from "node:crypto";
import { parseImportMessage } from "../documents/messages.ts";
import type { Clock } from "../model/clock.ts";
import { Failure } from "../model/failure.ts";
import type { DeadLetters } from "../stores/dead-letters.ts";
import type { Ledger } from "../stores/ledger.ts";
import type { QueueName, Queues } from "../stores/queues.ts";
import { systemPartition } from "./announce-rejected.ts";
import { eventOf } from "./import-events.ts";

export interface BuryPorts {
  readonly deadLetters: DeadLetters;
  readonly ledger: Ledger;
  readonly queues: Queues;
  readonly channels: readonly string[];
  readonly now: Clock;
}

/**
 * Records a message that its step failed to process five times, or that cannot be read. An import that it was about ends as
 * failed. Everything is keyed by the message, so a repeat changes nothing.
 */
export async function bury(
  queue: QueueName,
  body: unknown,
  ports: BuryPorts,
  signal: AbortSignal,
): Promise<void> {
  const text = typeof body === "string" ? body : JSON.stringify(body);
  const key = createHash("sha256").update(`${queue}\n${text}`).digest("hex");
  const at = ports.now();
  await ports.deadLetters.add({ key, queue, body: text, at }, signal);
  const watch = queue === "import" ? await endImport(body, ports, signal) : undefined;
  const event = {
    key,
    kind: "dead-letter",
    at: at.toISOString(),
    ...(watch && { watch }),
    reason: `A message in the queue ${queue} could not be processed and was set aside as dead letter ${key.slice(0, 12)}. The log of the function ${queue} says why.`,
  } as const;
  await ports.ledger.announce(systemPartition, { event, channels: ports.channels }, signal);
  await ports.queues.notify({ kind: "relay", partition: systemPartition }, { signal });
}

/** Ends the import that a dead message was about; returns its watch. */
async function endImport(
  body: unknown,
  { ledger, queues, now }: BuryPorts,
  signal: AbortSignal,
): Promise<string | undefined> {
  const message = readable(body);
  const entry = message && (await ledger.get(message.watch, message.key, signal));
  if (entry === undefined) return undefined;
  const { watch, state, hop } = entry.record;
  if (state === "pending" || state === "running") {
    const { lease: _, operation: __, deadline: ___, ...rest } = entry.record;
    const reason =
      "Its message failed again and again. The log of the function import says why; ask for the import anew to retry.";
    const failed = { ...rest, state: "failed", hop: hop + 1, endedAt: now(), reason } as const;
    const told = { event: eventOf(failed, "failed"), channels: failed.notify };
    await ledger.update(entry, failed, { signal, announce: told });
    await queues.notify({ kind: "relay", partition: `${watch.group}~${watch.name}` }, { signal });
  }
  return `${watch.group}/${watch.name}`;
}

function readable(body: unknown) {
  try {
    return parseImportMessage(body);
  } catch (error) {
    if (error instanceof Failure) return undefined;
    throw error;
  }
}
