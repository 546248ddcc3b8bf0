import { describe, expect, it } from "vitest";
import type { Row, Table, Write } from "../../shared/azure/tables.ts";
import { inBatches } from "../../shared/model/batches.ts";
import { collect } from "../support/collect.ts";
import { failureOf } from "../support/failures.ts";
import { createMemoryTable } from "../support/memory-table.ts";
import { never } from "../support/registries.ts";
import { useStorage } from "../support/storage.ts";

const storage = useStorage();

const members: readonly { readonly name: string; open(): Table }[] = [
  { name: "Azurite", open: () => storage.open().table("conformance") },
  { name: "memory", open: () => createMemoryTable() },
];

const key = { partition: "p", row: "r" };

describe.each(members)("a table in $name", ({ open }) => {
  it("has no row that was not written, and no table before its first write", async () => {
    const table = open();
    expect(await table.get(key, never)).toBeUndefined();
    expect(await collect(table.query({ partition: "p" }, never))).toEqual([]);
    expect(await collect(table.scan("", never))).toEqual([]);
    await table.remove(key, never);
    expect(await table.get(key, never)).toBeUndefined();
  });

  it.each<{ readonly write: string; act(table: Table): Promise<unknown> }>([
    { write: "insert", act: (table) => table.insert(key, { a: 1 }, never) },
    { write: "upsert", act: (table) => table.upsert(key, { a: 1 }, never) },
    {
      write: "a transaction",
      act: (table) => table.transact([{ kind: "insert", key, values: { a: 1 } }], never),
    },
  ])("makes the table at the first $write", async ({ act }) => {
    const table = open();
    await act(table);
    expect((await table.get(key, never))?.values).toEqual({ a: 1 });
  });

  it("gives back strings, numbers and booleans as they were, and leaves the service's own columns out", async () => {
    const table = open();
    const values = { text: "it's 5 €, ×ばつ", empty: "", whole: 7, real: 1.5, yes: true, no: false };
    await table.insert(key, values, never);
    const row = await table.get(key, never);
    expect(row).toMatchObject({ ...key, values });
    expect(Object.keys(row?.values ?? {}).sort()).toEqual(Object.keys(values).sort());
  });

  it("inserts only what is not there", async () => {
    const table = open();
    expect(await table.insert(key, { a: 1 }, never)).toBe("inserted");
    expect(await table.insert(key, { a: 2 }, never)).toBe("exists");
    expect((await table.get(key, never))?.values).toEqual({ a: 1 });
  });

  it("replaces whole rows, never merging columns", async () => {
    const table = open();
    await table.insert(key, { a: 1, b: 1 }, never);
    await table.upsert(key, { b: 2 }, never);
    expect((await table.get(key, never))?.values).toEqual({ b: 2 });
    const { etag } = await present(table);
    await table.replace({ ...key, etag }, { c: 3 }, never);
    expect((await table.get(key, never))?.values).toEqual({ c: 3 });
    await table.transact([{ kind: "replace", key, values: { d: 4 }, etag: "*" }], never);
    expect((await table.get(key, never))?.values).toEqual({ d: 4 });
  });

  it("case 44: refuses a stale etag with conflict, and takes the one of a read anew", async () => {
    const table = open();
    await table.insert(key, { a: 1 }, never);
    const { etag } = await present(table);
    const next = await table.replace({ ...key, etag }, { a: 2 }, never);
    await failureOf(() => table.replace({ ...key, etag }, { a: 3 }, never), "conflict");
    const stale: Write = { kind: "replace", key, values: { a: 3 }, etag };
    await failureOf(() => table.transact([stale], never), "conflict");
    expect(await present(table)).toMatchObject({ etag: next, values: { a: 2 } });
    await table.replace({ ...key, etag: (await present(table)).etag }, { a: 3 }, never);
    expect((await present(table)).values).toEqual({ a: 3 });
  });

  it("fails with not-found when it is to replace a row that is gone", async () => {
    const table = open();
    await failureOf(() => table.replace({ ...key, etag: "*" }, { a: 1 }, never), "not-found");
    const write: Write = { kind: "replace", key, values: { a: 1 }, etag: "*" };
    await failureOf(() => table.transact([write], never), "not-found");
  });

  it("does all of a transaction or nothing", async () => {
    const table = open();
    const other = { partition: "p", row: "known" };
    await table.insert(other, { a: 1 }, never);
    await failureOf(
      () =>
        table.transact(
          [
            { kind: "insert", key, values: { a: 1 } },
            { kind: "insert", key: other, values: { a: 2 } },
          ],
          never,
        ),
      "conflict",
    );
    expect(await table.get(key, never)).toBeUndefined();
    await table.transact(
      [
        { kind: "insert", key, values: { a: 1 } },
        { kind: "delete", key: other },
      ],
      never,
    );
    expect((await collect(table.query({ partition: "p" }, never))).map(({ row }) => row)).toEqual(["r"]);
    await table.transact([], never);
  });

  it("takes 100 rows in a transaction and no more", async () => {
    const table = open();
    const writes = (count: number): Write[] =>
      Array.from({ length: count }, (_, at) => ({
        kind: "insert",
        key: { partition: "p", row: `${at}` },
        values: {},
      }));
    await failureOf(() => table.transact(writes(101), never), "invalid");
    await table.transact(writes(100), never);
    expect(await collect(table.query({ partition: "p" }, never))).toHaveLength(100);
  });

  it("queries a range of row keys in one partition, bounds included, ordered by code unit", async () => {
    const table = open();
    const names = ["A", "a", "a-b", "a.b", "a1", "aa", "a~", "b"];
    for (const row of names) await table.insert({ partition: "p", row }, {}, never);
    await table.insert({ partition: "p2", row: "a" }, {}, never);
    const found = async (from: string, to: string): Promise<string[]> =>
      (await collect(table.query({ partition: "p", from, to }, never))).map(({ row }) => row);
    expect(await found("a", "a~")).toEqual(["a", "a-b", "a.b", "a1", "aa", "a~"]);
    expect(await found("a", "a")).toEqual(["a"]);
    expect(await found("a-", "a0")).toEqual(["a-b", "a.b"]);
    expect((await collect(table.query({ partition: "p" }, never))).map(({ row }) => row)).toEqual(names);
  });

  it("reads a partition key with an apostrophe as it is, not as part of the filter", async () => {
    const table = open();
    const hostile = { partition: "p' or PartitionKey eq 'q", row: "r" };
    await table.insert(hostile, { a: 1 }, never);
    await table.insert({ partition: "q", row: "r" }, { a: 2 }, never);
    const found = await collect(table.query({ partition: hostile.partition }, never));
    expect(found.map(({ values }) => values)).toEqual([{ a: 1 }]);
  });

  it.each([
    { filter: "state eq 'due' or state eq 'sending'", rows: ["1", "2"] },
    { filter: "PartitionKey eq 'p' and (state eq 'due' or state eq 'sent')", rows: ["1", "3"] },
    { filter: "RowKey lt '3'", rows: ["1", "2"] },
    { filter: "RowKey ge '2' and RowKey le '3'", rows: ["2", "3"] },
    { filter: "Timestamp lt datetime'2020-01-01T00:00:00.000Z'", rows: [] },
    { filter: "Timestamp gt datetime'2020-01-01T00:00:00.000Z'", rows: ["1", "2", "3"] },
  ])("scans by $filter", async ({ filter, rows }) => {
    const table = open();
    for (const [row, state] of [
      ["1", "due"],
      ["2", "sending"],
      ["3", "sent"],
    ] as const)
      await table.insert({ partition: "p", row }, { state }, never);
    expect((await collect(table.scan(filter, never))).map(({ row }) => row)).toEqual(rows);
  });

  it("tells a row's age at each read", async () => {
    const table = open();
    await table.insert(key, {}, never);
    const row = await present(table);
    expect(row.ageMs).toBeGreaterThanOrEqual(0);
    expect(row.ageMs).toBeLessThan(60_000);
    expect(Math.abs(Date.now() - row.changedAt.getTime())).toBeLessThan(60_000);
    expect((await collect(table.scan("", never)))[0]?.ageMs).toBeLessThan(60_000);
  });
});

