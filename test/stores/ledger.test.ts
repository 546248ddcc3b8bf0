import { afterEach, describe, expect, it, vi } from "vitest";
import type { ImportRecord } from "../../shared/documents/import-record.ts";
import type { Ledger, LedgerEntry } from "../../shared/stores/ledger.ts";
import { collect } from "../support/collect.ts";
import { failureOf } from "../support/failures.ts";
import { digestNamed, makeEvent, makeRecord } from "../support/records.ts";
import { never } from "../support/registries.ts";
import { useStorage } from "../support/storage.ts";

const storage = useStorage();
const { watch } = makeRecord();
const partition = "default~app";

afterEach(() => {
  vi.useRealTimers();
});

describe("the ledger", () => {
  it("passes over a row that cannot be read, and tells of it", async () => {
    const { stores, table } = storage.open();
    const record = makeRecord();
    await stores.ledger.add([{ record }], never);
    const spoilt = { partition, row: "f".repeat(64) };
    await table("images").upsert(spoilt, { state: "pending", method: "by-pigeon" }, never);
    const passedOver: string[] = [];
    const all = stores.ledger.all(never, (row) => passedOver.push(row));
    expect((await collect(all)).map((entry) => entry.record)).toEqual([record]);
    expect((await collect(stores.ledger.open(never))).map((entry) => entry.record)).toEqual([record]);
    expect(passedOver).toEqual([`${partition}/${spoilt.row}`]);
  });

  it("gives back every field of a record", async () => {
    const { ledger } = storage.open().stores;
    const record = makeRecord({
      state: "failed",
      method: "agent-pool",
      existing: "replace",
      platforms: ["linux/amd64", "linux/arm64/v8"],
      credential: "env:HUB",
      notify: ["ops", "security"],
      requestedBy: "someone@example.org",
      hop: 7,
      attempts: 3,
      operation: { path: "/runs/1", at: 5 },
      deadline: new Date("2026-11-22T12:00:00.000Z"),
      endedAt: new Date("2026-11-22T11:00:00.000Z"),
      reason: "because, it's so",
      previousDigest: digestNamed("before"),
      link: "https://logs.example/1",
    });
    expect(await ledger.add([{ record }], never)).toEqual([record]);
    expect((await ledger.get(watch, record.key, never))?.record).toEqual(record);
    expect(await ledger.get(watch, "0".repeat(64), never)).toBeUndefined();
  });

  it("adds what is not there yet, and tells which were new", async () => {
    const { ledger } = storage.open().stores;
    const [one, two, three] = ["1.0.0", "2.0.0", "3.0.0"].map((tag) => makeRecord({ tag })) as [
      ImportRecord,
      ImportRecord,
      ImportRecord,
    ];
    await ledger.add([{ record: two }], never);
    const again = { ...two, requestedBy: "somebody else" };
    const added = await ledger.add(
      [one, again, three].map((record) => ({ record })),
      never,
    );
    expect(added).toEqual([one, three]);
    expect((await ledger.get(watch, two.key, never))?.record).toEqual(two);
  });

  it("case 50: adds more rows than one transaction takes, known ones among them", async () => {
    const { ledger } = storage.open().stores;
    const records = Array.from({ length: 120 }, (_, at) => makeRecord({ tag: `1.0.${at}` }));
    const known = records.slice(58, 61);
    await ledger.add(
      known.map((record) => ({ record })),
      never,
    );
    const added = await ledger.add(
      records.map((record) => ({ record, announce: { event: makeEvent(record.key), channels: ["ops"] } })),
      never,
    );
    expect(added).toHaveLength(117);
    expect(new Set(added.map(({ tag }) => tag)).size).toBe(117);
    expect(await collect(ledger.ofWatch(watch, never))).toHaveLength(120);
    expect(await ledger.outbox(partition, never)).toHaveLength(117);
  });

  it("case 43: lets one of two workers add a record", async () => {
    const { ledger } = storage.open().stores;
    const record = makeRecord();
    const announce = { event: makeEvent("moved"), channels: ["ops"] };
    const added = await Promise.all(
      Array.from({ length: 6 }, () => ledger.add([{ record, announce }], never)),
    );
    expect(added.flat()).toEqual([record]);
    expect(await ledger.outbox(partition, never)).toHaveLength(1);
  });

  it("case 44: writes over the version that was read, and over no other", async () => {
    const { ledger } = storage.open().stores;
    const record = makeRecord();
    await ledger.add([{ record }], never);
    const read = await entryOf(ledger, record);
    const etag = await ledger.update(read, { ...record, hop: 1 }, { signal: never });
    await failureOf(() => ledger.update(read, { ...record, hop: 9 }, { signal: never }), "conflict");
    await ledger.update({ etag }, { ...record, hop: 2 }, { signal: never });
    expect((await entryOf(ledger, record)).record.hop).toBe(2);
  });

  it("puts the event into the outbox with the change, or neither", async () => {
    const { ledger } = storage.open().stores;
    const record = makeRecord();
    await ledger.add([{ record }], never);
    const read = await entryOf(ledger, record);
    const announce = { event: makeEvent("e1"), channels: ["ops", "security"] };
    await ledger.update(read, { ...record, state: "done" }, { signal: never, announce });
    const late = { event: makeEvent("e2"), channels: ["ops"] };
    await failureOf(
      () => ledger.update(read, { ...record, state: "failed" }, { signal: never, announce: late }),
      "conflict",
    );
    expect((await entryOf(ledger, record)).record.state).toBe("done");
    expect(await ledger.outbox(partition, never)).toEqual([announce]);
  });

  it("hands over what it is told to, oldest first, and keeps what came meanwhile", async () => {
    const { ledger } = storage.open().stores;
    const put = (key: string, at: string) =>
      ledger.announce(partition, { event: makeEvent(key, { at }), channels: ["ops"] }, never);
    await put("b", "2026-11-22T10:00:01.000Z");
    await put("a", "2026-11-22T10:00:02.000Z");
    await put("a", "2026-11-22T10:00:09.000Z");
    expect((await ledger.outbox(partition, never)).map(({ event }) => event.key)).toEqual(["b", "a"]);
    await put("c", "2026-11-22T10:00:03.000Z");
    await ledger.handedOver(partition, ["a", "b"], never);
    await ledger.handedOver(partition, ["a", "b"], never);
    expect((await ledger.outbox(partition, never)).map(({ event }) => event.key)).toEqual(["c"]);
    expect(await ledger.waitingOutboxes(3_600_000, never)).toEqual(new Set());
    expect(await ledger.waitingOutboxes(-1, never)).toEqual(new Set([partition]));
  });

  it("keeps an event that no channel is told", async () => {
    const { ledger } = storage.open().stores;
    await ledger.announce(partition, { event: makeEvent("e"), channels: [] }, never);
    expect(await ledger.outbox(partition, never)).toEqual([{ event: makeEvent("e"), channels: [] }]);
  });

  it("lists imports by watch and all, without the outbox and without a neighbour's", async () => {
    const { ledger } = storage.open().stores;
    const names = ["app", "app-2", "ap"];
    const records = names.map((name) => makeRecord({ watch: { group: "default", name } }));
    const running = makeRecord({ tag: "2.0.0", state: "running" });
    const done = makeRecord({ tag: "3.0.0", state: "done" });
    for (const record of [...records, running, done]) {
      await ledger.add([{ record, announce: { event: makeEvent(record.key), channels: [] } }], never);
    }
    expect((await collect(ledger.ofWatch(watch, never))).map(({ record }) => record.tag).sort()).toEqual([
      "1.0.0",
      "2.0.0",
      "3.0.0",
    ]);
    expect(await collect(ledger.all(never))).toHaveLength(5);
    expect((await collect(ledger.open(never))).map(({ record }) => record.state).sort()).toEqual([
      "pending",
      "pending",
      "pending",
      "running",
    ]);
  });

  it("case 49: no name of an image reaches a key", async () => {
    const open = storage.open();
    const record = makeRecord({
      tag: "v1",
      source: { host: "[::1]:5000", path: "a/b_c/d" },
      target: { host: "h:1", path: "x/y", tag: "v1" },
    });
    await open.stores.ledger.add([{ record }], never);
    for await (const row of open.table("images").scan("", never)) {
      expect([row.partition, row.row]).toEqual([partition, expect.stringMatching(/^[0-9a-f]{64}$/)]);
    }
    expect((await entryOf(open.stores.ledger, record)).record).toEqual(record);
  });

  it("cuts a reason that would not fit", async () => {
    const { ledger } = storage.open().stores;
    const record = makeRecord({ reason: "x".repeat(70_000) });
    await ledger.add([{ record }], never);
    expect((await entryOf(ledger, record)).record.reason).toHaveLength(4000);
  });

  it.each([
    { column: "digest", value: "sha256:short", message: "is not a digest" },
    { column: "state", value: "lost", message: 'the unknown state "lost"' },
    { column: "source", value: 7, message: "column source is missing or not text" },
  ])("says which row somebody spoilt: $column = $value", async ({ column, value, message }) => {
    const open = storage.open();
    const record = makeRecord();
    await open.stores.ledger.add([{ record }], never);
    const images = open.table("images");
    const row = await images.get({ partition, row: record.key }, never);
    await images.upsert({ partition, row: record.key }, { ...row?.values, [column]: value }, never);
    await expect(open.stores.ledger.get(watch, record.key, never)).rejects.toThrow(message);
  });
});

