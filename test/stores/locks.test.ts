import { expect, it } from "vitest";
import type { TargetLock } from "../../shared/stores/locks.ts";
import { digestNamed } from "../support/records.ts";
import { never } from "../support/registries.ts";
import { useStorage } from "../support/storage.ts";

const storage = useStorage();
const lock: TargetLock = {
  target: { host: "registry.example:5000", path: "mirror/deep/app", tag: "1.0_RC.1" },
  digest: digestNamed("a"),
  by: "registry",
  state: "locked",
  at: new Date("2026-11-22T10:00:00.000Z"),
};

it("keeps a lock of each tag, and the last word on it", async () => {
  const { locks } = storage.open().stores;
  expect(await locks.get(lock.target, never)).toBeUndefined();
  await locks.put(lock, never);
  expect(await locks.get(lock.target, never)).toEqual(lock);
  expect(await locks.get({ ...lock.target, tag: "1.0_rc.1" }, never)).toBeUndefined();
  const opened: TargetLock = { ...lock, state: "unlocked", actor: "ann", reason: "rebuilt" };
  await locks.put(opened, never);
  expect(await locks.get(lock.target, never)).toEqual(opened);
});

it("lists those of one repository alone", async () => {
  const { locks } = storage.open().stores;
  const other = { ...lock, target: { ...lock.target, tag: "2.0" } };
  const elsewhere = { ...lock, target: { ...lock.target, path: "mirror/deep" } };
  for (const each of [lock, other, elsewhere]) await locks.put(each, never);
  expect(await locks.ofRepository(lock.target, never)).toEqual(
    new Map([
      [lock.target.tag, lock],
      ["2.0", other],
    ]),
  );
});
