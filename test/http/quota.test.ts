import { expect, it } from "vitest";
import { type Quota, quotaOf } from "../../shared/http/quota.ts";

const now = new Date("2026-11-22T10:00:00.000Z");
const nowSeconds = now.getTime() / 1000;

it.each<[string, Record<string, string>, Quota | undefined]>([
  ["nothing: no limit", {}, undefined],
  [
    "Docker Hub's",
    { "ratelimit-limit": "100;w=21600", "ratelimit-remaining": "76;w=21600" },
    { limit: 100, remaining: 76, resetMs: 21_600_000 },
  ],
  ["no window", { "ratelimit-limit": "100", "ratelimit-remaining": "76" }, { limit: 100, remaining: 76 }],
  [
    "a window after a comma, in the remaining field only",
    { "ratelimit-limit": "100", "ratelimit-remaining": "0, w=60" },
    { limit: 100, remaining: 0, resetMs: 60_000 },
  ],
  [
    "x- forms with a reset in seconds",
    { "x-ratelimit-limit": "5000", "x-ratelimit-remaining": "4999", "x-ratelimit-reset": "30" },
    { limit: 5000, remaining: 4999, resetMs: 30_000 },
  ],
  [
    "x- forms with a reset as a Unix time",
    { "x-ratelimit-limit": "60", "x-ratelimit-remaining": "0", "x-ratelimit-reset": `${nowSeconds + 90}` },
    { limit: 60, remaining: 0, resetMs: 90_000 },
  ],
  [
    "a reset that is over",
    { "x-ratelimit-limit": "60", "x-ratelimit-remaining": "0", "x-ratelimit-reset": `${nowSeconds - 90}` },
    { limit: 60, remaining: 0, resetMs: 0 },
  ],
  [
    "more left than there is",
    { "ratelimit-limit": "100", "ratelimit-remaining": "1000" },
    { limit: 100, remaining: 100 },
  ],
  ["a limit alone", { "ratelimit-limit": "100" }, undefined],
  ["a limit of nothing", { "ratelimit-limit": "0", "ratelimit-remaining": "0" }, undefined],
  ["nonsense", { "ratelimit-limit": "many", "ratelimit-remaining": "-1" }, undefined],
  [
    "far too many digits",
    { "ratelimit-limit": "9".repeat(400), "ratelimit-remaining": "1" },
    {
      limit: 999_999_999_999,
      remaining: 1,
    },
  ],
])("reads %s", (_, headers, quota) => {
  expect(
    quotaOf(
      (name) => headers[name],
      () => now,
    ),
  ).toEqual(quota);
});
