import { describe, expect, it } from "vitest";
import { parseNcrontab } from "../../../local/host/ncrontab.ts";
import { parseTimerSchedule } from "../../../local/host/timer-schedule.ts";

const from = "2026-03-14T15:09:26.535Z"; // a Saturday

describe("the next occurrence", () => {
  const occurrences: readonly [name: string, expression: string, after: string, next: string][] = [
    ["each second, strictly after", "* * * * * *", from, "2026-03-14T15:09:27Z"],
    ["not the moment itself", "0 * * * * *", "2026-03-14T15:09:00Z", "2026-03-14T15:10:00Z"],
    ["each minute", "0 * * * * *", from, "2026-03-14T15:10:00Z"],
    ["each five minutes", "0 */5 * * * *", from, "2026-03-14T15:10:00Z"],
    ["a step from a start runs to the end", "0 7/20 * * * *", from, "2026-03-14T15:27:00Z"],
    ["a step in a range", "0 0-30/15 * * * *", from, "2026-03-14T15:15:00Z"],
    ["a list", "0 5,10,50 * * * *", from, "2026-03-14T15:10:00Z"],
    ["over the hour", "30 8 * * * *", from, "2026-03-14T16:08:30Z"],
    ["over the day", "0 0 3 * * *", from, "2026-03-15T03:00:00Z"],
    ["over the month", "0 0 0 1 * *", from, "2026-04-01T00:00:00Z"],
    ["over the year", "0 0 0 1 1 *", from, "2027-01-01T00:00:00Z"],
    ["later the same day", "0 0 16 * * *", from, "2026-03-14T16:00:00Z"],
    ["on weekdays", "0 30 6 * * 1-5", from, "2026-03-16T06:30:00Z"],
    ["on weekdays by name", "0 30 6 * * Mon-Fri", from, "2026-03-16T06:30:00Z"],
    ["a name by any beginning, the first that fits", "0 0 0 * * T", from, "2026-03-17T00:00:00Z"],
    ["a month by its whole name", "0 0 0 1 december *", from, "2026-12-01T00:00:00Z"],
    ["a day of the month AND of the week", "0 0 0 13 * 5", from, "2026-11-13T00:00:00Z"],
    ["the 31st skips short months", "0 0 0 31 * *", "2026-03-31T12:00:00Z", "2026-05-31T00:00:00Z"],
    ["29 February", "0 0 0 29 2 *", from, "2028-02-29T00:00:00Z"],
    [
      "29 February on a Sunday, past a century",
      "0 0 0 29 2 0",
      "2096-02-29T00:00:00Z",
      "2128-02-29T00:00:00Z",
    ],
    ["a reversed range is turned, not wrapped", "0 0 20-18 * * *", from, "2026-03-14T18:00:00Z"],
    ["a step of zero is one", "*/0 * * * * *", from, "2026-03-14T15:09:27Z"],
    ["more spaces than needed", " 0  0 0 1 1  * ", from, "2027-01-01T00:00:00Z"],
    ["a TimeSpan counts from the moment itself", "00:30:00", from, "2026-03-14T15:39:26.535Z"],
    ["a TimeSpan with days", "1.00:00:00", from, "2026-03-15T15:09:26.535Z"],
  ];
  it.each(occurrences)("%s: %s", (_, expression, after, next) => {
    expect(parseTimerSchedule(expression).next(new Date(after))).toEqual(new Date(next));
  });
});

describe("refused, as by NCrontab", () => {
  const refused: readonly [name: string, expression: string, message: string][] = [
    ["five fields", "*/5 * * * *", "it has 5 fields"],
    ["seven fields", "0 0 0 1 1 * 2026", "it has 7 fields"],
    ["a nickname", "@daily", "it has 1 fields"],
    ["nothing", "", "it has 0 fields"],
    ["?", "0 0 0 ? * 1", '"?" is not a day from 1 to 31'],
    ["L", "0 0 0 L * *", '"L" is not a day'],
    ["W", "0 0 0 15W * *", '"15W" is not a day'],
    ["#", "0 0 0 * * 5#3", '"5#3" is not a day of week'],
    ["second 60", "60 * * * * *", '"60" is not a second from 0 to 59'],
    ["hour 24", "0 0 24 * * *", '"24" is not a hour'],
    ["day 0", "0 0 0 0 * *", '"0" is not a day'],
    ["day of week 7", "0 0 0 * * 7", '"7" is not a day of week from 0 to 6'],
    ["a name where there are none", "0 0 Mon * * *", '"Mon" is not a hour'],
    ["an unknown name", "0 0 0 * Foo *", '"Foo" is not a month'],
    ["an empty item of a list", "0,,5 * * * * *", '"" is not a second'],
    ["an open range", "0 5- * * * *", '"" is not a minute'],
    ["a range of three", "0 1-2-3 * * * *", '"1-2-3" is not a range'],
    ["a step without a number", "0 */ * * * *", '"" is not a minute'],
    ["two steps", "0 */2/3 * * * *", '"" is not a minute'],
    ["a sign", "-5 * * * * *", '"" is not a second'],
    ["what never occurs", "0 0 0 30 2 *", "it never occurs"],
  ];
  it.each(refused)("%s: %s", (_, expression, message) => {
    expect(() => parseNcrontab(expression)).toThrow(message);
  });
});

describe("timers that keep no state", () => {
  it.each([
    ["* * * * * *", true],
    ["*/30 * * * * *", true],
    ["0,30 0 0 1 1 *", true],
    ["00:00:59", true],
    ["0 * * * * *", false],
    ["00:01:00", false],
    ["0 0 3 * * *", false],
  ])("%s: %s", (expression, expected) => {
    expect(parseTimerSchedule(expression).belowAMinute).toBe(expected);
  });
});
