import { setTimeout as wait } from "node:timers/promises";
import { parseChallenges } from "../http/challenge.ts";
import type { HttpAnswer, HttpClient, HttpRequest, HttpStream, StreamedBody } from "../http/client.ts";
import { largestErrorBody } from "../http/error-body.ts";
import { isStreamed } from "../http/exchange.ts";
import { type Quota, quotaOf } from "../http/quota.ts";
import { followRedirects, isRedirect } from "../http/redirects.ts";
import type { Clock, Sleep } from "../model/clock.ts";
import { Failure } from "../model/failure.ts";
import { parseRepositoryPath } from "../model/reference.ts";
import type { Authorizer, Scope } from "./authorizer.ts";
import { azureAdvice } from "./azure-advice.ts";
import { statusFailure } from "./status-failure.ts";

/** A request of the registry protocol; what is not among `expect` becomes a `Failure`. */
export interface SessionRequest {
  readonly method: HttpRequest["method"];
  readonly url: URL;
  readonly scopes: readonly Scope[];
  readonly expect: readonly number[];
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: Uint8Array | StreamedBody;
  readonly maxBytes: number;
  readonly deadlineMs?: number;
  readonly signal: AbortSignal;
}

/** The verbs' common ground: URLs, authorization by challenge, redirects of reads, statuses as failures. */
export interface Session {
  /** As in references. */
  readonly host: string;
  /** `https://registry-1.docker.io` */
  readonly origin: string;
  /** Tells which scopes will be asked for soon. */
  prepare(scopes: readonly Scope[]): void;
  /** `/v2/<repository>/<rest>`; the repository is checked, `rest` must be already. */
  url(repository: string, rest: string): URL;
  read(request: SessionRequest): Promise<HttpAnswer>;
  stream(request: SessionRequest): Promise<HttpStream>;
}

export interface SessionOptions {
  readonly host: string;
  readonly origin: string;
  readonly http: HttpClient;
  readonly authorizer: Authorizer;
  readonly now: Clock;
  readonly sleep: Sleep;
  /** Told what the registry's own answers say of its quota; must not throw. */
  readonly onQuota?: (quota: Quota) => void;
}

const pauseBeforeRetryMs = 100;

export function createSession(options: SessionOptions): Session {
  const { host, origin, http, authorizer, now, onQuota } = options;

  return {
    host,
    origin,
    prepare: (scopes) => authorizer.prepare(scopes),
    url: (repository, rest) => new URL(`${origin}/v2/${parseRepositoryPath(repository)}/${rest}`),

    read: (request) =>
      retryingReads(request, async () => {
        const answer = await authorized(request, { send: (sent) => http.read(sent), discard: () => {} });
        noteQuota(answer);
        if (request.expect.includes(answer.status)) return answer;
        throw refusal(request, answer);
      }),

    stream: (request) =>
      retryingReads(request, async () => {
        const answer = await authorized(request, {
          send: (sent) => http.stream(sent),
          discard: (stream) => stream.discard(),
        });
        noteQuota(answer);
        if (request.expect.includes(answer.status)) return answer;
        throw refusal(request, { ...answer, body: await errorBody(answer) });
      }),
  };

  async function authorized<A extends HttpAnswer | HttpStream>(
    request: SessionRequest,
    exchange: { send(request: HttpRequest): Promise<A>; discard(answer: A): void },
  ): Promise<A> {
    // Nothing that is not the registry's own origin ever sees a credential: upload and page URLs may lead elsewhere.
    if (request.url.origin !== origin) return attempt(request, { authorization: undefined, exchange });
    const { scopes, signal } = request;
    const refused = await authorizer.authorization(scopes, signal);
    let outcome: "answered" | "failed" = "failed";
    let answer: A;
    let renewed: string | undefined;
    try {
      answer = await attempt(request, { authorization: refused, exchange });
      outcome = "answered";
      if (isOwn(answer, 401)) {
        exchange.discard(answer);
        const challenges = parseChallenges(answer.header("www-authenticate"));
        renewed = await authorizer.answer(challenges, { scopes, refused, signal });
      }
    } finally {
      authorizer.settle(outcome);
    }
    if (renewed !== undefined && isStreamed(request.body)) throw gone();
    if (renewed !== undefined) answer = await attempt(request, { authorization: renewed, exchange });
    const why = isOwn(answer, 401) ? "refused" : isOwn(answer, 403) ? "forbidden" : undefined;
    if (why === undefined || !authorizer.narrow(scopes, why)) return answer;
    exchange.discard(answer);
    if (isStreamed(request.body)) throw gone();
    return attempt(request, { authorization: await authorizer.authorization(scopes, signal), exchange });
  }

  /** Whoever made the stream can make it again. */
  function gone(): Failure {
    return new Failure("unavailable", `${host} wanted another sign-in when the body had been sent already`);
  }

  function isOwn(answer: HttpAnswer | HttpStream, status: number): boolean {
    return answer.status === status && answer.url.origin === origin;
  }

  function noteQuota(answer: HttpAnswer | HttpStream): void {
    const quota = answer.url.origin === origin ? quotaOf(answer.header, now) : undefined;
    if (quota !== undefined) onQuota?.(quota);
  }

  function refusal({ method, scopes }: SessionRequest, answer: HttpAnswer): Failure {
    return isRedirect(answer.status)
      ? new Failure("blocked", `${answer.url.host} redirects a ${method}, which we do not follow`)
      : statusFailure(answer, { method, now: now(), registry: host, refused: azureAdvice(host, scopes) });
  }
}

/** Reads are followed through redirects; a write that is redirected could be repeated somewhere else. */
function attempt<A extends HttpAnswer | HttpStream>(
  request: SessionRequest,
  options: {
    readonly authorization: string | undefined;
    readonly exchange: { send(request: HttpRequest): Promise<A>; discard(answer: A): void };
  },
): Promise<A> {
  const { scopes: _scopes, expect: _expect, headers, ...rest } = request;
  const { authorization, exchange } = options;
  const sent: HttpRequest = {
    ...rest,
    headers: authorization === undefined ? { ...headers } : { ...headers, authorization },
  };
  return isRead(request) ? followRedirects(sent, exchange) : exchange.send(sent);
}

/** One more try for a read whose connection broke, as happens when a server closes an idle one under our request. */
async function retryingReads<A>(request: SessionRequest, send: () => Promise<A>): Promise<A> {
  try {
    return await send();
  } catch (error) {
    if (!isRead(request) || !(error instanceof Failure) || error.code !== "network") throw error;
    await wait(pauseBeforeRetryMs, undefined, { signal: request.signal }).catch(() => {});
    return send();
  }
}

function isRead({ method }: SessionRequest): boolean {
  return method === "GET" || method === "HEAD";
}

/** The head of the body, enough for an error code. What is wrong with the rest does not matter: the status is known. */
async function errorBody(answer: HttpStream): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  try {
    for await (const chunk of answer.body) {
      // A chunk is valid until the next one is asked for.
      chunks.push(Buffer.from(chunk));
      bytes += chunk.length;
      if (bytes > largestErrorBody) break;
    }
  } catch (error) {
    if (!(error instanceof Failure)) throw error;
  }
  return Buffer.concat(chunks);
}
