import { randomUUID } from "node:crypto";
import type { DequeuedMessageItem } from "@azure/storage-queue";
import type { HostedFunction } from "./bindings.ts";
import { dotnetTime } from "./dotnet-time.ts";
import type { Invocation } from "./invoke.ts";
import type { RpcTypedData } from "./rpc.ts";

type MessageFacts = Pick<
  DequeuedMessageItem,
  "messageId" | "dequeueCount" | "insertedOn" | "expiresOn" | "nextVisibleOn" | "popReceipt"
>;

const base64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/;

/** The text of a base64 body, or undefined when it is not base64. */
export function decodeBody(messageText: string): string | undefined {
  return base64.test(messageText) ? Buffer.from(messageText, "base64").toString("utf8") : undefined;
}

/** What a queue function is called with: the body as text (the library reads JSON) and the host's metadata. */
export function queueInvocation(hosted: HostedFunction, message: MessageFacts, body: string): Invocation {
  const metadata: Record<string, RpcTypedData> = {
    QueueTrigger: { string: body },
    DequeueCount: { json: String(message.dequeueCount) },
    ExpirationTime: { json: JSON.stringify(dotnetTime(message.expiresOn)) },
    Id: { string: message.messageId },
    InsertionTime: { json: JSON.stringify(dotnetTime(message.insertedOn)) },
    NextVisibleTime: { json: JSON.stringify(dotnetTime(message.nextVisibleOn)) },
    PopReceipt: { string: message.popReceipt },
  };
  // Binding data is one dictionary without regard to case, and the payload's own fields come last.
  const keys = new Map(Object.keys(metadata).map((key) => [key.toLowerCase(), key]));
  for (const [name, value] of Object.entries(topLevelFields(body))) {
    metadata[keys.get(name.toLowerCase()) ?? name] =
      typeof value === "string" ? { string: value } : { json: JSON.stringify(value) };
  }
  metadata.sys = {
    json: JSON.stringify({
      MethodName: hosted.name,
      UtcNow: new Date().toISOString(),
      RandGuid: randomUUID(),
    }),
  };
  return { data: { string: body }, triggerMetadata: metadata, reason: `queue, try ${message.dequeueCount}` };
}

function topLevelFields(body: string): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(body);
    return typeof value === "object" && value !== null && !Array.isArray(value) ? { ...value } : {};
  } catch {
    return {};
  }
}
