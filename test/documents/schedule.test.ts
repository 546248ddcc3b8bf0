import { describe, expect, it } from "vitest";
import {
  dueWithin,
  intervalMs,
  parseSchedule,
  type Schedule,
  turnOf,
} from "../../shared/documents/schedule.ts";
import { failureOf } from "../support/failures.ts";

const minute = 60_000;
const day = 1440;
const at = (time: string): Date => new Date(time.length === 20 ? time : `2026-11-22T${time}Z`);

describe("a schedule", () => {
  it.each<{ readonly text: string; readonly is: Schedule }>([
    { text: "every 1m", is: { kind: "every", minutes: 1 } },
    { text: "every 15m", is: { kind: "every", minutes: 15 } },
    { text: " every  6 h ", is: { kind: "every", minutes: 360 } },
    { text: "every 7d", is: { kind: "every", minutes: 7 * day } },
    { text: "0 30 6 * * 1-5", is: { kind: "cron", expression: "0 30 6 * * 1-5" } },
    { text: " 0  */5 *\t* * * ", is: { kind: "cron", expression: "0 */5 * * * *" } },
    { text: "0 0 0 1 Jan Mon", is: { kind: "cron", expression: "0 0 0 1 Jan Mon" } },
    { text: "0 0 0 29 2 *", is: { kind: "cron", expression: "0 0 0 29 2 *" } },
  ])("reads $text", ({ text, is }) => {
    expect(parseSchedule(text)).toEqual(is);
  });

  it.each([
    { text: "every 0m", why: "the interval must be 1 minute to 7 days" },
    { text: "every 8d", why: "the interval must be 1 minute to 7 days" },
    { text: "every 15", why: "it has 2 fields, not six" },
    { text: "hourly", why: "it has 1 field, not six" },
    { text: "", why: "it has 1 field, not six" },
    { text: "*/5 * * * *", why: "it has 5 fields, not six" },
    { text: "0 0 0 * * * 2027", why: "it has 7 fields, not six" },
    { text: "0 0 0 L * *", why: "a field has a character outside NCRONTAB" },
    { text: "0 0 0 ? * *", why: "a field has a character outside NCRONTAB" },
    { text: "0 0 0 * * 5#2", why: "a field has a character outside NCRONTAB" },
    { text: "0 0 0 30 2 *", why: "it never comes due" },
    { text: "61 0 0 * * *", why: "" },
    { text: "0 0 0 * Foo *", why: "" },
  ])("refuses $text: $why", async ({ text, why }) => {
    const { message } = await failureOf(() => parseSchedule(text), "invalid");
    expect(message).toContain(`The schedule "${text}" cannot be used: ${why}`);
    expect(message).toContain('Examples: "every 15m", "every 6h", "0 30 6 * * 1-5" (six fields, UTC)');
  });
});

describe("when a cron schedule is due", () => {
  it.each([
    { cron: "0 30 6 * * *", after: "06:29:00", until: "06:30:00", due: "06:30:00" },
    { cron: "0 30 6 * * *", after: "06:30:00", until: "06:31:00", due: undefined },
    { cron: "0 30 6 * * *", after: "06:28:00", until: "06:29:59", due: undefined },
    { cron: "0 30 6 * * *", after: "06:29:59", until: "06:30:01", due: "06:30:00" },
    { cron: "30 * * * * *", after: "06:29:00", until: "06:30:00", due: "06:29:30" },
    { cron: "0 */5 * * * *", after: "06:00:00", until: "06:59:00", due: "06:55:00" },
    // The 22nd of November 2026 is a Sunday; day of month AND day of week, as Azure timers have it.
    { cron: "0 0 12 22 * 0", after: "11:59:00", until: "12:00:00", due: "12:00:00" },
    { cron: "0 0 12 22 * 1", after: "11:59:00", until: "12:00:00", due: undefined },
    { cron: "0 0 12 23 * 0", after: "11:59:00", until: "12:00:00", due: undefined },
    // Summer time ends in Europe and America in these nights: UTC has none.
    {
      cron: "0 30 1 * * *",
      after: "2026-10-25T01:29:00Z",
      until: "2026-10-25T01:30:00Z",
      due: "2026-10-25T01:30:00Z",
    },
    {
      cron: "0 30 2 * * *",
      after: "2026-03-29T02:29:00Z",
      until: "2026-03-29T02:30:00Z",
      due: "2026-03-29T02:30:00Z",
    },
    {
      cron: "0 0 0 29 2 *",
      after: "2028-02-28T23:59:00Z",
      until: "2028-02-29T00:00:00Z",
      due: "2028-02-29T00:00:00Z",
    },
    {
      cron: "59 59 23 31 12 *",
      after: "2026-12-31T23:59:00Z",
      until: "2027-01-01T00:00:00Z",
      due: "2026-12-31T23:59:59Z",
    },
  ])("$cron in ($after, $until]: $due", ({ cron, after, until, due }) => {
    const window = { after: at(after), until: at(until) };
    const found = dueWithin(parseSchedule(cron), "any", window);
    expect(found?.toISOString()).toBe(due === undefined ? undefined : at(due).toISOString());
  });
});

