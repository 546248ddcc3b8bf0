/** Closed set of reasons why something failed. Branch on these, never on a message. */
export type FailureCode =
  | "invalid" // input that somebody must mend
  | "not-found" // the other side says 404
  | "unauthorized" // 401, or no credential where one is needed
  | "forbidden" // 403
  | "conflict" // it exists already, or changed meanwhile (409, 412)
  | "rate-limited" // 429
  | "unavailable" // 5xx
  | "timeout"
  | "network" // no connection, or it broke
  | "too-large" // a bound on bytes, pages or depth was passed
  | "integrity" // bytes do not match their digest
  | "protocol" // the answer is not what the specification says
  | "unsupported"
  | "blocked" // a host, address, redirect or scheme that policy refuses
  | "canceled"
  | "internal"; // a defect of ours

const transientCodes: ReadonlySet<string> = new Set([
  "rate-limited",
  "unavailable",
  "timeout",
  "network",
  "canceled",
]);

export interface FailureOptions {
  /** Short facts for logs: hosts, repositories, digests, counts. Never headers, bodies or query strings. */
  readonly context?: Readonly<Record<string, string | number>>;
  readonly cause?: unknown;
  /** Milliseconds that the other side asked us to wait. */
  readonly retryAfterMs?: number;
  /** For a request's body that cannot be used: one that could. For those alone who write bodies themselves. */
  readonly example?: string;
}

/** The one error class. Its message says what went wrong, where, and how to mend it. */
export class Failure extends Error {
  override readonly name = "Failure";
  readonly code: FailureCode;
  readonly context: Readonly<Record<string, string | number>>;
  readonly retryAfterMs: number | undefined;
  readonly example: string | undefined;

  constructor(code: FailureCode, message: string, options: FailureOptions = {}) {
    super(message, options.cause === undefined ? {} : { cause: options.cause });
    this.code = code;
    this.context = options.context ?? {};
    this.retryAfterMs = options.retryAfterMs;
    this.example = options.example;
  }

  /** Whether the same call may succeed later without anybody mending anything. */
  get transient(): boolean {
    return isTransient(this.code);
  }
}

/** As `Failure.transient`, for a code that was kept. */
export function isTransient(code: string): boolean {
  return transientCodes.has(code);
}

/** Wraps whatever was thrown while `doing`; a `Failure` stays as it is. */
export function toFailure(error: unknown, doing: string): Failure {
  if (error instanceof Failure) return error;
  if (error instanceof Error && (error.name === "AbortError" || error.name === "TimeoutError")) {
    const code = error.name === "AbortError" ? "canceled" : "timeout";
    return new Failure(code, `${doing}: ${code === "canceled" ? "canceled" : "took too long"}`, {
      cause: error,
    });
  }
  return new Failure("internal", `${doing}: ${error instanceof Error ? error.message : String(error)}`, {
    cause: error,
  });
}
