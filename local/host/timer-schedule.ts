import { parseNcrontab, type Recurrence } from "./ncrontab.ts";
import { parseTimeSpan } from "./time-span.ts";

/** A timer's schedule; `belowAMinute` when two occurrences can lie within one minute: such timers keep no state. */
export interface TimerSchedule extends Recurrence {
  readonly belowAMinute: boolean;
}

/** Reads NCRONTAB, or a TimeSpan as a fixed interval after each run. Throws `invalid` for anything else. */
export function parseTimerSchedule(expression: string): TimerSchedule {
  const intervalMs = parseTimeSpan(expression);
  if (intervalMs !== undefined && intervalMs > 0) {
    return { next: (time) => new Date(time.getTime() + intervalMs), belowAMinute: intervalMs < 60_000 };
  }
  const recurrence = parseNcrontab(expression);
  return { ...recurrence, belowAMinute: isBelowAMinute(recurrence) };
}

/** Of two gaps in a row at least one lies within a minute, if any does. */
function isBelowAMinute({ next }: Recurrence): boolean {
  const first = next(new Date(0));
  const second = next(first);
  const third = next(second);
  return Math.min(second.getTime() - first.getTime(), third.getTime() - second.getTime()) < 60_000;
}
