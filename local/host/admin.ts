import { randomUUID } from "node:crypto";
import type { IncomingMessage, ServerResponse } from "node:http";
import type { HostedFunction } from "./bindings.ts";
import { readBody } from "./http-messages.ts";
import type { Invocation, Invoker } from "./invoke.ts";
import { type HostKeys, opens } from "./keys.ts";
import { queueInvocation } from "./queue-message.ts";
import { keyRefusal, refuse, routeRefusal } from "./refusals.ts";
import { timerPayload } from "./timer-decisions.ts";

export interface AdminCall {
  readonly functions: readonly HostedFunction[];
  readonly keys: HostKeys;
  readonly invoker: Invoker;
  /** Without slashes at its ends: `admin/functions/poll`. */
  readonly path: string;
  readonly key: string | undefined;
  /** Takes over work that outlives the answer. */
  readonly inBackground: (work: Promise<unknown>) => void;
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
}

/**
 * `GET admin/host/status` and `POST admin/functions/{name}` with `{"input": …}`: runs a timer or queue function by hand.
 * Source: https://learn.microsoft.com/azure/azure-functions/functions-manually-run-non-http
 */
export async function answerAdmin(call: AdminCall): Promise<void> {
  const { functions, keys, path, key, request, response } = call;
  if (!opens(keys, { name: "", level: "admin", key })) return refuse(response, keyRefusal(key, "master"));
  if (request.method === "GET" && path === "admin/host/status") {
    const status = { state: "Running", processUptime: Math.round(process.uptime() * 1000), version: "4.0" };
    return void response.writeHead(200, { "content-type": "application/json" }).end(JSON.stringify(status));
  }
  const [, name] = /^admin\/functions\/([^/]+)$/.exec(path) ?? [];
  const hosted = functions.find((candidate) => candidate.name.toLowerCase() === name?.toLowerCase());
  const asked = { method: request.method ?? "GET", path, routePrefix: "admin" };
  if (request.method !== "POST" || hosted === undefined) return refuse(response, routeRefusal(asked, []));
  const input = parseInput(await readBody(request));
  if (input === undefined || hosted.trigger.kind === "http") {
    const why =
      input === undefined
        ? 'the body must be JSON as in {"input":"…"}'
        : "call an HTTP function by its route";
    return void response.writeHead(400, { "content-type": "text/plain; charset=utf-8" }).end(why);
  }
  // 202 says that it was started; how it ends is in the log, as in production.
  call.inBackground(call.invoker.invoke(hosted, invocationOf(hosted, input)));
  response.writeHead(202).end();
}

function invocationOf(hosted: HostedFunction, input: string): Invocation {
  if (hosted.trigger.kind === "timer") {
    return { data: timerPayload(undefined, "schedule"), triggerMetadata: {}, reason: "timer, by hand" };
  }
  const now = new Date();
  const message = {
    messageId: randomUUID(),
    popReceipt: randomUUID(),
    dequeueCount: 1,
    insertedOn: now,
    nextVisibleOn: now,
    expiresOn: now,
  };
  return { ...queueInvocation(hosted, message, input), reason: "queue, by hand" };
}

/** The text of `input`: objects are given to the function as JSON. */
function parseInput(body: Buffer): string | undefined {
  try {
    const value: unknown = body.length === 0 ? {} : JSON.parse(body.toString("utf8"));
    if (typeof value !== "object" || value === null) return undefined;
    const { input = "" } = value as { readonly input?: unknown };
    return typeof input === "string" ? input : JSON.stringify(input);
  } catch {
    return undefined;
  }
}