describe("a table in Azurite", () => {
  it("reads more rows than one page of the service holds", async () => {
    const table = storage.open().table("paged");
    const rows = Array.from({ length: 1100 }, (_, at) => String(at).padStart(5, "0"));
    for (const batch of inBatches(rows, 100)) {
      const writes = batch.map(
        (row): Write => ({ kind: "insert", key: { partition: "p", row }, values: {} }),
      );
      await table.transact(writes, never);
    }
    expect((await collect(table.query({ partition: "p" }, never))).map(({ row }) => row)).toEqual(rows);
  });

  it("ends with canceled when its signal is aborted", async () => {
    const table = storage.open().table("aborted");
    await table.insert(key, {}, never);
    await failureOf(() => table.get(key, AbortSignal.abort()), "canceled");
    await failureOf(() => collect(table.scan("", AbortSignal.abort())), "canceled");
  });

  it("names the table and the key in its failures, and no address", async () => {
    const table = storage.open().table("named");
    const { message } = await failureOf(() => table.replace({ ...key, etag: "*" }, {}, never), "not-found");
    expect(message).toMatch(/^updating t\d+named\(p, r\): storage answered 404 ResourceNotFound$/);
  });
});

describe("inBatches", () => {
  it.each([
    { count: 0, sizes: [] },
    { count: 1, sizes: [1] },
    { count: 100, sizes: [100] },
    { count: 101, sizes: [100, 1] },
  ])("splits $count items into $sizes", ({ count, sizes }) => {
    const items = Array.from({ length: count }, (_, at) => at);
    const batches = inBatches(items, 100);
    expect(batches.map(({ length }) => length)).toEqual(sizes);
    expect(batches.flat()).toEqual(items);
  });

  it("refuses a size that would never end", async () => {
    await failureOf(() => inBatches([1], 0), "internal");
  });
});

async function present(table: Table): Promise<Row> {
  const row = await table.get(key, never);
  if (row === undefined) throw new Error("the row should be there");
  return row;
}
