import { expect, it } from "vitest";
import { never } from "../support/registries.ts";
import { useStorage } from "../support/storage.ts";

const storage = useStorage();
const at = (time: string): Date => new Date(`2026-11-22T${time}.000Z`);
const span = (since: string, until: string) => ({ since: at(since), until: at(until) });

it("knows no pause of a host that asked for none", async () => {
  const { hosts } = storage.open().stores;
  expect(await hosts.pauseOf("docker.io", never)).toBeUndefined();
  expect(await hosts.all(never)).toEqual(new Map());
});

it.each([
  {
    name: "a first pause as it is",
    pauses: [span("10:00:00", "10:30:00")],
    is: span("10:00:00", "10:30:00"),
  },
  {
    name: "a shorter one within a longer: the longer",
    pauses: [span("10:00:00", "11:00:00"), span("10:00:05", "10:01:05")],
    is: span("10:00:00", "11:00:00"),
  },
  {
    name: "a longer one within a shorter: the longer, from the beginning of both",
    pauses: [span("10:00:05", "10:01:05"), span("10:00:30", "11:00:00")],
    is: span("10:00:05", "11:00:00"),
  },
  {
    name: "one that follows on another, before the schedule could catch up: both as one",
    pauses: [span("10:00:00", "10:30:00"), span("10:30:20", "11:00:00")],
    is: span("10:00:00", "11:00:00"),
  },
  {
    name: "one long after another: the new one alone",
    pauses: [span("10:00:00", "10:30:00"), span("12:00:00", "12:01:00")],
    is: span("12:00:00", "12:01:00"),
  },
])("remembers $name", async ({ pauses, is }) => {
  const { hosts } = storage.open().stores;
  for (const pause of pauses) await hosts.pause("[::1]:5000", pause, never);
  expect(await hosts.pauseOf("[::1]:5000", never)).toEqual(is);
  expect((await hosts.all(never)).get("[::1]:5000")?.state).toEqual({ pause: is, slots: [] });
});
