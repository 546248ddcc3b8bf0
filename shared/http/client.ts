import { Readable } from "node:stream";
import { type AgentOptions, createAgent } from "./agent.ts";
import { boundedBody, startDeadline } from "./body.ts";
import { decodeContent } from "./content-decoding.ts";
import { isError, largestErrorBody } from "./error-body.ts";
import { type HttpAnswer, type HttpRequest, type HttpStream, isStreamed } from "./exchange.ts";
import { gather } from "./gather.ts";
import { networkFailure } from "./network-failure.ts";
import { createOriginWires } from "./origin-wires.ts";
import { request as streamed } from "./undici.ts";
import { receive, send, type WiredRequest } from "./wired.ts";

/**
 * One request, one answer, whatever its status: no redirects, retries or credentials of its own. Failures: `network`,
 * `timeout`, `canceled`, `too-large`, `protocol`, `blocked` (the reach, or an untrusted certificate).
 */
export interface HttpClient {
  read(request: HttpRequest): Promise<HttpAnswer>;
  stream(request: HttpRequest): Promise<HttpStream>;
  /** Breaks what is under way and closes all connections. */
  close(): Promise<void>;
}

export interface HttpClientOptions extends AgentOptions {
  /** Told of each answer; must not throw. */
  readonly onRequest?: (answer: { method: string; origin: string; status: number }) => void;
}

export type { HttpAnswer, HttpRequest, HttpStream, StreamedBody } from "./exchange.ts";

const defaultDeadlineMs = 60_000;
const idleMs = 30_000;

export function createHttpClient(options: HttpClientOptions): HttpClient {
  const { reach, onRequest } = options;
  const agent = createAgent(options);
  const wires = createOriginWires(options);

  return {
    async read(request) {
      const { method, url, body: sent } = request;
      reach.permit(url);
      const out = isStreamed(sent) ? wires.to(url) : undefined;
      if (out !== undefined && isStreamed(sent)) {
        const answer = await send(out, { ...wiredRequest(request), body: sent });
        onRequest?.({ method, origin: url.origin, status: answer.status });
        return answer;
      }
      const { status, headers, body } = await gather(agent, dispatchOptions(request), {
        maxBytes: request.maxBytes,
        deadlineMs: request.deadlineMs ?? defaultDeadlineMs,
        signal: request.signal,
        place: () => placeOf(request),
        onStatus: (seen) => onRequest?.({ method, origin: url.origin, status: seen }),
      });
      return { status, url, header: (name) => joined(headers[name]), body };
    },

    async stream(request) {
      const { method, url, deadlineMs = defaultDeadlineMs, maxBytes } = request;
      const place = () => placeOf(request);
      reach.permit(url);
      const from = method === "GET" ? wires.from(url) : undefined;
      if (from !== undefined) {
        const plain = await receive(from, wiredRequest(request));
        if (plain !== undefined) {
          onRequest?.({ method, origin: url.origin, status: plain.status });
          return plain;
        }
        wires.leave(url);
      }
      const controller = new AbortController();
      const deadline = startDeadline(request.signal, { deadlineMs, place }, (failure) =>
        controller.abort(failure),
      );
      try {
        const { signal } = controller;
        const answer = await streamed(agent, { ...dispatchOptions(request), signal });
        const { statusCode: status, headers } = answer;
        onRequest?.({ method, origin: url.origin, status });
        const packed = method !== "HEAD" && !isError(status);
        const body = packed ? decodeContent(answer.body, headers["content-encoding"], place) : answer.body;
        return {
          status,
          url,
          header: (name) => joined(headers[name]),
          body: boundedBody(body, {
            maxBytes: isError(status) ? largestErrorBody : maxBytes,
            place,
            deadline,
          }),
          discard() {
            deadline.stop();
            body.on("error", () => {}).destroy();
          },
        };
      } catch (error) {
        deadline.stop();
        throw networkFailure(error, place());
      }
    },

    close() {
      wires.close();
      return agent.destroy();
    },
  };
}

function headersOf({ headers, body }: HttpRequest): Record<string, string> {
  return {
    "accept-encoding": "identity",
    "user-agent": "wharfgate",
    ...(isStreamed(body) && { "content-length": String(body.bytes) }),
    ...headers,
  };
}

function wiredRequest(request: HttpRequest): WiredRequest {
  const { method, url, maxBytes, deadlineMs = defaultDeadlineMs, signal } = request;
  const place = () => placeOf(request);
  return { method, url, headers: headersOf(request), maxBytes, deadlineMs, signal, place };
}

function dispatchOptions(request: HttpRequest) {
  const { method, url, body, deadlineMs = defaultDeadlineMs } = request;
  return {
    origin: url.origin,
    path: url.pathname + url.search,
    method,
    headers: headersOf(request),
    body: (isStreamed(body) ? copied(body.pieces) : body) ?? null,
    // Otherwise undici closes the connection after every HEAD.
    reset: false,
    // While a body goes out, no answer is expected: only the deadline holds.
    headersTimeout: body === undefined ? idleMs : deadlineMs,
    bodyTimeout: idleMs,
  };
}

/** undici may keep a piece until the socket has taken it, which is after it has asked for the next. */
function copied(pieces: AsyncIterable<Uint8Array>): Readable {
  return Readable.from(copies(pieces), { objectMode: false, highWaterMark: 0 });
}

async function* copies(pieces: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array, void, undefined> {
  for await (const piece of pieces) yield Buffer.from(piece);
}

function joined(value: string | string[] | undefined): string | undefined {
  return Array.isArray(value) ? value.join(", ") : value;
}

function placeOf({ method, url }: HttpRequest): string {
  return `${method} ${url.origin}${url.pathname}`;
}
