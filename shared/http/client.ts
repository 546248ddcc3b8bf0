import { Readable } from "node:stream";
import { type AgentOptions, createAgent } from "./agent.ts";
import { boundedBody, startDeadline } from "./body.ts";
import { decodeContent } from "./content-decoding.ts";
import { isError, largestErrorBody } from "./error-body.ts";
import { gather } from "./gather.ts";
import { networkFailure } from "./network-failure.ts";
import { request as streamed } from "./undici.ts";

export interface HttpRequest {
  readonly method: "GET" | "HEAD" | "POST" | "PUT" | "PATCH" | "DELETE";
  readonly url: URL;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: Uint8Array | string | StreamedBody;
  /** Longest decoded body, in bytes; more ends in `too-large`. Errors have a bound of their own. */
  readonly maxBytes: number;
  /** For the whole exchange, body included, in milliseconds. Default 60,000. */
  readonly deadlineMs?: number;
  readonly signal: AbortSignal;
}

/** A body that comes while it is sent, so many bytes in all. A piece is done with when the next one is asked for. */
export interface StreamedBody {
  readonly pieces: AsyncIterable<Uint8Array>;
  readonly bytes: number;
}

export function isStreamed(body: HttpRequest["body"]): body is StreamedBody {
  return typeof body === "object" && "pieces" in body;
}

interface Answer<Body> {
  readonly status: number;
  readonly url: URL;
  /** A header by its lower-case name; several of one name are joined by commas. */
  header(name: string): string | undefined;
  readonly body: Body;
}

export type HttpAnswer = Answer<Buffer>;

/** Its body must be read to the end, or given up by `discard`: it holds a connection. */
export type HttpStream = Answer<AsyncIterable<Uint8Array>> & { discard(): void };

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

const defaultDeadlineMs = 60_000;
const idleMs = 30_000;

export function createHttpClient(options: HttpClientOptions): HttpClient {
  const { reach, onRequest } = options;
  const agent = createAgent(options);

  return {
    async read(request) {
      const { method, url } = request;
      reach.permit(url);
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

    close: () => agent.destroy(),
  };
}

function dispatchOptions(request: HttpRequest) {
  const { method, url, body, deadlineMs = defaultDeadlineMs } = request;
  const streamed = isStreamed(body);
  return {
    origin: url.origin,
    path: url.pathname + url.search,
    method,
    headers: {
      "accept-encoding": "identity",
      "user-agent": "wharfgate",
      ...(streamed && { "content-length": String(body.bytes) }),
      ...request.headers,
    },
    body: (streamed ? copied(body.pieces) : body) ?? null,
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
