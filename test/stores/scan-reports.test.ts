import { describe, expect, it } from "vitest";
import { createBlobs } from "../../shared/azure/blobs.ts";
import { createStorageClients } from "../../shared/azure/storage.ts";
import { digestOf, hexOf } from "../../shared/model/digest.ts";
import { createScanReports } from "../../shared/stores/scan-reports.ts";
import { failureOf } from "../support/failures.ts";
import { never } from "../support/registries.ts";
import { useStorage } from "../support/storage.ts";

const storage = useStorage();
let opened = 0;
const open = () => {
  opened += 1;
  const clients = createStorageClients(
    { kind: "connection-string", connectionString: storage.connectionString },
    () => {
      throw new Error("the emulator needs no Entra ID token");
    },
  );
  const blobs = createBlobs(clients.container(`scan-reports-${opened}`));
  return { blobs, reports: createScanReports(blobs) };
};

const [image, config, other] = [digestOf("image"), digestOf("config"), digestOf("other")];
const at = new Date("2026-11-24T12:00:00Z");
const bytes = Buffer.from('{"SchemaVersion":2}');

describe("the store of scan reports", () => {
  it("has none before the first one", async () => {
    expect(await open().reports.find(image, never)).toBeUndefined();
  });

  it("gives a report back for each of its digests, byte by byte", async () => {
    const { reports } = open();
    const createdAt = new Date("2026-11-23T12:00:00Z");
    const id = await reports.add([image, config], { bytes, by: "robot", at, createdAt }, never);
    expect(id).toBe(digestOf(bytes));
    for (const digest of [image, config])
      expect(await reports.find(digest, never)).toEqual({ bytes, by: "robot", at, createdAt });
    expect(await reports.find(other, never)).toBeUndefined();
  });

  it("goes by the last one", async () => {
    const { reports } = open();
    await reports.add([image], { bytes, by: "robot", at }, never);
    const later = Buffer.from('{"SchemaVersion":2,"Results":[]}');
    await reports.add([image], { bytes: later, by: "person", at }, never);
    expect(await reports.find(image, never)).toEqual({ bytes: later, by: "person", at });
  });

  it.each([
    {
      name: "another report",
      path: `reports/${hexOf(digestOf(bytes))}.json`,
      spoilt: "{}",
      says: "is not the one",
    },
    {
      name: "a note that is none",
      path: `images/${hexOf(image)}.json`,
      spoilt: "{",
      says: "its note is not JSON",
    },
    {
      name: "a note of nothing",
      path: `images/${hexOf(image)}.json`,
      spoilt: '{"report":"../x"}',
      says: "its note is malformed",
    },
    {
      name: "a note of a report that is gone",
      path: `images/${hexOf(image)}.json`,
      spoilt: JSON.stringify({ report: other, by: "robot", at }),
      says: "the report itself is gone",
    },
  ])("refuses $name", async ({ path, spoilt, says }) => {
    const { blobs, reports } = open();
    await reports.add([image], { bytes, by: "robot", at }, never);
    await blobs.put(path, Buffer.from(spoilt), never);
    const { message } = await failureOf(() => reports.find(image, never), "invalid");
    expect(message).toContain(says);
    expect(message).toContain("upload it again by wharfgate scan add");
  });
});

describe("a container of blobs", () => {
  it("reads no more than it is told to", async () => {
    const { blobs } = open();
    await blobs.put("x", Buffer.alloc(11), never);
    expect((await blobs.read("x", { maxBytes: 11, signal: never }))?.length).toBe(11);
    await failureOf(() => blobs.read("x", { maxBytes: 10, signal: never }), "too-large");
  });

  it("ends with canceled when its signal is aborted", async () => {
    const { blobs } = open();
    await failureOf(() => blobs.put("x", bytes, AbortSignal.abort()), "canceled");
  });
});
