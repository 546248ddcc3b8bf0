import { createHash } from "node:crypto";
import type { NotifyMessage } from "../../documents/messages.ts";
import type { Clock } from "../../model/clock.ts";
import { Failure, type FailureCode, toFailure } from "../../model/failure.ts";
import type { Notifier } from "../../notifiers/notifier.ts";
import type { Deliveries, Delivery } from "../../stores/deliveries.ts";
import type { Ledger } from "../../stores/ledger.ts";
import type { Queues } from "../../stores/queues.ts";

export interface NotifyPorts {
  readonly ledger: Ledger;
  readonly deliveries: Deliveries;
  readonly queues: Queues;
  /** Opens a channel by name; undefined when it is not configured (any more). */
  readonly channel: (name: string) => Notifier | undefined;
  /** How long events gather before they go out as one message, in milliseconds. */
  readonly windowMs: number;
  /** After this many milliseconds a claim belongs to a worker that died: longer than any notifier's own time limit. */
  readonly leaseMs: number;
  readonly now: Clock;
}

export type NotifyResult =
  | { readonly kind: "relayed"; readonly events: number }
  | { readonly kind: "sent"; readonly channel: string; readonly events: number }
  | { readonly kind: "nothing-due" }
  | { readonly kind: "put-off"; readonly channel: string; readonly reason: string };

/**
 * Two moves, so that many watches share one message: `relay` hands a partition's outbox to its channels, and `flush`
 * sends what has gathered in a channel. An event is forgotten at one place only after it stands at the next.
 */
export async function notify(
  message: NotifyMessage,
  ports: NotifyPorts,
  signal: AbortSignal,
): Promise<NotifyResult> {
  return message.kind === "relay"
    ? relay(message.partition, ports, signal)
    : flush(message.channel, ports, signal);
}

async function relay(partition: string, ports: NotifyPorts, signal: AbortSignal): Promise<NotifyResult> {
  const entries = await ports.ledger.outbox(partition, signal);
  const dueAt = new Date(ports.now().getTime() + ports.windowMs);
  for (const channel of new Set(entries.flatMap(({ channels }) => channels))) {
    const events = entries.filter(({ channels }) => channels.includes(channel)).map(({ event }) => event);
    await ports.deliveries.add(channel, events, { dueAt, signal });
    await ports.queues.notify({ kind: "flush", channel }, { signal, delayMs: ports.windowMs });
  }
  await ports.ledger.handedOver(
    partition,
    entries.map(({ event }) => event.key),
    signal,
  );
  return { kind: "relayed", events: entries.length };
}

// What one card or mail may hold, and what one table transaction may change.
const eventsPerMessage = 100;
const retryDelaysMs = [15_000, 60_000, 300_000, 1_200_000, 3_600_000, 14_400_000];

async function flush(name: string, ports: NotifyPorts, signal: AbortSignal): Promise<NotifyResult> {
  const now = ports.now();
  const open = await ports.deliveries.open(name, signal);
  const ready = open.filter((each) => isReady(each, now, ports.leaseMs));
  const message = nextMessage(ready);
  const claimed = open.filter((each) => each.state === "sending" && !isReady(each, now, ports.leaseMs));
  // A claimed event's worker may be dead: come back when its claim has lapsed.
  if (claimed.length > 0)
    await ports.queues.notify({ kind: "flush", channel: name }, { signal, delayMs: ports.leaseMs });
  if (message === undefined) {
    await comeBack(open, ports, signal);
    return { kind: "nothing-due" };
  }
  const delayMs = gatheringMs(open, message, { now, windowMs: ports.windowMs });
  if (delayMs !== undefined) {
    await ports.queues.notify({ kind: "flush", channel: name }, { signal, delayMs });
    return { kind: "nothing-due" };
  }
  try {
    await ports.deliveries.update(message.parts, { state: "sending", message: message.key }, signal);
  } catch (error) {
    if (!(error instanceof Failure) || error.code !== "conflict") throw error;
    // Another worker was faster, but it may have looked before the last of these were due.
    await ports.queues.notify({ kind: "flush", channel: name }, { signal, delayMs: 1000 });
    return { kind: "nothing-due" };
  }
  const result = await send(name, message, ports, signal);
  // More may have gathered than one message holds.
  if (result.kind === "sent" && ready.length > message.parts.length)
    await ports.queues.notify({ kind: "flush", channel: name }, { signal });
  return result;
}

interface Message {
  readonly key: string;
  readonly parts: readonly Delivery[];
}

