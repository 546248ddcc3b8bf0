import type { Failure } from "../../model/failure.ts";
import { apiHostOf, tokenHostsOf } from "../../registry/hosts.ts";

const defaultPauseMs = 60_000;
const leastPauseMs = 1_000;

/**
 * For how long a refusal wants its host to be left alone, in milliseconds: any 429, and what is unavailable until a time that
 * it names. Undefined for everything else. Retry-After is read by the registry client, at most an hour.
 */
export function pauseAskedBy({ code, retryAfterMs }: Failure): number | undefined {
  if (code === "rate-limited") return Math.max(retryAfterMs ?? defaultPauseMs, leastPauseMs);
  if (code === "unavailable" && retryAfterMs !== undefined) return Math.max(retryAfterMs, leastPauseMs);
  return undefined;
}

/** Whether it was this upstream that failed, not the target, nor Azure, which have limits of their own. */
export function isFrom(host: string, { context }: Failure): boolean {
  const from = context.registry ?? context.host;
  return typeof from === "string" && [host, apiHostOf(host), ...tokenHostsOf(host)].includes(from);
}
