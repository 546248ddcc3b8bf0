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

  it("gives everything back that it may hold", () => {
    const at = new Date("2026-11-23T10:00:00.000Z");
    const full = makeRecord({
      state: "waiting",
      handling: {
        referrers: ["signatures", "sboms"],
        platforms: "only",
        nondistributable: "bring",
        lock: "locked",
        previous: "keep",
        drift: "repair",
        site: "plant-7",
      },
      demands: {
        pin: record.digest,
        cooldown: { minutes: 4320, first: "strict" },
        approval: "major",
        verify: ["acme"],
      },
      sighting: { by: "asked", named: "digest", major: "2 is new" },
      gates: [
        { gate: "allow-list", verdict: "passed", reason: "rule", at },
        { gate: "approval", verdict: "waiting", reason: "a person must approve", at, on: "person" },
      ],
      decisions: [
        { kind: "skip-cooldown", by: "ops", at, reason: "urgent" },
        { kind: "approve", by: "sec", at },
      ],
      operations: ["copy", "acr-import /x"],
      subject: record.digest,
      startedAt: at,
      bytes: { moved: 5, of: 9 },
      via: "copy",
      why: "acr-import refused",
      dueAt: at,
      deadline: at,
      endedAt: at,
      reason: "because",
      previousDigest: digestNamed("before"),
      link: "https://log.example/1",
      lease: "l",
      credential: "env:HUB",
      target: { host: "target.example", path: "mirror/app" },
    });
    expect(parseImportRecord(full.watch, { ...row, row: full.key, values: toValues(full) })).toEqual(full);
  });

  it("of version 0.2 is read with defaults", () => {
    const old = ["demands", "handling", "gates", "decisions", "operations", "sighting"];
    const values = Object.fromEntries(
      Object.entries(toValues(record)).filter(([name]) => !old.includes(name)),
    );
    expect(parseImportRecord(record.watch, { ...row, values })).toEqual(record);
  });

  it("holds the last of long lists, within what a column takes", () => {
    const at = new Date("2026-11-23T10:00:00.000Z");
    const numbers = Array.from({ length: 60 }, (_, number) => number);
    const long = makeRecord({
      gates: numbers.map((n) => ({ gate: `g${n}`, verdict: "passed", reason: '"'.repeat(2000), at })),
      decisions: numbers.map((n) => ({ kind: "retry", by: `b${n}`, at, reason: "x".repeat(1000) })),
      operations: numbers.map((n) => `acr-import ${"/".repeat(16_000)}${n}`),
      keptAs: numbers.map((n) => ({ tag: `${"t".repeat(115)}-${n}`, digest: record.digest, at })),
    });
    const values = toValues(long);
    for (const value of Object.values(values)) expect(String(value).length).toBeLessThan(32_768);
    const back = parseImportRecord(long.watch, { ...row, row: long.key, values });
    expect(back.decisions.length).toBeGreaterThan(20);
    expect(back.decisions.at(-1)?.by).toBe("b59");
    expect(back.operations).toEqual(long.operations.slice(-1));
    expect(back.gates.at(-1)?.gate).toBe("g59");
    expect(back.keptAs).toEqual(long.keptAs);
  });

  it.each([
    { column: "dueAt", value: "tomorrow", what: "not a time" },
    { column: "seenAt", value: "24.11.", what: "not a time" },
    { column: "hop", value: "three", what: "not a count" },
    { column: "attempts", value: -1, what: "not a count" },
  ])("whose $column somebody has changed is told", async ({ column, value, what }) => {
    const values = { ...toValues(record), [column]: value };
    const { message } = await failureOf(
      () => parseImportRecord(record.watch, { ...row, values }),
      "internal",
    );
    expect(message).toContain(`column ${column} is ${what}`);
  });

  it.each([
    { column: "demands", value: '{"verify":[],"approval":"sometimes"}' },
    { column: "sighting", value: "{}" },
    { column: "gates", value: "x" },
    { column: "decisions", value: '[{"kind":"bribe","by":"x","at":"2026-11-23T10:00:00.000Z"}]' },
  ])("whose $column is not ours is told", async ({ column, value }) => {
    const values = { ...toValues(record), [column]: value };
    const { message } = await failureOf(
      () => parseImportRecord(record.watch, { ...row, values }),
      "internal",
    );
    expect(message).toContain(`column ${column} is not what Wharfgate writes there`);
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