/** The oldest events that are ready. What a dead worker may have sent stays one message, so that its key tells the repeat. */
function nextMessage(ready: readonly Delivery[]): Message | undefined {
  const claimed = ready[0]?.message;
  const parts = ready.filter(({ message }) => message === claimed).slice(0, eventsPerMessage);
  if (parts.length === 0) return undefined;
  const key = createHash("sha256")
    .update(parts.map(({ event }) => event.key).join(" "))
    .digest("hex");
  return { key, parts };
}

/**
 * Pure: how long to wait for events that fall due in a moment, so that a burst of imports makes one message and not one per
 * watch; undefined when there are none, when this is a retry, or when the oldest has waited for a second window already.
 */
function gatheringMs(
  open: readonly Delivery[],
  { parts }: Message,
  { now, windowMs }: { readonly now: Date; readonly windowMs: number },
): number | undefined {
  const isFirst = ({ state, attempts }: Delivery) => state === "due" && attempts === 0;
  const due = open.filter(isFirst).map(({ dueAt }) => dueAt.getTime());
  const [oldest, latest] = [Math.min(...due), Math.max(...due)];
  const waited = now.getTime() - oldest;
  if (!parts.every(isFirst) || latest <= now.getTime() || waited >= windowMs) return undefined;
  return Math.max(1000, Math.min(latest - now.getTime(), windowMs - waited));
}

/** A message that came a moment early, by its clock or ours, must not be the last to look at a first try. */
async function comeBack(open: readonly Delivery[], ports: NotifyPorts, signal: AbortSignal): Promise<void> {
  const first = open.find(({ state, attempts }) => state === "due" && attempts === 0);
  if (first === undefined) return;
  const delayMs = Math.max(1000, first.dueAt.getTime() - ports.now().getTime());
  await ports.queues.notify({ kind: "flush", channel: first.channel }, { signal, delayMs });
}

async function send(
  name: string,
  { key, parts }: Message,
  ports: NotifyPorts,
  signal: AbortSignal,
): Promise<NotifyResult> {
  const events = parts.map(({ event }) => event);
  // The claim has changed the etags, and only the claimant may write these rows until it lapses.
  const mine = parts.map((delivery) => ({ ...delivery, etag: "*" }));
  try {
    const channel = ports.channel(name);
    if (channel === undefined) {
      throw new Failure(
        "not-found",
        `The channel ${name} is not configured: set WHARFGATE_CHANNEL_${name.toUpperCase().replaceAll("-", "_")}`,
      );
    }
    await channel.send({ key, events }, signal);
  } catch (error) {
    return putOff(mine, toFailure(error, `notifying ${name}`), ports, signal);
  }
  await ports.deliveries.update(mine, { state: "sent" }, signal);
  return { kind: "sent", channel: name, events: events.length };
}

// A channel that was taken away, or a secret that has expired: somebody will mend it, and must then hear what happened.
const mendable: ReadonlySet<FailureCode> = new Set(["not-found", "unauthorized", "forbidden"]);
const giveUpMs = 7 * 24 * 3_600_000;

async function putOff(
  mine: readonly Delivery[],
  failure: Failure,
  ports: NotifyPorts,
  signal: AbortSignal,
): Promise<NotifyResult> {
  const attempts = Math.max(...mine.map((delivery) => delivery.attempts));
  const delay = retryDelaysMs[attempts] ?? Number(retryDelaysMs.at(-1));
  const oldest = Math.min(...mine.map(({ event }) => Date.parse(event.at)));
  const inTime = ports.now().getTime() - oldest < giveUpMs;
  const change = { attempts: attempts + 1, reason: failure.message };
  const channel = mine[0]?.channel ?? "";
  if ((failure.transient || mendable.has(failure.code)) && inTime) {
    const delayMs = Math.max(delay, failure.retryAfterMs ?? 0);
    const dueAt = new Date(ports.now().getTime() + delayMs);
    await ports.queues.notify({ kind: "flush", channel }, { signal, delayMs });
    await ports.deliveries.update(mine, { ...change, state: "due", dueAt }, signal);
  } else {
    await ports.deliveries.update(mine, { ...change, state: "failed" }, signal);
  }
  return { kind: "put-off", channel, reason: failure.message };
}

function isReady({ state, dueAt, ageMs }: Delivery, now: Date, claimMs: number): boolean {
  return state === "due" ? dueAt <= now : ageMs >= claimMs;
}