describe("when an interval is due", () => {
  it.each([1, 15, 60, 360, day, 7 * day])("is every %i minutes, exactly once in each", (minutes) => {
    const schedule = parseSchedule(`every ${minutes}m`);
    const start = at("00:00:00").getTime();
    const found = Array.from({ length: 20 }, (_, turn) => {
      const after = new Date(start + turn * minutes * minute);
      return dueWithin(schedule, "default~app", {
        after,
        until: new Date(after.getTime() + minutes * minute),
      });
    });
    const times = found.map((each) => each?.getTime() ?? Number.NaN);
    for (const [turn, time] of times.slice(1).entries())
      expect(time - (times[turn] ?? 0)).toBe(minutes * minute);
  });

  it("gives one moment after a long pause: the latest", () => {
    const schedule = parseSchedule("every 15m");
    const until = at("12:00:00");
    const found = dueWithin(schedule, "default~app", { after: at("00:00:00"), until });
    expect(until.getTime() - (found?.getTime() ?? 0)).toBeLessThan(15 * minute);
  });

  it("gives none in a window that runs backwards", () => {
    expect(
      dueWithin(parseSchedule("every 1m"), "s", { after: at("12:00:00"), until: at("11:00:00") }),
    ).toBeUndefined();
  });

  it("is spread over the interval by the watch, always the same for one", () => {
    const schedule = parseSchedule("every 15m");
    const window = { after: at("10:00:00"), until: at("10:15:00") };
    const times = Array.from(
      { length: 1000 },
      (_, each) => dueWithin(schedule, `g~w${each}`, window)?.getTime() ?? 0,
    );
    const perMinute = Array.from({ length: 15 }, (_, slot) => {
      const from = window.after.getTime() + slot * minute;
      return times.filter((time) => time > from && time <= from + minute).length;
    });
    expect(Math.min(...perMinute)).toBeGreaterThan(35);
    expect(Math.max(...perMinute)).toBeLessThan(110);
    expect(dueWithin(schedule, "g~w1", window)?.getTime()).toBe(times[1]);
  });
});

describe("turnOf", () => {
  it("goes up by one from poll to poll of an interval", () => {
    const schedule = parseSchedule("every 15m");
    const turns = [0, 1, 2, 3].map((poll) =>
      turnOf(schedule, "s", new Date(at("10:07:00").getTime() + poll * 15 * minute)),
    );
    expect(turns.map((turn) => turn - (turns[0] ?? 0))).toEqual([0, 1, 2, 3]);
  });

  it("is another for each seed, so that not all watches rest at the same poll", () => {
    const schedule = parseSchedule("every 15m");
    const seeds = Array.from({ length: 200 }, (_, index) => `web~w${index}`);
    const turns = seeds.map((seed) => turnOf(schedule, seed, at("10:00:00")) % 16);
    expect(new Set(turns).size).toBe(16);
  });

  it("comes round to all of a few for cron", () => {
    const schedule = parseSchedule("0 0 6 * * *");
    const seen = new Set(
      Array.from(
        { length: 60 },
        (_, poll) => turnOf(schedule, "s", new Date(at("06:00:00").getTime() + poll * day * minute)) % 5,
      ),
    );
    expect(seen.size).toBe(5);
  });
});

describe("intervalMs", () => {
  it.each([
    ["every 15m", 15],
    ["every 2d", 2 * 1440],
    ["0 */5 * * * *", 5],
    ["0 30 6 * * 1-5", 1440],
    ["0 0 6,7,20 * * *", 60],
  ])("of %s is %i minutes", (text, minutes) => {
    expect(intervalMs(parseSchedule(text), at("12:00:00"))).toBe(minutes * minute);
  });
});
