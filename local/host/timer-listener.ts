import type { Clock } from "../../shared/model/clock.ts";
import type { Log } from "../log.ts";
import type { HostedFunction, Trigger } from "./bindings.ts";
import { createInFlight } from "./in-flight.ts";
import type { Invoker } from "./invoke.ts";
import type { Listener } from "./listener.ts";
import { afterRun, startTimer, type TimerCause, type TimerStatus, timerPayload } from "./timer-decisions.ts";
import type { TimerState } from "./timer-state.ts";

export type TimerFunction = HostedFunction<Extract<Trigger, { readonly kind: "timer" }>>;

export interface TimerListenerOptions {
  readonly hosted: TimerFunction;
  /** Absent for timers that keep no state. */
  readonly state: TimerState | undefined;
  readonly invoker: Invoker;
  readonly clock: Clock;
  readonly log: Log;
}

// setTimeout counts in 32 bits, and a machine that slept must notice soon.
const longestWaitMs = 60_000;

/** Runs a function by its schedule: one run at a time, one catch-up after a pause, undeterred by failures. */
export async function listenToTimer(options: TimerListenerOptions): Promise<Listener> {
  const { hosted, state, invoker, clock, log } = options;
  const { schedule, runOnStartup } = hosted.trigger;
  const start = startTimer({ stored: await state?.read(), schedule, runOnStartup, now: clock() });
  if (start.changed) await state?.write(start.status);
  const inFlight = createInFlight();
  let timer: NodeJS.Timeout | undefined;
  let isStopped = false;

  const run = async (status: TimerStatus, cause: TimerCause): Promise<void> => {
    const invokedAt = clock();
    const data = timerPayload(state && status, cause);
    try {
      await invoker.invoke(hosted, { data, triggerMetadata: {}, reason: `timer, ${cause}` });
    } catch {
      // The invoker has logged it, and the next occurrence comes all the same.
    }
    const after = afterRun({ status, schedule, cause, invokedAt });
    try {
      await state?.write(after);
    } catch (error) {
      log("warn", error instanceof Error ? error.message : String(error), { function: hosted.name });
    }
    plan(after, "schedule");
  };

  const plan = (status: TimerStatus, cause: TimerCause): void => {
    if (isStopped) return;
    const waitMs = cause === "schedule" ? Math.max(0, status.next.getTime() - clock().getTime()) : 0;
    const isLong = waitMs > longestWaitMs;
    timer = setTimeout(
      () => (isLong ? plan(status, cause) : void inFlight.track(run(status, cause))),
      isLong ? longestWaitMs : waitMs,
    );
  };

  plan(start.status, start.first);
  return {
    get running() {
      return inFlight.size;
    },
    stop: async () => {
      isStopped = true;
      clearTimeout(timer);
      await inFlight.allDone();
    },
  };
}
