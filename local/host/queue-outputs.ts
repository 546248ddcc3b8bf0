import { QueueClient } from "@azure/storage-queue";
import { statusOf } from "../../shared/azure/failures.ts";
import { Failure } from "../../shared/model/failure.ts";
import type { HostedFunction, QueueAddress } from "./bindings.ts";
import type { RpcInvocationResponse, RpcTypedData } from "./rpc.ts";
import { storageRetries } from "./storage-retries.ts";

/** Sends what a function returned or set for its queue outputs: a list as one message each, objects as indented JSON. */
export async function writeQueueOutputs(
  { queueOutputs }: HostedFunction,
  { outputData = [], returnValue }: RpcInvocationResponse,
): Promise<void> {
  for (const [binding, queue] of queueOutputs) {
    const data = binding === "$return" ? returnValue : outputData.find(({ name }) => name === binding)?.data;
    for (const body of bodiesOf(data)) await send(queue, body);
  }
}

/** The bodies, before base64, that a binding's value makes. */
export function bodiesOf(data: RpcTypedData | null | undefined): readonly (string | Uint8Array)[] {
  if (data === null || data === undefined) return [];
  if (data.bytes) return [data.bytes];
  if (typeof data.json === "string") {
    const value: unknown = JSON.parse(data.json);
    return (Array.isArray(value) ? value : [value]).map((item: unknown) =>
      typeof item === "string" ? item : JSON.stringify(item, null, 2),
    );
  }
  const scalar = data.string ?? data.int ?? data.double;
  return scalar === null || scalar === undefined ? [] : [String(scalar)];
}

async function send({ name, connectionString }: QueueAddress, body: string | Uint8Array): Promise<void> {
  const client = new QueueClient(connectionString, name, storageRetries);
  const text = Buffer.from(body).toString("base64");
  try {
    await client.sendMessage(text);
  } catch (error) {
    if (statusOf(error) !== 404)
      throw new Failure("unavailable", `The output queue ${name} refused a message`, { cause: error });
    await client.createIfNotExists();
    await client.sendMessage(text);
  }
}
