import { expect, it } from "vitest";
import { Failure } from "../../shared/model/failure.ts";
import { createHosts } from "../../shared/stores/hosts.ts";
import { failureOf } from "../support/failures.ts";
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

it("keeps all of a host's state, and decides anew when another worker was faster", async () => {
  const open = storage.open();
  const { hosts } = open.stores;
  const state = {
    pause: span("10:00:00", "10:30:00"),
    spentAt: at("10:00:07"),
    slots: [{ holder: "a", count: 2, until: at("10:05:00") }],
    quota: { ...span("10:00:00", "11:00:00"), limit: 100, remaining: 7 },
  };
  await hosts.change("docker.io", () => ({ answer: undefined, next: state }), never);
  expect((await hosts.get("docker.io", never))?.state).toEqual(state);
  const seen: number[] = [];
  const add = () =>
    hosts.change(
      "docker.io",
      ({ state: { quota = state.quota, ...rest } }) => {
        seen.push(quota.remaining);
        return {
          answer: quota.remaining,
          next: { ...rest, quota: { ...quota, remaining: quota.remaining + 1 } },
        };
      },
      never,
    );
  const answers = await Promise.all(Array.from({ length: 8 }, add));
  expect(answers.toSorted((a, b) => a - b)).toEqual([7, 8, 9, 10, 11, 12, 13, 14]);
  expect(seen.length).toBeGreaterThan(8);
  expect((await hosts.get("docker.io", never))?.state.quota?.remaining).toBe(15);
});

it("gives up at last, and says so", async () => {
  const open = storage.open();
  const table = open.table("hosts");
  let tries = 0;
  const hosts = createHosts({
    ...table,
    replace: async () => {
      tries += 1;
      throw new Failure("conflict", "412");
    },
  });
  await failureOf(() => hosts.pauseFor("docker.io", 1000, never), "conflict");
  expect(tries).toBe(12);
}, 30_000);

it("does not go by the worker's clock", async () => {
  const { hosts } = storage.open().stores;
  const pause = await hosts.pauseFor("docker.io", 60_000, never);
  const view = await hosts.get("docker.io", never);
  expect(Math.abs((view?.at.getTime() ?? 0) - pause.since.getTime())).toBeLessThan(30_000);
  expect(pause.until.getTime() - pause.since.getTime()).toBe(60_000);
});
