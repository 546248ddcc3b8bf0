import type { IncomingMessage, ServerResponse } from "node:http";
import type { PullThrough } from "../pull-through.ts";
import type { Store } from "../store/store.ts";

/** One request on its way through an operation. */
export interface Call {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly query: URLSearchParams;
  readonly store: Store;
  readonly pullThrough?: PullThrough;
}

type Headers = Readonly<Record<string, string | number>>;

/** Answers without a body. */
export function sendEmpty({ response }: Call, status: number, headers: Headers = {}): void {
  response.writeHead(status, { "Content-Length": 0, ...headers }).end();
}

/** Answers with bytes, or, to a HEAD, with the headers that they would have had. */
export function sendBytes({ request, response }: Call, body: Uint8Array, headers: Headers): void {
  response.writeHead(200, { ...headers, "Content-Length": body.length });
  if (request.method === "HEAD") response.end();
  else response.end(body);
}

export function sendJson(call: Call, value: unknown, headers: Headers = {}): void {
  sendBytes(call, Buffer.from(JSON.stringify(value)), { "Content-Type": "application/json", ...headers });
}
