import { dotnetTime } from "./dotnet-time.ts";
import type { Recurrence } from "./ncrontab.ts";
import type { RpcTypedData } from "./rpc.ts";

/** A timer's place in its schedule; `last` is absent until its first run. */
export interface TimerStatus {
  readonly last?: Date;
  readonly next: Date;
  /** When `next` was worked out. */
  readonly lastUpdated: Date;
}

export type TimerCause = "schedule" | "past-due" | "startup";

export interface TimerStart {
  readonly status: TimerStatus;
  /** Whether `status` differs from what was stored. */
  readonly changed: boolean;
  /** What runs first: at once for `past-due` and `startup`. */
  readonly first: TimerCause;
}

export interface TimerStartFacts {
  readonly stored: TimerStatus | undefined;
  readonly schedule: Recurrence;
  readonly runOnStartup: boolean;
  readonly now: Date;
}

/**
 * Where a timer goes on after a pause. A missed occurrence makes one call, however many were missed; a schedule that was
 * changed meanwhile makes none. Source: CheckPastDueAsync in ScheduleMonitor.cs of azure-webjobs-sdk-extensions.
 */
export function startTimer({ stored, schedule, runOnStartup, now }: TimerStartFacts): TimerStart {
  const startup = runOnStartup ? "startup" : "schedule";
  if (stored === undefined) {
    return { status: { next: schedule.next(now), lastUpdated: now }, changed: true, first: startup };
  }
  const basis = stored.last ?? stored.lastUpdated;
  const expected = schedule.next(basis);
  if (expected.getTime() === stored.next.getTime()) {
    return { status: stored, changed: false, first: now > stored.next ? "past-due" : startup };
  }
  const status =
    now > expected ? { next: schedule.next(now), lastUpdated: now } : { next: expected, lastUpdated: basis };
  return { status, changed: true, first: startup };
}

export interface TimerRun {
  readonly status: TimerStatus;
  readonly schedule: Recurrence;
  readonly cause: TimerCause;
  readonly invokedAt: Date;
}

/** The status after a run, counted from its beginning. A run that began a little early counts for its occurrence. */
export function afterRun({ status, schedule, cause, invokedAt }: TimerRun): TimerStatus {
  const last = cause === "schedule" && status.next > invokedAt ? status.next : invokedAt;
  return { last, next: schedule.next(last), lastUpdated: last };
}

/** What the real host sends to a timer function; the library camel-cases it. */
export function timerPayload(status: TimerStatus | undefined, cause: TimerCause): RpcTypedData {
  const scheduleStatus = status && {
    Last: status.last === undefined ? "0001-01-01T00:00:00+00:00" : dotnetTime(status.last),
    Next: dotnetTime(status.next),
    LastUpdated: dotnetTime(status.lastUpdated),
  };
  return {
    json: JSON.stringify({
      Schedule: { AdjustForDST: true },
      ScheduleStatus: scheduleStatus ?? null,
      IsPastDue: cause === "past-due",
    }),
  };
}
