import { describe, expect, it } from "vitest";
import { parseNcrontab } from "../../../local/host/ncrontab.ts";
import {
  afterRun,
  startTimer,
  type TimerCause,
  type TimerStatus,
} from "../../../local/host/timer-decisions.ts";

const hourly = parseNcrontab("0 0 * * * *");
const at = (time: string): Date => new Date(`2026-03-14T${time}Z`);
const now = at("12:30:00");

describe("a timer that starts", () => {
  const starts: readonly {
    name: string;
    stored: TimerStatus | undefined;
    first: TimerCause;
    onStartup?: TimerCause;
    next: Date;
    changed: boolean;
  }[] = [
    {
      name: "for the first time waits",
      stored: undefined,
      first: "schedule",
      onStartup: "startup",
      next: at("13:00:00"),
      changed: true,
    },
    {
      name: "before its time waits",
      stored: { last: at("12:00:00"), next: at("13:00:00"), lastUpdated: at("12:00:00") },
      first: "schedule",
      onStartup: "startup",
      next: at("13:00:00"),
      changed: false,
    },
    {
      name: "after several missed runs catches up once",
      stored: { last: at("08:00:00"), next: at("09:00:00"), lastUpdated: at("08:00:00") },
      first: "past-due",
      onStartup: "past-due",
      next: at("09:00:00"),
      changed: false,
    },
    {
      name: "having missed its very first run catches up",
      stored: { next: at("09:00:00"), lastUpdated: at("08:15:00") },
      first: "past-due",
      onStartup: "past-due",
      next: at("09:00:00"),
      changed: false,
    },
    {
      name: "with a changed schedule that would be past due waits for the next",
      stored: { last: at("08:00:00"), next: at("08:20:00"), lastUpdated: at("08:00:00") },
      first: "schedule",
      onStartup: "startup",
      next: at("13:00:00"),
      changed: true,
    },
    {
      name: "with a changed schedule that is still to come takes it over",
      stored: { last: at("12:10:00"), next: at("12:40:00"), lastUpdated: at("12:10:00") },
      first: "schedule",
      onStartup: "startup",
      next: at("13:00:00"),
      changed: true,
    },
  ];
  it.each(starts)("$name", ({ stored, first, onStartup, next, changed }) => {
    const plain = startTimer({ stored, schedule: hourly, runOnStartup: false, now });
    expect(plain).toMatchObject({ first, changed, status: { next } });
    expect(startTimer({ stored, schedule: hourly, runOnStartup: true, now }).first).toBe(onStartup);
  });
});

describe("a timer that has run", () => {
  const status = { last: at("11:00:00"), next: at("12:00:00"), lastUpdated: at("11:00:00") };
  const runs: readonly [name: string, cause: TimerCause, invokedAt: Date, last: Date, next: Date][] = [
    ["in time", "schedule", at("12:00:00"), at("12:00:00"), at("13:00:00")],
    [
      "a little early counts for its occurrence",
      "schedule",
      at("11:59:59.998"),
      at("12:00:00"),
      at("13:00:00"),
    ],
    ["late goes on from there", "schedule", at("14:20:00"), at("14:20:00"), at("15:00:00")],
    ["to catch up goes on from there", "past-due", at("14:20:00"), at("14:20:00"), at("15:00:00")],
    ["at startup keeps its occurrence", "startup", at("11:30:00"), at("11:30:00"), at("12:00:00")],
  ];
  it.each(runs)("%s", (_, cause, invokedAt, last, next) => {
    expect(afterRun({ status, schedule: hourly, cause, invokedAt })).toEqual({
      last,
      next,
      lastUpdated: last,
    });
  });
});
