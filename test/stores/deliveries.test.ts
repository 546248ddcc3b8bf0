import { describe, expect, it } from "vitest";
import type { Delivery } from "../../shared/stores/deliveries.ts";
import { collect } from "../support/collect.ts";
import { failureOf } from "../support/failures.ts";
import { makeEvent } from "../support/records.ts";
import { never } from "../support/registries.ts";
import { useStorage } from "../support/storage.ts";

const storage = useStorage();
const dueAt = new Date("2026-11-22T10:00:30.000Z");

describe("deliveries", () => {
  it("takes an event once for each channel", async () => {
    const { deliveries } = storage.open().stores;
    const event = makeEvent("e", { reason: "<b>&'" });
    await deliveries.add("ops", [event, event], { dueAt, signal: never });
    await deliveries.add("ops", [event], { dueAt: new Date(0), signal: never });
    await deliveries.add("security", [event], { dueAt, signal: never });
    expect(await deliveries.open("ops", never)).toMatchObject([
      { channel: "ops", event, state: "due", dueAt, attempts: 0 },
    ]);
    expect(await collect(deliveries.all(never))).toHaveLength(2);
  });

  it("lists what has not ended, oldest event first", async () => {
    const { deliveries } = storage.open().stores;
    const events = ["03", "01", "02", "04"].map((second, at) =>
      makeEvent(`${at}`, { at: `2026-11-22T10:00:${second}.000Z` }),
    );
    await deliveries.add("ops", events, { dueAt, signal: never });
    const [first, second] = await deliveries.open("ops", never);
    await deliveries.update([first, second].filter(present), { state: "sent" }, never);
    const [third] = await deliveries.open("ops", never);
    await deliveries.update([third].filter(present), { state: "sending", message: "m" }, never);
    expect((await deliveries.open("ops", never)).map(describeDelivery)).toEqual(["0 sending m", "3 due -"]);
  });

  it("case 44: changes the versions that were read, all or none", async () => {
    const { deliveries } = storage.open().stores;
    await deliveries.add("ops", [makeEvent("a"), makeEvent("b")], { dueAt, signal: never });
    const read = await deliveries.open("ops", never);
    await deliveries.update(read.slice(1), { state: "sending", message: "m" }, never);
    await failureOf(() => deliveries.update(read, { state: "sending", message: "n" }, never), "conflict");
    expect((await deliveries.open("ops", never)).map(describeDelivery)).toEqual(["a due -", "b sending m"]);
  });

  it("forgets the message of a claim once it has ended or was put off", async () => {
    const { deliveries } = storage.open().stores;
    await deliveries.add("ops", [makeEvent("a")], { dueAt, signal: never });
    await deliveries.update(await deliveries.open("ops", never), { state: "sending", message: "m" }, never);
    const change = { state: "due", attempts: 1, reason: "later" } as const;
    await deliveries.update(await deliveries.open("ops", never), change, never);
    expect(await deliveries.open("ops", never)).toMatchObject([change]);
    expect((await deliveries.open("ops", never))[0]).not.toHaveProperty("message");
  });

  it("does not take a channel's name for a filter", async () => {
    const { deliveries } = storage.open().stores;
    await deliveries.add("ops", [makeEvent("a")], { dueAt, signal: never });
    expect(await deliveries.open("x' or PartitionKey eq 'ops", never)).toEqual([]);
  });

  it("removes one", async () => {
    const { deliveries } = storage.open().stores;
    await deliveries.add("ops", [makeEvent("a"), makeEvent("b")], { dueAt, signal: never });
    for (const delivery of await deliveries.open("ops", never)) {
      if (delivery.event.key === "a") await deliveries.remove(delivery, never);
    }
    expect((await collect(deliveries.all(never))).map(describeDelivery)).toEqual(["b due -"]);
  });
});

function describeDelivery({ event, state, message = "-" }: Delivery): string {
  return `${event.key} ${state} ${message}`;
}

function present<T>(value: T | undefined): value is T {
  return value !== undefined;
}
