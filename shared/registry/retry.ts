import { setTimeout as wait } from "node:timers/promises";
import { Failure } from "../model/failure.ts";

const mostTries = 5;
const firstPauseMs = 200;
/** Who asks us to wait longer is asked again by a later call, not by holding this one. */
const longestPauseMs = 5_000;

/** Counts the tries of one transfer and waits between them. */
export interface Tries {
  /** Resolves when there is to be another try after `error`, else throws it. */
  next(error: unknown, signal: AbortSignal): Promise<void>;
}

export function createTries(): Tries {
  let failed = 0;
  return {
    async next(error, signal) {
      failed++;
      if (failed >= mostTries || signal.aborted || !isWorthATry(error)) throw error;
      const pauseMs = Math.max(firstPauseMs * 2 ** (failed - 1), error.retryAfterMs ?? 0);
      // An abort during the wait ends the next try.
      await wait(pauseMs / 2 + Math.random() * (pauseMs / 2), undefined, { signal }).catch(() => {});
    },
  };
}

/** `conflict` is how an upload says that it has another offset than we think. */
function isWorthATry(error: unknown): error is Failure {
  if (!(error instanceof Failure) || (error.retryAfterMs ?? 0) > longestPauseMs) return false;
  return ["network", "timeout", "unavailable", "conflict"].includes(error.code);
}
