import type { DequeuedMessageItem, QueueClient } from "@azure/storage-queue";
import { statusOf } from "../../shared/azure/failures.ts";
import type { Log } from "../log.ts";

/** The service counts invisibility in whole seconds, at least one. */
export function leaseSeconds(leaseMs: number): number {
  return Math.max(1, Math.ceil(leaseMs / 1000));
}

/** Renews the message's invisibility at half of the lease; `release` ends that and gives the receipt to settle with. */
export function holdLease(
  queue: QueueClient,
  message: DequeuedMessageItem,
  { leaseMs, log }: { readonly leaseMs: number; readonly log: Log },
): { release(): Promise<string> } {
  let receipt = message.popReceipt;
  let renewal = Promise.resolve();
  const renew = async (): Promise<void> => {
    try {
      const renewed = await queue.updateMessage(message.messageId, receipt, undefined, leaseSeconds(leaseMs));
      receipt = renewed.popReceipt ?? receipt;
    } catch (error) {
      log("warn", `A message of ${queue.name} could not be kept invisible`, { status: statusOf(error) ?? 0 });
    }
  };
  const timer = setInterval(() => {
    renewal = renewal.then(renew);
  }, leaseMs / 2);
  return {
    release: async () => {
      clearInterval(timer);
      await renewal;
      return receipt;
    },
  };
}
