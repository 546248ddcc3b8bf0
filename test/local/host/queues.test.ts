import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { type Azurite, startAzurite } from "../../../local/azurite.ts";
import { type Bench, countOf, createBench, encode, takeAll, until } from "./running-host.ts";

let azurite: Azurite;
let bench: Bench;

beforeAll(async () => {
  azurite = await startAzurite({ data: "memory", log: () => undefined });
});
afterAll(() => azurite.stop());
beforeEach(() => {
  bench = createBench(azurite);
});
afterEach(() => bench.dispose());

const done = (count: number) =>
  until(`${count} runs end`, () => bench.entries("work", "end").length >= count);
const workIsEmpty = () => until("the queue is empty", async () => (await countOf(bench.work)) === 0);

describe("a queue function", () => {
  it("waits quietly for a queue that does not exist yet", async () => {
    const host = await bench.start();
    await bench.work.create();
    await bench.work.sendMessage(encode({ late: true }));
    await done(1);
    await workIsEmpty();
    expect(host.log()).not.toContain("cannot be read");
  });

  it("gets JSON parsed and text as text, and the message is deleted after it", async () => {
    await bench.work.create();
    await bench.work.sendMessage(encode({ name: "nginx", list: [1, 2] }));
    await bench.work.sendMessage(encode("plain text"));
    await bench.start();
    await done(2);
    await workIsEmpty();
    expect(bench.entries("work", "end").map(({ message }) => message)).toEqual(
      expect.arrayContaining([{ name: "nginx", list: [1, 2] }, "plain text"]),
    );
  });

  it("gets the host's metadata, which the payload's own fields override without regard to case", async () => {
    await bench.work.create();
    const sent = await bench.work.sendMessage(encode({ dequeuecount: "mine", other: { Deep: 1 } }));
    await bench.start();
    await done(1);
    expect(bench.entries("work", "begin")[0]?.metadata).toMatchObject({
      id: sent.messageId,
      dequeueCount: "mine",
      other: { deep: 1 },
      popReceipt: expect.any(String),
      queueTrigger: { dequeuecount: "mine" },
      insertionTime: `${sent.insertedOn.toISOString().slice(0, 19)}+00:00`,
      expirationTime: `${sent.expiresOn.toISOString().slice(0, 19)}+00:00`,
      nextVisibleTime: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\+00:00$/),
      sys: { methodName: "work" },
    });
  });

  it("comes again after a failure, with a higher count", async () => {
    await bench.work.create();
    await bench.work.sendMessage(encode({ do: "fail-once" }));
    await bench.start();
    await done(2);
    await workIsEmpty();
    expect(bench.entries("work", "begin").map(({ metadata }) => metadata?.["dequeueCount"])).toEqual([1, 2]);
  });

  it("goes to the poison queue after its last try, where its own function finds it", async () => {
    await bench.work.create();
    await bench.work.sendMessage(encode({ do: "fail", name: "bad" }));
    await bench.start();
    const buried = await until("it is buried", () => bench.entries("bury")[0]);
    expect(buried.message).toEqual({ do: "fail", name: "bad" });
    expect(bench.entries("work", "begin")).toHaveLength(3);
    await workIsEmpty();
  });

  it("is not called at all for a body that is not base64: straight to poison", async () => {
    await bench.work.create();
    await bench.work.sendMessage("{not base64}");
    await bench.start();
    const text = await until("it is in the poison queue", async () => {
      try {
        return (await bench.poison.peekMessages()).peekedMessageItems[0]?.messageText;
      } catch {
        return undefined;
      }
    });
    expect(text).toBe("{not base64}");
    expect(bench.entries("work")).toEqual([]);
    await workIsEmpty();
  });

  it("has no poison queue of the poison queue: the message stays, at most called maxDequeueCount times", async () => {
    await bench.poison.create();
    await bench.poison.sendMessage(encode({ do: "fail-always" }));
    await bench.start();
    await until("its tries are used up", () => bench.entries("bury").length >= 3);
    await until("it is leased once more", async () => {
      const { receivedMessageItems } = await bench.poison.receiveMessages({ visibilityTimeout: 1 });
      return (receivedMessageItems[0]?.dequeueCount ?? 0) > 4;
    });
    expect(bench.entries("bury")).toHaveLength(3);
    expect(await countOf(bench.poison)).toBe(1);
  });

  it("keeps its message to itself for as long as it runs, far beyond the lease", async () => {
    await bench.work.create();
    await bench.work.sendMessage(encode({ do: "wait", ms: 3_000 }));
    await bench.start();
    await done(1);
    await workIsEmpty();
    expect(bench.entries("work", "begin")).toHaveLength(1);
  });

  it("fails when it runs longer than functionTimeout", async () => {
    await bench.work.create();
    await bench.work.sendMessage(encode({ do: "hang" }));
    const host = await bench.start();
    await until("it comes again", () => bench.entries("work", "begin").length >= 2);
    expect(host.log()).toContain("longer than the functionTimeout of 4000 ms");
  });

  it("runs at most batchSize + newBatchThreshold at a time", async () => {
    await bench.work.create();
    await Promise.all(
      Array.from({ length: 12 }, () => bench.work.sendMessage(encode({ do: "wait", ms: 300 }))),
    );
    await bench.start();
    await done(12);
    const most = Math.max(...bench.entries("work", "end").map((entry) => entry.most ?? 0));
    expect(most).toBeGreaterThanOrEqual(4);
    expect(most).toBeLessThanOrEqual(6);
  });

  it("is poison, uncalled, when every try killed the worker", async () => {
    await bench.work.create();
    await bench.work.sendMessage(encode({ do: "exit" }));
    for (const attempt of [1, 2, 3]) {
      const { child } = await bench.start();
      expect(await child.exited).toMatchObject({ code: 7 });
      expect(bench.entries("work", "begin")).toHaveLength(attempt);
    }
    await bench.start();
    await until("it is buried", () => bench.entries("bury")[0]);
    expect(bench.entries("work", "begin")).toHaveLength(3);
  });
});

describe("a queue output", () => {
  const cases: readonly { name: string; value: unknown; messages: readonly string[] }[] = [
    { name: "an object is indented JSON", value: { a: 1 }, messages: ['{\n  "a": 1\n}'] },
    { name: "a list is one message each", value: [{ a: 1 }, "two"], messages: ['{\n  "a": 1\n}', "two"] },
    { name: "a text is itself", value: "text", messages: ["text"] },
    { name: "an empty list is nothing", value: [], messages: [] },
  ];

  it("sends what an HTTP function sets, base64, and creates the queue", async () => {
    const host = await bench.start();
    for (const { name, value, messages } of cases) {
      const response = await fetch(`${host.url}/api/emit`, { method: "POST", body: JSON.stringify(value) });
      expect(response.status, name).toBe(202);
      expect([...(await takeAll(bench.output))].sort(), name).toEqual(messages.map(encode).sort());
    }
  });

  it("sends what a queue function returns", async () => {
    await bench.relay.create();
    await bench.relay.sendMessage(encode([{ n: 1 }, { n: 2 }]));
    await bench.start();
    const sent: string[] = [];
    await until("both are sent", async () => sent.push(...(await takeAll(bench.output))) >= 2);
    expect(sent.sort()).toEqual([encode('{\n  "n": 1\n}'), encode('{\n  "n": 2\n}')].sort());
  });
});
