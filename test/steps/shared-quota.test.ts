import { setImmediate } from "node:timers/promises";
import { expect, it } from "vitest";
import type { Table } from "../../shared/azure/tables.ts";
import type { PollMessage } from "../../shared/documents/messages.ts";
import type { WatchId } from "../../shared/documents/watch-id.ts";
import { Failure } from "../../shared/model/failure.ts";
import { parseLimits } from "../../shared/registry/limits.ts";
import { createSeenQuotas } from "../../shared/registry/seen-quotas.ts";
import { poll } from "../../shared/steps/poll/poll.ts";
import { createHosts } from "../../shared/stores/hosts.ts";
import { digestNamed, targetHost, upstreamHost } from "../support/records.ts";
import { never } from "../support/registries.ts";
import { createScriptedRegistry } from "../support/scripted-registry.ts";
import { useStorage } from "../support/storage.ts";

const storage = useStorage();
const start = Date.parse("2026-11-22T10:00:00.000Z");

/** The tables are real; what time it is at the service is the test's to say. */
function timed(table: Table, serviceNow: () => Date): Table {
  return {
    ...table,
    get: async (key, signal) => {
      const row = await table.get(key, signal);
      return row && { ...row, changedAt: serviceNow(), ageMs: 0 };
    },
  };
}

/** So many watches of one host, each with a message of its own, and workers who meet at one row of a real table. */
async function manyWorkers(count: number, limits: string) {
  const opened = storage.open();
  let time = start;
  const hosts = createHosts(timed(opened.table("hosts"), () => new Date(time)));
  const pending: { readonly message: PollMessage; readonly at: number }[] = [];
  const stamps: number[] = [];
  const faults: { next?: Failure } = {};
  const inFlight = { now: 0, most: 0 };
  const polled = new Set<string>();
  const ids = Array.from({ length: count }, (_, index): WatchId => ({ group: "g", name: `w${index}` }));
  await Promise.all(
    ids.map((id) =>
      opened.stores.watches.put(
        id,
        { Source: `${upstreamHost}/library/${id.name}`, Tags: "semver *" },
        { signal: never, existing: "keep" },
      ),
    ),
  );
  for (const id of ids)
    pending.push({ message: { host: upstreamHost, slot: new Date(start), watches: [id] }, at: start });

  const run = async (message: PollMessage): Promise<void> => {
    let slept = 0;
    const now = () => new Date(time + slept);
    const registry = createScriptedRegistry(upstreamHost);
    for (const { name } of ids) registry.tags.set(`library/${name}:1.0.0`, digestNamed(name));
    registry.onCall = async () => {
      stamps.push(now().getTime());
      const { next } = faults;
      delete faults.next;
      if (next !== undefined) throw next;
      inFlight.now += 1;
      inFlight.most = Math.max(inFlight.most, inFlight.now);
      await setImmediate();
      inFlight.now -= 1;
    };
    const result = await poll(
      message,
      {
        ...opened.stores,
        hosts,
        queues: {
          ...opened.stores.queues,
          poll: async (sent, { delayMs = 0 }) =>
            void pending.push({ message: sent, at: now().getTime() + delayMs }),
        },
        registries: { open: () => registry },
        targetHost,
        defaultMethod: "copy",
        channels: [],
        limits: parseLimits(limits),
        quotas: createSeenQuotas(),
        now,
        sleep: async (ms) => {
          slept += ms;
        },
        random: () => 0.5,
      },
      never,
    );
    if (result.polled > 0) for (const { name } of message.watches) polled.add(name);
  };
  return {
    hosts,
    stamps,
    faults,
    inFlight,
    polled,
    pending,
    /** Lets all that is due next run at once. */
    round: async (): Promise<void> => {
      pending.sort((a, b) => a.at - b.at);
      time = Math.max(time, pending[0]?.at ?? time);
      const due = pending.filter(({ at }) => at <= time);
      pending.splice(0, due.length);
      await Promise.all(due.map(({ message }) => run(message)));
    },
    one: async (): Promise<void> => {
      const first = pending.shift();
      if (first !== undefined) await run(first.message);
    },
  };
}

it("a hundred workers keep to one host's rate and connections, and all come to their turn", async () => {
  const workers = await manyWorkers(100, `${upstreamHost} rps=10 concurrency=20`);
  for (let rounds = 0; workers.pending.length > 0; rounds += 1) {
    expect(rounds).toBeLessThan(200);
    await workers.round();
  }
  expect(workers.polled.size).toBe(100);
  expect(workers.inFlight.most).toBeLessThanOrEqual(20);
  const stamps = workers.stamps.toSorted((a, b) => a - b);
  expect(stamps).toHaveLength(200);
  const tooMany = stamps.flatMap((from, first) =>
    stamps.slice(first).flatMap((to, offset) => {
      const allowed = 10 + (10 * (to - from)) / 1000;
      return offset + 1 > allowed + 1e-6 ? [`${offset + 1} requests in ${to - from} ms`] : [];
    }),
  );
  expect(tooMany).toEqual([]);
}, 120_000);

it("case 33: a 429 that one worker meets stops all others until it is over", async () => {
  const workers = await manyWorkers(30, `${upstreamHost} unlimited`);
  workers.faults.next = new Failure("rate-limited", "429", { retryAfterMs: 1_800_000 });
  await workers.one();
  expect(workers.stamps).toHaveLength(1);
  const until = new Date(start + 1_800_000);
  expect(await workers.hosts.pauseOf(upstreamHost, never)).toEqual({ since: new Date(start), until });
  await workers.round();
  expect(workers.stamps).toHaveLength(1);
  expect(workers.pending).toHaveLength(30);
  expect(Math.min(...workers.pending.map(({ at }) => at))).toBeGreaterThan(until.getTime());
  while (workers.pending.length > 0) await workers.round();
  expect(workers.polled.size).toBe(30);
  expect(Math.min(...workers.stamps.slice(1))).toBeGreaterThan(until.getTime());
}, 60_000);
