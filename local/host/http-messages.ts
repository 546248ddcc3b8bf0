import type { IncomingMessage, ServerResponse } from "node:http";
import { Failure } from "../../shared/model/failure.ts";
import type { RpcHttpCookie, RpcHttpData, RpcTypedData } from "./rpc.ts";

/** Production takes 100 MB; no function of a local app needs that. */
const maxBodyBytes = 40 * 1024 * 1024;
export const bodyRefusal = `The body is larger than the ${maxBodyBytes} bytes that are read`;

/** Reads a whole request body; `too-large` past 40 MiB. */
export async function readBody(request: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes > maxBodyBytes) throw new Failure("too-large", bodyRefusal);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

export interface HttpRequestFacts {
  readonly request: IncomingMessage;
  readonly url: URL;
  readonly params: Readonly<Record<string, string>>;
  readonly body: Buffer;
}

/** The request as the worker receives it: repeated query parameters and headers are joined by commas. */
export function toRpcRequest({ request, url, params, body }: HttpRequestFacts): RpcHttpData {
  const headers: Record<string, string> = {};
  for (const [name, value] of Object.entries(request.headers)) {
    if (value !== undefined) headers[name] = Array.isArray(value) ? value.join(", ") : value;
  }
  const query: Record<string, string> = {};
  for (const name of new Set(url.searchParams.keys())) query[name] = url.searchParams.getAll(name).join(",");
  return {
    method: request.method ?? "GET",
    url: url.href,
    headers,
    params,
    query,
    ...(body.length > 0 ? { body: { bytes: body } } : {}),
  };
}

// Node frames the body itself.
const framing = new Set(["connection", "content-length", "keep-alive", "transfer-encoding"]);

/** Writes what the library made of the function's result; nothing at all is 204. */
export function writeRpcResponse(response: ServerResponse, data: RpcTypedData | null | undefined): void {
  const http = data?.http;
  if (!http) {
    response.writeHead(204).end();
    return;
  }
  response.statusCode = Number(http.statusCode ?? 200);
  for (const [name, value] of Object.entries(http.headers ?? {})) {
    if (!framing.has(name.toLowerCase())) response.setHeader(name, value);
  }
  for (const cookie of http.cookies ?? []) response.appendHeader("set-cookie", formatCookie(cookie));
  response.end(http.body?.bytes ?? http.body?.string ?? undefined);
}

/** One `Set-Cookie` value. Source: RFC 6265, section 4.1. */
function formatCookie(cookie: RpcHttpCookie): string {
  const sameSite = { lax: "Lax", strict: "Strict", explicitNone: "None", none: undefined }[
    cookie.sameSite ?? "none"
  ];
  const attributes: readonly (readonly [string, string | undefined])[] = [
    ["Expires", cookie.expires && new Date(cookie.expires.value.seconds * 1000).toUTCString()],
    ["Max-Age", cookie.maxAge && String(Math.trunc(cookie.maxAge.value))],
    ["Domain", cookie.domain?.value],
    ["Path", cookie.path?.value ?? "/"],
    ["SameSite", sameSite],
  ];
  return [
    `${cookie.name}=${encodeURIComponent(cookie.value)}`,
    ...attributes.filter(([, value]) => value !== undefined).map(([name, value]) => `${name}=${value}`),
    ...(cookie.secure?.value ? ["Secure"] : []),
    ...(cookie.httpOnly?.value ? ["HttpOnly"] : []),
  ].join("; ");
}
