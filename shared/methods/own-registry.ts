import type { Acr } from "../azure/acr-port.ts";
import { Failure } from "../model/failure.ts";
import type { ImportOrder } from "./method.ts";

/** Throws `invalid` when the order's target is another registry than the one that would receive the image. */
export async function requireOwnTarget(acr: Acr, order: ImportOrder, signal: AbortSignal): Promise<void> {
  const { loginServer } = await acr.describe(signal);
  if (order.target.host === loginServer) return;
  throw new Failure(
    "invalid",
    `the target ${order.target.host} is not the configured registry ${loginServer}: use the copy method, or change WHARFGATE_ACR_ID`,
  );
}
