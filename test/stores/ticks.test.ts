import { expect, it } from "vitest";
import { never } from "../support/registries.ts";
import { useStorage } from "../support/storage.ts";

const storage = useStorage();

it("remembers the last tick, with the service's time of it", async () => {
  const { ticks } = storage.open().stores;
  expect(await ticks.last(never)).toBeUndefined();
  await ticks.record(new Date("2020-01-01T00:00:00.000Z"), never);
  await ticks.record(new Date("2020-01-01T00:01:00.000Z"), never);
  const last = await ticks.last(never);
  expect(last?.at).toEqual(new Date("2020-01-01T00:01:00.000Z"));
  expect(Math.abs((last?.recordedAt.getTime() ?? 0) - Date.now())).toBeLessThan(60_000);
});

it("remembers which rejected rows were told, and why", async () => {
  const { ticks } = storage.open().stores;
  expect(await ticks.rejected(never)).toEqual(new Map());
  await ticks.setRejected("k1", "one", never);
  await ticks.setRejected("k2", "two", never);
  await ticks.setRejected("k1", "another", never);
  await ticks.record(new Date(), never);
  expect(await ticks.rejected(never)).toEqual(
    new Map([
      ["k1", "another"],
      ["k2", "two"],
    ]),
  );
  await ticks.clearRejected("k1", never);
  await ticks.clearRejected("k1", never);
  expect([...(await ticks.rejected(never)).keys()]).toEqual(["k2"]);
});

it("remembers which alarms of stale checks were raised, apart from rejected rows", async () => {
  const { ticks } = storage.open().stores;
  await ticks.setRejected("k1", "one", never);
  await ticks.setStale("k1", "day 0", never);
  await ticks.setStale("k1", "day 1", never);
  expect(await ticks.stale(never)).toEqual(new Map([["k1", "day 1"]]));
  await ticks.clearStale("k1", never);
  expect(await ticks.stale(never)).toEqual(new Map());
  expect(await ticks.rejected(never)).toEqual(new Map([["k1", "one"]]));
});
