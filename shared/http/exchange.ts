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

/** For the whole exchange. */
export const defaultDeadlineMs = 60_000;

export function headersOf({ headers, body }: HttpRequest): Record<string, string> {
  return {
    "accept-encoding": "identity",
    "user-agent": "wharfgate",
    ...(isStreamed(body) && { "content-length": String(body.bytes) }),
    ...headers,
  };
}

/** For messages: no query, which may hold a secret. */
export function placeOf({ method, url }: HttpRequest): string {
  return `${method} ${url.origin}${url.pathname}`;
}
