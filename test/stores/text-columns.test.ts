import { expect, it } from "vitest";
import { readTextColumns, textColumns } from "../../shared/stores/text-columns.ts";

it.each([
  { name: "nothing", text: "", columns: 0 },
  { name: "one character", text: "x", columns: 1 },
  { name: "a full column", text: "x".repeat(30_000), columns: 1 },
  { name: "one character more", text: "x".repeat(30_001), columns: 2 },
  { name: "a surrogate pair over the end of a column", text: `${"x".repeat(29_999)}🐙y`, columns: 2 },
  { name: "nothing but surrogate pairs", text: "🐙".repeat(20_000), columns: 2 },
])("splits $name into $columns columns and joins it again", ({ text, columns }) => {
  const split = textColumns("body", text);
  expect(Object.keys(split)).toEqual(Array.from({ length: columns }, (_, at) => `body${at}`));
  for (const part of Object.values(split)) {
    expect(String(part).length).toBeLessThanOrEqual(30_000);
    expect(String(part).isWellFormed()).toBe(true);
  }
  expect(readTextColumns("body", { ...split, other: "z" }) === text).toBe(true);
});
