import { describe, expect, it } from "vitest";
import { retryAfterMs } from "../../shared/http/retry-after.ts";

const now = new Date("2026-11-20T12:00:00Z");
const hour = 3_600_000;

describe("retryAfterMs", () => {
  it.each<[string, string | undefined, number | undefined]>([
    ["absent", undefined, undefined],
    ["empty", "", undefined],
    ["seconds", "120", 120_000],
    ["zero", "0", 0],
    ["white space around", " 5 ", 5000],
    ["a fraction", "1.5", 1500],
    ["more than an hour", "86400", hour],
    ["a very large number of seconds", "999999999", hour],
    ["an HTTP date", "Fri, 20 Nov 2026 12:00:30 GMT", 30_000],
    ["a date in the past", "Fri, 20 Nov 2026 11:00:00 GMT", 0],
    ["a date far away", "Fri, 20 Nov 2027 12:00:00 GMT", hour],
    ["the date form of RFC 850", "Friday, 20-Nov-26 12:00:30 GMT", 30_000],
    ["an ISO date", "2026-11-20T12:01:00Z", 60_000],
    ["Unix seconds", "1795176060", 60_000],
    ["Unix milliseconds", "1795176005000", 5000],
    ["Unix seconds in the past", "1600000000", 0],
    ["a negative number", "-5", undefined],
    ["words", "soon", undefined],
    ["a word with a number", "foo 1", undefined],
    ["several", "5, 10", undefined],
    ["hexadecimal", "0x10", undefined],
    ["an exponent", "1e9", undefined],
    ["too many digits", "1".repeat(40), undefined],
    ["an impossible date", "Fri, 99 Nov 2026 99:99:99 GMT", undefined],
    ["not a number", "NaN", undefined],
  ])("reads %s", (_name, header, expected) => {
    expect(retryAfterMs(header, now)).toBe(expected);
  });
});