describe("a lease", () => {
  it.each([
    { name: "none", lease: undefined, leaseMs: 60_000, is: "none" },
    { name: "held within its time", lease: "me", leaseMs: 60_000, is: "held" },
    { name: "lapsed after it", lease: "me", leaseMs: 0, is: "lapsed" },
  ] as const)("is $name", async ({ lease, leaseMs, is }) => {
    const { ledger } = storage.open({ leaseMs }).stores;
    const record = makeRecord(lease === undefined ? {} : { lease });
    await ledger.add([{ record }], never);
    expect((await entryOf(ledger, record)).lease).toBe(is);
    expect((await collect(ledger.open(never))).map((entry) => entry.lease)).toEqual([is]);
  });

  it.each([
    { clock: "an hour ahead", offMs: 3_600_000 },
    { clock: "an hour behind", offMs: -3_600_000 },
  ])("case 51: is held by the service's clock when ours is $clock", async ({ offMs }) => {
    const { ledger } = storage.open({ leaseMs: 60_000 }).stores;
    const record = makeRecord({ lease: "me" });
    vi.useFakeTimers({ toFake: ["Date"], now: Date.now() + offMs });
    await ledger.add([{ record }], never);
    expect((await entryOf(ledger, record)).lease).toBe("held");
    expect((await collect(ledger.open(never))).map(({ lease, ageMs }) => [lease, ageMs < 60_000])).toEqual([
      ["held", true],
    ]);
  });

  it("case 45: goes to one of two workers that take it at once", async () => {
    const { ledger } = storage.open().stores;
    const record = makeRecord();
    await ledger.add([{ record }], never);
    const read = await entryOf(ledger, record);
    const taken = await Promise.allSettled(
      ["a", "b", "c"].map((lease) => ledger.update(read, { ...record, lease }, { signal: never })),
    );
    expect(taken.filter(({ status }) => status === "fulfilled")).toHaveLength(1);
  });
});

async function entryOf(ledger: Ledger, record: ImportRecord): Promise<LedgerEntry> {
  const entry = await ledger.get(record.watch, record.key, never);
  if (entry === undefined) throw new Error("the ledger should have the record");
  return entry;
}
