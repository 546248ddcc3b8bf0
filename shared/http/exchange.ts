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
