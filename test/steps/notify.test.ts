import { describe, expect, it } from "vitest";
import { Failure } from "../../shared/model/failure.ts";
import { notify } from "../../shared/steps/events/notify.ts";
import { collect } from "../support/collect.ts";
import { makeEvent } from "../support/records.ts";
import { never } from "../support/registries.ts";
import { createStepBench, type StepBench } from "../support/step-bench.ts";

const minute = 60_000;
const day = 24 * 60 * minute;

describe("notifications", () => {
  it("of many watches go out as one message per channel", async () => {
    const bench = createStepBench();
    for (const name of ["a", "b", "c"]) {
      await announce(bench, name, [`${name}1`, `${name}2`]);
      bench.pass(300);
    }
    await bench.drain();
    expect(keysSent(bench)).toEqual([["a1", "a2", "b1", "b2", "c1", "c2"]]);
    for (const name of ["a", "b", "c"]) {
      expect(await bench.stores.ledger.outbox(`default~${name}`, never)).toEqual([]);
    }
    expect(await states(bench)).toEqual({ sent: 6 });
  });

  it("that are relayed one after the other within a moment still make one message", async () => {
    const bench = createStepBench();
    for (const name of ["a", "b", "c"]) {
      await announce(bench, name, [`${name}1`]);
      await notify({ kind: "relay", partition: `default~${name}` }, bench.ports, never);
      bench.pass(900);
    }
    await bench.drain();
    expect(keysSent(bench)).toEqual([["a1", "b1", "c1"]]);
  });

  it("of a steady stream wait for two windows at the most", async () => {
    const bench = createStepBench();
    for (let at = 0; at < 12; at += 1) {
      await announce(bench, `w${at}`, [`e${at}`]);
      await bench.drain({ forMs: 20_000 });
    }
    await bench.drain();
    expect(keysSent(bench).flat()).toHaveLength(12);
    expect(keysSent(bench).length).toBeGreaterThanOrEqual(3);
    expect(keysSent(bench).length).toBeLessThan(12);
  });

  it("are sent once, however often their outbox is relayed", async () => {
    const bench = createStepBench();
    await announce(bench, "a", ["a1"]);
    await notify({ kind: "relay", partition: "default~a" }, bench.ports, never);
    await bench.drain();
    await announce(bench, "a", ["a1"]);
    await bench.drain();
    expect(keysSent(bench)).toEqual([["a1"]]);
  });

  it("to no channel are forgotten", async () => {
    const bench = createStepBench();
    await announce(bench, "a", ["a1"], []);
    await bench.drain();
    expect(await bench.stores.ledger.outbox("default~a", never)).toEqual([]);
    expect(await states(bench)).toEqual({});
  });

  it("are sent although the message for them came early", async () => {
    const bench = createStepBench();
    await announce(bench, "a", ["a1"]);
    await notify({ kind: "relay", partition: "default~a" }, bench.ports, never);
    bench.queued.length = 0;
    bench.pass(29_500);
    expect(await notify({ kind: "flush", channel: "ops" }, bench.ports, never)).toEqual({
      kind: "nothing-due",
    });
    await bench.drain();
    expect(keysSent(bench)).toEqual([["a1"]]);
  });

  it("of more than 100 events go out 100 at a time, oldest first", async () => {
    const bench = createStepBench();
    const keys = Array.from({ length: 230 }, (_, at) => `e${String(at).padStart(3, "0")}`);
    await announce(bench, "a", keys);
    await bench.drain();
    expect(keysSent(bench).map(({ length }) => length)).toEqual([100, 100, 30]);
    expect(keysSent(bench).flat()).toEqual(keys);
  });

  it("that fail in passing are put off and sent later, together with what came meanwhile", async () => {
    const bench = createStepBench();
    const outage = new Failure("unavailable", "503", { retryAfterMs: 5 * minute });
    bench.channel.faults.push(outage);
    await announce(bench, "a", ["a1"]);
    await bench.drain({ forMs: 4 * minute });
    expect(keysSent(bench)).toEqual([]);
    expect(await bench.stores.deliveries.open("ops", never)).toMatchObject([
      { state: "due", attempts: 1, reason: "503" },
    ]);
    await bench.drain();
    expect(keysSent(bench)).toEqual([["a1"]]);
  });

  it.each([
    ["in passing", "timeout"],
    ["because the channel was taken away", "not-found"],
    ["because a secret has expired", "unauthorized"],
  ] as const)("that fail %s are tried for a week, then given up", async (_, code) => {
    const bench = createStepBench();
    for (let time = 0; time < 100; time += 1) bench.channel.faults.push(new Failure(code, "not now"));
    await announce(bench, "a", ["a1"]);
    const begun = bench.now().getTime();
    await bench.drain({ forMs: 6 * day });
    expect(await states(bench)).toEqual({ due: 1 });
    await bench.drain({ forMs: 2 * day });
    expect(await states(bench)).toEqual({ failed: 1 });
    expect(bench.now().getTime() - begun).toBeGreaterThanOrEqual(7 * day);
    expect(bench.channel.faults.length).toBeGreaterThan(0);
  });

  it("that fail for good are not tried again, and do not stop the next", async () => {
    const bench = createStepBench();
    bench.channel.faults.push(new Failure("invalid", "the webhook is gone"));
    await announce(bench, "a", ["a1"]);
    await bench.drain();
    await announce(bench, "a", ["a2"]);
    await bench.drain();
    expect(keysSent(bench)).toEqual([["a2"]]);
    expect(await states(bench)).toEqual({ failed: 1, sent: 1 });
  });

  it("for a channel that is not configured say which setting is missing", async () => {
    const bench = createStepBench();
    await announce(bench, "a", ["a1"], ["on-call"]);
    await bench.drain({ forMs: minute });
    const [delivery] = await collect(bench.stores.deliveries.all(never));
    expect(delivery).toMatchObject({
      state: "due",
      reason: "The channel on-call is not configured: set WHARFGATE_CHANNEL_ON_CALL",
    });
  });
});

