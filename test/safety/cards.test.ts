import { expect, it } from "vitest";
import { renderCard } from "../../shared/notifiers/card.ts";
import { summarize } from "../../shared/notifiers/summary.ts";
import { eventOf } from "../notifiers/events.ts";

const limit = 28 * 1024;
const statusUrl = "https://wharfgate.example/status";

it.each([
  ["many events", 5000, "it failed"],
  ["reasons of any length", 40, "x".repeat(100_000)],
  ["reasons that are long in UTF-8", 200, "\u{1f4a5}".repeat(2000)],
  ["reasons that are long when escaped", 200, '"\\'.repeat(2000)],
])("case 61: a card of %s is cut below 28 KB, and leads to the rest by its link", (_name, count, reason) => {
  const events = Array.from({ length: count }, (_, at) => eventOf("failed", { tag: `t${at}`, reason }));
  const text = JSON.stringify(renderCard(summarize(events), statusUrl));
  expect(Buffer.byteLength(text)).toBeLessThan(limit);
  expect(text).toContain(statusUrl);
  if (count > 100) expect(text).toMatch(new RegExp(`and [0-9]+ more of ${count}, not shown`));
});
