import { describe, expect, it } from "vitest";
import { parseImportRecord, toValues } from "../../shared/documents/import-columns.ts";
import { formatImportId, importKey, isOpen, parseImportId } from "../../shared/documents/import-record.ts";
import { failureOf } from "../support/failures.ts";
import { digestNamed, makeRecord } from "../support/records.ts";

describe("an import's key", () => {
  const record = makeRecord();

  it("is the same however often the image is found", () => {
    expect(importKey(makeRecord({ state: "done", hop: 9, watch: { group: "x", name: "y" } }))).toBe(
      record.key,
    );
    expect(record.key).toMatch(/^[0-9a-f]{64}$/);
  });

  it.each([
    { name: "source host", parts: { source: { host: "other.example", path: "library/app" } } },
    { name: "source path", parts: { source: { host: "up.example", path: "library/app2" } } },
    { name: "tag", parts: { tag: "1.0.1", digest: record.digest, target: record.target } },
    { name: "digest", parts: { digest: digestNamed("x") } },
    { name: "target path", parts: { target: { ...record.target, path: "mirror/app2" } } },
    { name: "target tag", parts: { target: { ...record.target, tag: "x" } } },
  ])("is another for another $name", ({ parts }) => {
    expect(makeRecord(parts).key).not.toBe(record.key);
  });
});

describe("an import's id", () => {
  it("is read as it is written", () => {
    const { watch, key } = makeRecord();
    expect(parseImportId(formatImportId({ watch, key }))).toEqual({ watch, key });
  });

  it.each([
    "",
    "a.b",
    `a.b.${"0".repeat(63)}`,
    `a.b.${"A".repeat(64)}`,
    `a/b.c.${"0".repeat(64)}`,
    `a.b.c.${"0".repeat(64)}`,
  ])("is none in %j", (text) => {
    expect(parseImportId(text)).toBeUndefined();
  });
});

it.each([
  ["pending", true],
  ["running", true],
  ["done", false],
  ["held", false],
  ["failed", false],
] as const)("an import that is %s is open: %s", (state, open) => {
  expect(isOpen(makeRecord({ state }))).toBe(open);
});

describe("a ledger row", () => {
  const record = makeRecord({
    operation: { path: "x" },
    notify: [],
    locked: "ledger",
    keptAs: [{ tag: "stable-20261122", digest: digestNamed("old"), at: new Date("2026-11-22T10:00:00Z") }],
    repair: { kind: "overwritten", found: digestNamed("foreign"), existing: "keep" },
    repairs: [new Date("2026-11-21T10:00:00Z")],
  });
  const row = { partition: "default~app", row: record.key, etag: "e", changedAt: new Date(), ageMs: 0 };

  it("gives the record back", () => {
    expect(parseImportRecord(record.watch, { ...row, values: toValues(record) })).toEqual(record);
  });

  it.each(["source", "tag", "digest", "target", "state", "method", "existing", "notify", "seenAt"])(
    "without %s is no row of ours",
    async (column) => {
      const { [column]: _, ...values } = toValues(record);
      const { message } = await failureOf(
        () => parseImportRecord(record.watch, { ...row, values }),
        "internal",
      );
      expect(message).toBe(`ledger row default~app/${record.key}: column ${column} is missing or not text`);
    },
  );
});
