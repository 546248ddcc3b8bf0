import { createHash } from "node:crypto";
import { Cron } from "croner";
import { printable } from "../model/digest.ts";
import { Failure } from "../model/failure.ts";

/** When a watch is polled, in UTC: at a steady interval, or by a six-field NCRONTAB expression. */
export type Schedule =
  | { readonly kind: "every"; readonly minutes: number }
  | { readonly kind: "cron"; readonly expression: string };

const unitMinutes: Readonly<Record<string, number>> = { m: 1, h: 60, d: 1440 };
const maxMinutes = 7 * 1440;
const gapsLookedAt = 7;
// NCRONTAB's grammar, as Azure timers take it; croner knows more (L, W, #, ?, nicknames), which would mislead here.
const cronField = /^(?:[0-9*,/-]|[A-Za-z]{3}(?![A-Za-z]))+$/;

/** Reads `every 15m`, `every 6h`, `every 1d` (1 minute to 7 days) or `0 30 6 * * 1-5` (second to day of week, UTC). */
export function parseSchedule(text: string): Schedule {
  const every = /^every\s+(\d{1,5})\s*([mhd])$/.exec(text.trim());
  if (every?.[1] !== undefined && every[2] !== undefined) {
    const minutes = Number(every[1]) * (unitMinutes[every[2]] ?? 1);
    if (minutes < 1 || minutes > maxMinutes)
      throw badSchedule(text, "the interval must be 1 minute to 7 days");
    return { kind: "every", minutes };
  }
  const fields = text.trim().split(/\s+/);
  if (fields.length !== 6)
    throw badSchedule(text, `it has ${fields.length} field${fields.length === 1 ? "" : "s"}, not six`);
  if (!fields.every((field) => cronField.test(field)))
    throw badSchedule(text, "a field has a character outside NCRONTAB");
  const expression = fields.join(" ");
  try {
    if (cron(expression).nextRun() === null) throw badSchedule(text, "it never comes due");
  } catch (error) {
    if (error instanceof Failure) throw error;
    throw badSchedule(text, error instanceof Error ? error.message : "it cannot be read");
  }
  return { kind: "cron", expression };
}

/**
 * The latest moment in (after, until] at which the schedule falls, or undefined. Intervals are spread over the clock by
 * `seed`, so that a thousand watches do not ask all at once.
 */
export function dueWithin(
  schedule: Schedule,
  seed: string,
  window: { readonly after: Date; readonly until: Date },
): Date | undefined {
  if (schedule.kind === "every") {
    const period = schedule.minutes * 60_000;
    const offset = hashOf(seed) % period;
    const last = Math.floor((window.until.getTime() - offset) / period) * period + offset;
    return last > window.after.getTime() ? new Date(last) : undefined;
  }
  const previous = cron(schedule.expression).previousRuns(1, new Date(window.until.getTime() + 1000))[0];
  if (previous === undefined || previous > window.until || previous <= window.after) return undefined;
  return previous;
}

/** Milliseconds between two polls; for cron the shortest of the next few gaps. */
export function intervalMs(schedule: Schedule, at: Date): number {
  if (schedule.kind === "every") return schedule.minutes * 60_000;
  const runs = cron(schedule.expression)
    .nextRuns(gapsLookedAt + 1, at)
    .map((run) => run.getTime());
  const gaps = runs.slice(1).map((run, index) => run - (runs[index] ?? run));
  return gaps.length === 0 ? maxMinutes * 60_000 : Math.min(...gaps);
}

/** A number that goes up by one from poll to poll of an interval (and is spread evenly for cron), to take turns by; each `seed` has its own. */
export function turnOf(schedule: Schedule, seed: string, at: Date): number {
  const minute = Math.floor(at.getTime() / 60_000);
  return schedule.kind === "every"
    ? hashOf(seed) + Math.floor(minute / schedule.minutes)
    : hashOf(`${seed} ${minute}`);
}

function cron(expression: string): Cron {
  return new Cron(expression, { timezone: "UTC", mode: "6-part", domAndDow: true, paused: true });
}

function hashOf(text: string): number {
  return createHash("sha256").update(text).digest().readUInt32BE(0);
}

function badSchedule(text: string, why: string): Failure {
  return new Failure(
    "invalid",
    `The schedule "${printable(text)}" cannot be used: ${why}. Examples: "every 15m", "every 6h", "0 30 6 * * 1-5" (six fields, UTC)`,
  );
}
