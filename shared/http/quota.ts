import type { Clock } from "../model/clock.ts";

/** What an answer says of the quota that the asker has left. */
export interface Quota {
  readonly limit: number;
  readonly remaining: number;
  /** Milliseconds until there is certainly more; absent when the answer does not say. */
  readonly resetMs?: number;
}

const fieldPattern = /^\s*([0-9]{1,12})(?:\s*[;,]\s*w=([0-9]{1,9}))?/;
/** Ten digits are a moment, not a wait, as in Retry-After. */
const firstEpoch = 1_000_000_000;

/**
 * Reads `ratelimit-limit: 100;w=21600` and `ratelimit-remaining`, as Docker Hub sends them, or their `x-ratelimit-` forms
 * with a reset in seconds or as a Unix time; undefined when there is no limit, or it cannot be read. The window's length
 * stands for a reset that is not given.
 * Sources: https://docs.docker.com/docker-hub/usage/pulls/, draft-ietf-httpapi-ratelimit-headers-03.
 */
export function quotaOf(header: (name: string) => string | undefined, now: Clock): Quota | undefined {
  for (const prefix of ["ratelimit", "x-ratelimit"]) {
    const limit = parseField(header(`${prefix}-limit`));
    const remaining = parseField(header(`${prefix}-remaining`));
    if (limit === undefined || remaining === undefined || limit.value === 0) continue;
    const reset = parseField(header(`${prefix}-reset`));
    const window = limit.window ?? remaining.window;
    const resetMs = reset === undefined ? window && window * 1000 : untilReset(reset.value, now());
    return {
      limit: limit.value,
      remaining: Math.min(remaining.value, limit.value),
      ...(resetMs === undefined ? {} : { resetMs }),
    };
  }
  return undefined;
}

function parseField(text = ""): { readonly value: number; readonly window: number | undefined } | undefined {
  const [, value, window] = fieldPattern.exec(text) ?? [];
  if (value === undefined) return undefined;
  return { value: Number(value), window: window === undefined ? undefined : Number(window) };
}

function untilReset(value: number, now: Date): number {
  return value < firstEpoch ? value * 1000 : Math.max(0, value * 1000 - now.getTime());
}
