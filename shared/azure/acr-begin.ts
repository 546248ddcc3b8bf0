import type { ContainerRegistryManagementClient } from "@azure/arm-containerregistry";
import { Failure } from "../model/failure.ts";
import type { AcrResourceState } from "./acr-cache-port.ts";
import type { AcrClient } from "./acr-client.ts";
import type { AcrCall } from "./acr-failure.ts";

interface BeginOptions {
  readonly abortSignal: AbortSignal;
  readonly onResponse: (response: { readonly status: number }) => void;
}

/**
 * Begins a change of a resource and does not wait for its end: the resource itself tells how it stands. The SDK's `begin` sends
 * the request and asks once about the operation; once the request was accepted, only what the operation says of its own failure
 * counts of that question.
 */
export async function begin(
  client: AcrClient,
  call: AcrCall,
  run: (sdk: ContainerRegistryManagementClient, options: BeginOptions) => Promise<unknown>,
): Promise<void> {
  let accepted = false;
  const onResponse: BeginOptions["onResponse"] = ({ status }) => {
    accepted ||= status < 300;
  };
  try {
    await client.call(call, (sdk) => run(sdk, { abortSignal: call.signal, onResponse }));
  } catch (error) {
    if (!accepted || !(error instanceof Failure)) throw error;
    // The poller's own error, without a status: the operation was asked about, and has failed.
    if (error.code === "internal") throw new Failure("invalid", error.message);
    if (error.code === "blocked" || error.code === "canceled") throw error;
  }
}

/** Undefined for a resource that there is not. */
export async function byName<T>(read: () => Promise<T>): Promise<T | undefined> {
  try {
    return await read();
  } catch (error) {
    if (error instanceof Failure && error.code === "not-found") return undefined;
    throw error;
  }
}

const states: Readonly<Record<string, AcrResourceState>> = {
  Succeeded: "ready",
  Failed: "failed",
  Canceled: "failed",
};

export function resourceState(provisioningState: string | undefined): AcrResourceState {
  return states[provisioningState ?? ""] ?? "changing";
}