describe("two workers on one channel", () => {
  it("send each event once", async () => {
    const bench = createStepBench();
    await announce(bench, "a", ["a1", "a2"]);
    await notify({ kind: "relay", partition: "default~a" }, bench.ports, never);
    bench.pass(minute);
    const results = await Promise.all(
      [1, 2, 3].map(() => notify({ kind: "flush", channel: "ops" }, bench.ports, never)),
    );
    expect(results.map(({ kind }) => kind).sort()).toEqual(["nothing-due", "nothing-due", "sent"]);
    await bench.drain();
    expect(keysSent(bench)).toEqual([["a1", "a2"]]);
  });

  it("lose no event that fell due between their looks", async () => {
    const bench = createStepBench();
    await announce(bench, "a", ["a1"]);
    await notify({ kind: "relay", partition: "default~a" }, bench.ports, never);
    bench.pass(minute);
    const early = await bench.stores.deliveries.open("ops", never);
    await announce(bench, "b", ["b1"]);
    await notify({ kind: "relay", partition: "default~b" }, bench.ports, never);
    bench.pass(minute);
    bench.queued.length = 0;
    // The faster worker had looked before b1 was due; the slower one's claim of both fails.
    const both = await bench.stores.deliveries.open("ops", never);
    await bench.stores.deliveries.update(early, { state: "sent" }, never);
    const slow = { ...bench.stores.deliveries, open: async () => both };
    const result = await notify(
      { kind: "flush", channel: "ops" },
      { ...bench.ports, deliveries: slow },
      never,
    );
    expect(result).toEqual({ kind: "nothing-due" });
    await bench.drain();
    expect(keysSent(bench)).toEqual([["b1"]]);
  });

  it("case 51: do not take a claim for lapsed by a clock that is an hour off", async () => {
    const bench = createStepBench();
    await announce(bench, "a", ["a1"]);
    await notify({ kind: "relay", partition: "default~a" }, bench.ports, never);
    bench.pass(minute);
    await bench.stores.deliveries.update(
      await bench.stores.deliveries.open("ops", never),
      { state: "sending", message: "m" },
      never,
    );
    const ahead = () => new Date(bench.now().getTime() + 60 * minute);
    const result = await notify({ kind: "flush", channel: "ops" }, { ...bench.ports, now: ahead }, never);
    expect(result).toEqual({ kind: "nothing-due" });
    expect(keysSent(bench)).toEqual([]);
  });
});

describe("a worker that died between sending and writing it down", () => {
  it.each([
    { name: "while its claim lasts", waitMs: 0, sent: [["a1", "a2"], ["b1"], ["a1", "a2"]], again: 2 },
    {
      name: "when its claim has lapsed",
      waitMs: 6 * minute,
      sent: [["a1", "a2"], ["a1", "a2"], ["b1"]],
      again: 1,
    },
  ])(
    "has its message sent again with the same key, apart from what came $name",
    async ({ waitMs, sent, again }) => {
      const bench = createStepBench();
      await announce(bench, "a", ["a1", "a2"]);
      await notify({ kind: "relay", partition: "default~a" }, bench.ports, never);
      bench.pass(minute);
      const update = bench.stores.deliveries.update;
      const dying = {
        ...bench.stores.deliveries,
        update: async (...[parts, change, signal]: Parameters<typeof update>) => {
          if (change.state === "sent") throw new Failure("canceled", "the worker dies");
          await update(parts, change, signal);
        },
      };
      await expect(
        notify({ kind: "flush", channel: "ops" }, { ...bench.ports, deliveries: dying }, never),
      ).rejects.toThrow("the worker dies");
      await announce(bench, "b", ["b1"]);
      await notify({ kind: "relay", partition: "default~b" }, bench.ports, never);
      bench.pass(waitMs);
      await bench.drain();
      expect(keysSent(bench)).toEqual(sent);
      const keys = bench.channel.sent.map(({ key }) => key);
      expect(keys[again]).toBe(keys[0]);
      expect(new Set(keys).size).toBe(2);
    },
  );
});

async function announce(
  { stores, now }: StepBench,
  name: string,
  keys: readonly string[],
  channels: readonly string[] = ["ops"],
): Promise<void> {
  const partition = `default~${name}`;
  for (const key of keys) {
    await stores.ledger.announce(
      partition,
      { event: makeEvent(key, { at: now().toISOString() }), channels },
      never,
    );
  }
  await stores.queues.notify({ kind: "relay", partition }, { signal: never });
}

function keysSent({ channel }: StepBench): string[][] {
  return channel.sent.map(({ events }) => events.map(({ key }) => key));
}

async function states({ stores }: StepBench): Promise<Record<string, number>> {
  const counts: Record<string, number> = {};
  for await (const { state } of stores.deliveries.all(never)) counts[state] = (counts[state] ?? 0) + 1;
  return counts;
}
