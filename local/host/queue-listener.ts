import { type DequeuedMessageItem, QueueClient } from "@azure/storage-queue";
import { statusOf } from "../../shared/azure/failures.ts";
import type { Log } from "../log.ts";
import type { HostedFunction, Trigger } from "./bindings.ts";
import { createInFlight } from "./in-flight.ts";
import type { Invoker } from "./invoke.ts";
import type { Listener } from "./listener.ts";
import { holdLease, leaseSeconds } from "./queue-lease.ts";
import { decodeBody, queueInvocation } from "./queue-message.ts";
import type { QueueSettings } from "./settings.ts";
import { storageRetries } from "./storage-retries.ts";

export type QueueFunction = HostedFunction<Extract<Trigger, { readonly kind: "queue" }>>;

export interface QueueListenerOptions {
  readonly hosted: QueueFunction;
  readonly settings: QueueSettings;
  /** How long a message stays invisible while its function runs; renewed at half. */
  readonly leaseMs: number;
  readonly invoker: Invoker;
  readonly log: Log;
}

const firstPauseMs = 100;

/**
 * Feeds a function from its queue as the real host does: leases, retries, then `<queue>-poison`. A queue that does not
 * exist yet is an empty one. Source: QueueProcessor.cs in https://github.com/Azure/azure-sdk-for-net
 */
export function listenToQueue(options: QueueListenerOptions): Listener {
  const { hosted, settings, leaseMs, log } = options;
  const { name, connectionString } = hosted.trigger.queue;
  const queue = new QueueClient(connectionString, name, storageRetries);
  const stopping = new AbortController();
  const inFlight = createInFlight();
  let isFailing = false;

  const receive = async (): Promise<readonly DequeuedMessageItem[]> => {
    try {
      const { receivedMessageItems } = await queue.receiveMessages({
        numberOfMessages: settings.batchSize,
        visibilityTimeout: leaseSeconds(leaseMs),
      });
      isFailing = false;
      return receivedMessageItems;
    } catch (error) {
      if (statusOf(error) !== 404 && !isFailing) {
        isFailing = true;
        log("warn", `The queue ${queue.name} cannot be read; trying on`, { status: statusOf(error) ?? 0 });
      }
      return [];
    }
  };

  const poll = async (): Promise<void> => {
    let pauseMs = firstPauseMs;
    while (!stopping.signal.aborted) {
      const messages = await receive();
      for (const message of messages) void inFlight.track(processMessage(queue, message, options));
      pauseMs = messages.length > 0 ? firstPauseMs : Math.min(pauseMs * 2, settings.maxPollingIntervalMs);
      if (messages.length === 0) await pause(pauseMs, stopping.signal);
      while (inFlight.size > settings.newBatchThreshold && !stopping.signal.aborted) await inFlight.oneDone();
    }
  };

  const polling = poll();
  return {
    get running() {
      return inFlight.size;
    },
    stop: async () => {
      stopping.abort();
      await polling;
      await inFlight.allDone();
    },
  };
}

/** One message from lease to deletion. Never throws: what goes wrong is logged and the message comes again. */
async function processMessage(
  queue: QueueClient,
  message: DequeuedMessageItem,
  { hosted, settings, leaseMs, invoker, log }: QueueListenerOptions,
): Promise<void> {
  const lease = holdLease(queue, message, { leaseMs, log });
  // The poison queue's own failures have nowhere to go: they stay invisible until their lease ends.
  const poison = queue.name.endsWith("-poison") ? undefined : `${queue.name}-poison`;
  const bury = async (why: string): Promise<void> => {
    if (poison === undefined) return;
    log("warn", `A message of ${queue.name} goes to ${poison}: ${why}`, { messageId: message.messageId });
    await copyTo(
      new QueueClient(hosted.trigger.queue.connectionString, poison, storageRetries),
      message.messageText,
    );
    await queue.deleteMessage(message.messageId, await lease.release());
  };
  try {
    const body = decodeBody(message.messageText);
    if (body === undefined) return await bury("its body is not base64");
    // Only a worker that dies can get it here: the last failed try is buried below.
    if (message.dequeueCount > settings.maxDequeueCount) return await bury("its tries are used up");
    if (await succeeds(invoker.invoke(hosted, queueInvocation(hosted, message, body)))) {
      await queue.deleteMessage(message.messageId, await lease.release());
    } else if (message.dequeueCount >= settings.maxDequeueCount) {
      await bury(`it failed ${message.dequeueCount} times`);
    } else if (poison !== undefined) {
      const delay = Math.ceil(settings.visibilityTimeoutMs / 1000);
      await queue.updateMessage(message.messageId, await lease.release(), undefined, delay);
    }
  } catch (error) {
    const gone = statusOf(error) === 404;
    const why = gone ? "its lease was lost" : error instanceof Error ? error.name : "unknown";
    log("warn", `A message of ${queue.name} could not be settled: ${why}; it may come again`, {
      messageId: message.messageId,
    });
  } finally {
    await lease.release();
  }
}

async function copyTo(queue: QueueClient, messageText: string): Promise<void> {
  await queue.createIfNotExists();
  await queue.sendMessage(messageText, { messageTimeToLive: -1 });
}

async function succeeds(run: Promise<unknown>): Promise<boolean> {
  try {
    await run;
    return true;
  } catch {
    return false; // The invoker has logged it.
  }
}

function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const end = (): void => {
      clearTimeout(timer);
      signal.removeEventListener("abort", end);
      resolve();
    };
    const timer = setTimeout(end, ms);
    signal.addEventListener("abort", end);
    if (signal.aborted) end();
  });
}
