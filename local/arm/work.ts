import type { WorkFault } from "./faults.ts";

/** Work that goes on after its request was answered, and ends with the server. */
export interface Work {
  run(job: (signal: AbortSignal) => Promise<void>): Promise<void>;
  /** Aborts all jobs and waits for them. */
  close(): Promise<void>;
}

export function createWork(): Work {
  const stop = new AbortController();
  const jobs = new Set<Promise<void>>();
  return {
    run(job) {
      const running = job(stop.signal).finally(() => jobs.delete(running));
      jobs.add(running);
      return running;
    },
    async close() {
      stop.abort();
      await Promise.allSettled(jobs);
    },
  };
}

/** Lets a fault have its way before the work begins; a hang ends with the server. */
export async function atWork(
  fault: WorkFault | undefined,
  signal: AbortSignal,
  toError: (text: string) => Error,
): Promise<void> {
  switch (fault?.kind) {
    case "hang":
      return aborted(signal);
    case "fail":
      throw toError(fault.text);
    case "wait":
      return fault.until;
  }
}

async function aborted(signal: AbortSignal): Promise<never> {
  await new Promise<void>((resolve) => signal.addEventListener("abort", () => resolve(), { once: true }));
  throw signal.reason;
}
