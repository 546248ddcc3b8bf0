import { expect, it } from "vitest";
import { never } from "../support/registries.ts";
import { useStorage } from "../support/storage.ts";

const storage = useStorage();
const first = { fingerprint: "f1", importId: "manual.requests.1" };

it("remembers what a key stood for the first time", async () => {
  const { requests } = storage.open().stores;
  expect(await requests.get("k", never)).toBeUndefined();
  expect(await requests.add("k", first, never)).toBe("inserted");
  expect(await requests.add("k", { ...first, importId: "other" }, never)).toBe("exists");
  expect(await requests.get("k", never)).toEqual(first);
  expect(await requests.get("K", never)).toBeUndefined();
});

it("case 49: takes keys of any characters and lengths, hashed", async () => {
  const open = storage.open();
  const keys = ["a/b\\c#d?e", "'", "x".repeat(600), "\u0000\u001f"];
  for (const key of keys) {
    expect(await open.stores.requests.add(key, { ...first, importId: key }, never)).toBe("inserted");
    expect((await open.stores.requests.get(key, never))?.importId).toBe(key);
  }
  for await (const { partition, row } of open.table("requests").scan("", never)) {
    expect(row).toMatch(/^[0-9a-f]{64}$/);
    expect(partition).toBe(row.slice(0, 2));
  }
});

it("forgets what is old, and only that", async () => {
  const { requests } = storage.open().stores;
  await requests.add("k", first, never);
  await requests.prune(new Date(Date.now() - 3_600_000), never);
  expect(await requests.get("k", never)).toEqual(first);
  await requests.prune(new Date(Date.now() + 3_600_000), never);
  expect(await requests.get("k", never)).toBeUndefined();
});
