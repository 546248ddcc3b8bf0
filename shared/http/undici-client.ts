import { Readable } from "node:stream";
import { type AgentOptions, createAgent } from "./agent.ts";
import { boundedBody, startDeadline } from "./body.ts";
import { decodeContent } from "./content-decoding.ts";
import { isError, largestErrorBody } from "./error-body.ts";
import {
  defaultDeadlineMs,
  type HttpClient,
  type HttpRequest,
  headersOf,
  isStreamed,
  placeOf,
} from "./exchange.ts";
import { gather } from "./gather.ts";
import { networkFailure } from "./network-failure.ts";
import { request as streamed } from "./undici.ts";

export interface HttpClientOptions extends AgentOptions {
  /** Told of each answer; must not throw. */
  readonly onRequest?: (answer: { method: string; origin: string; status: number }) => void;
}

const idleMs = 30_000;

/** For all that does not go over wires. */
export function createUndiciClient(options: HttpClientOptions): HttpClient {
  const { onRequest } = options;
  const agent = createAgent(options);

  return {
    async read(request) {
      const { method, url } = request;
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
