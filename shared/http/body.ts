import type { Readable } from "node:stream";
import { Failure } from "../model/failure.ts";
import { abortFailure, networkFailure } from "./network-failure.ts";

export interface Deadline {
  stop(): void;
}

/**
 * Calls `expire` once, when the caller's signal fires or the time is up. Lighter than `AbortSignal.any` with
 * `AbortSignal.timeout`, which every request would have to pay.
 */
export function startDeadline(
  caller: AbortSignal,
  { deadlineMs, place }: { readonly deadlineMs: number; readonly place: () => string },
  expire: (failure: Failure) => void,
): Deadline {
  const cancel = () => expire(abortFailure(caller.reason, place()));
  const timer = setTimeout(
    () => expire(new Failure("timeout", `${place()}: not done within ${deadlineMs} ms`)),
    deadlineMs,
  );
  const unlisten = onAbort(caller, cancel);
  return {
    stop() {
      clearTimeout(timer);
      unlisten();
    },
  };
}

interface Waiting {
  readonly calls: Set<() => void>;
  readonly fire: () => void;
}

const waiting = new WeakMap<AbortSignal, Waiting>();

/**
 * Calls `call` when the signal fires, at once if it has. All who wait for one signal share one event listener: to add and
 * remove one for each request costs more than the rest of a deadline.
 */
function onAbort(signal: AbortSignal, call: () => void): () => void {
  if (signal.aborted) {
    call();
    return () => {};
  }
  const { calls, fire } = waiting.get(signal) ?? listen(signal);
  calls.add(call);
  return () => {
    if (!calls.delete(call) || calls.size > 0) return;
    signal.removeEventListener("abort", fire);
    waiting.delete(signal);
  };
}

function listen(signal: AbortSignal): Waiting {
  const calls = new Set<() => void>();
  const fire = () => {
    for (const call of [...calls]) call();
  };
  signal.addEventListener("abort", fire, { once: true });
  waiting.set(signal, { calls, fire });
  return { calls, fire };
}

/** The body up to `maxBytes`; stops the deadline and frees the connection however it ends. */
export async function* boundedBody(
  body: Readable,
  options: { readonly maxBytes: number; readonly place: () => string; readonly deadline: Deadline },
): AsyncGenerator<Uint8Array, void, undefined> {
  let bytes = 0;
  try {
    for await (const chunk of body) {
      bytes += chunk.length;
      if (bytes > options.maxBytes) {
        throw new Failure(
          "too-large",
          `${options.place()}: the answer has more than ${options.maxBytes} bytes`,
        );
      }
      yield chunk;
    }
  } catch (error) {
    throw networkFailure(error, options.place());
  } finally {
    options.deadline.stop();
    if (!body.destroyed) body.on("error", () => {}).destroy();
  }
}
