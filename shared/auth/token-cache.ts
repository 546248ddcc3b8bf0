import { abortFailure } from "../http/network-failure.ts";
import type { Clock } from "../model/clock.ts";

export interface Token {
  readonly value: string;
  /** As the token service says; what is not a positive number means that the token is used once. */
  readonly expiresInSeconds: number;
}

/** Tokens of one registry by what they are for; concurrent askers share one request. */
export interface TokenCache {
  get(
    key: string,
    options: { fetch(signal: AbortSignal): Promise<Token>; signal: AbortSignal },
  ): Promise<string>;
  /** Forgets the token of `key`, unless it is another one than `refused` by now. */
  forget(key: string, refused?: string): void;
}

const fetchMs = 30_000;
/** Renewed so much before the end, or after 9/10 of the life of a short one: a request may be a while under way. */
const marginMs = 30_000;
const mostTokens = 2000;

export function createTokenCache(now: Clock): TokenCache {
  const tokens = new Map<string, { readonly value: string; readonly until: number }>();
  const pending = new Map<string, Promise<string>>();

  return {
    get(key, { fetch, signal }) {
      const kept = tokens.get(key);
      if (kept !== undefined && kept.until > now().getTime()) return Promise.resolve(kept.value);
      let asked = pending.get(key);
      if (asked === undefined) {
        // Not tied to the first asker's signal, since others wait for it too.
        asked = fetch(AbortSignal.timeout(fetchMs))
          .then((token) => keep(key, token))
          .finally(() => pending.delete(key));
        pending.set(key, asked);
      }
      return orAborted(asked, signal);
    },
    forget(key, refused) {
      if (refused === undefined || tokens.get(key)?.value === refused) tokens.delete(key);
    },
  };

  function keep(key: string, { value, expiresInSeconds }: Token): string {
    const lifeMs = expiresInSeconds > 0 ? expiresInSeconds * 1000 : 0;
    if (tokens.size >= mostTokens) tokens.clear();
    tokens.set(key, { value, until: now().getTime() + lifeMs - Math.min(marginMs, lifeMs / 10) });
    return value;
  }
}

/** The promise, or a `Failure` once the signal fires. */
export function orAborted<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const abort = () => reject(abortFailure(signal.reason, "waiting for a token"));
    if (signal.aborted) abort();
    signal.addEventListener("abort", abort, { once: true });
    promise.then(resolve, reject).finally(() => signal.removeEventListener("abort", abort));
  });
}
