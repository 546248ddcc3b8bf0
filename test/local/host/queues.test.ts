import { describe } from "vitest";
import { countOf, encode, type Rig, rigTest, takeAll, until } from "./running-host.ts";

const it = rigTest();

const done = (rig: Rig, count: number) =>
  until(`${count} runs end`, () => rig.entries("work", "end").length >= count);
const workIsEmpty = (rig: Rig) => until("the queue is empty", async () => (await countOf(rig.work)) === 0);

describe.concurrent("a queue function", () => {
  it("waits quietly for a queue that does not exist yet", async ({ rig, expect }) => {
    const host = await rig.start();
    await rig.work.create();
    await rig.work.sendMessage(encode({ late: true }));
    await done(rig, 1);
    await workIsEmpty(rig);
    expect(host.log()).not.toContain("cannot be read");
  });

  it("gets JSON parsed and text as text, and the message is deleted after it", async ({ rig, expect }) => {
    await rig.work.create();
    await rig.work.sendMessage(encode({ name: "nginx", list: [1, 2] }));
    await rig.work.sendMessage(encode("plain text"));
    await rig.start();
    await done(rig, 2);
    await workIsEmpty(rig);
    expect(rig.entries("work", "end").map(({ message }) => message)).toEqual(
      expect.arrayContaining([{ name: "nginx", list: [1, 2] }, "plain text"]),
    );
    expect(rig.entries("work", "begin")).toHaveLength(2);
  });

  it("gets the host's metadata, which the payload's own fields override without regard to case", async ({
    rig,
    expect,
  }) => {
    await rig.work.create();
    const sent = await rig.work.sendMessage(encode({ dequeuecount: "mine", other: { Deep: 1 } }));
    await rig.start();
    await done(rig, 1);
    expect(rig.entries("work", "begin")[0]?.metadata).toMatchObject({
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

  it("comes again after a failure, with a higher count", async ({ rig, expect }) => {
    await rig.work.create();
    await rig.work.sendMessage(encode({ do: "fail-once" }));
    await rig.start();
    await done(rig, 2);
    await workIsEmpty(rig);
    expect(rig.entries("work", "begin").map(({ metadata }) => metadata?.dequeueCount)).toEqual([1, 2]);
  });

  it("goes to the poison queue after its last try, where its own function finds it", async ({
    rig,
    expect,
  }) => {
    await rig.work.create();
    await rig.work.sendMessage(encode({ do: "fail", name: "bad" }));
    const host = await rig.start();
    const buried = await until("it is buried", () => rig.entries("bury")[0]);
    expect(buried.message).toEqual({ do: "fail", name: "bad" });
    expect(host.log()).toContain("it failed 3 times");
    expect(rig.entries("work", "begin")).toHaveLength(3);
    await workIsEmpty(rig);
  });

  it("is not called at all for a body that is not base64: straight to poison", async ({ rig, expect }) => {
    await rig.work.create();
    await rig.work.sendMessage("{not base64}");
    await rig.start();
    const text = await until("it is in the poison queue", async () => {
      try {
        return (await rig.poison.peekMessages()).peekedMessageItems[0]?.messageText;
      } catch {
        return undefined;
      }
    });
    expect(text).toBe("{not base64}");
    expect(rig.entries("work")).toEqual([]);
    await workIsEmpty(rig);
  });

  it("has no poison queue of the poison queue: the message stays, at most called maxDequeueCount times", async ({
    rig,
    expect,
  }) => {
    await rig.poison.create();
    await rig.poison.sendMessage(encode({ do: "fail-always" }));
    await rig.start();
    await until("its tries are used up", () => rig.entries("bury").length >= 3);
    await until("it is leased once more", async () => {
      const { receivedMessageItems } = await rig.poison.receiveMessages({ visibilityTimeout: 1 });
      return (receivedMessageItems[0]?.dequeueCount ?? 0) > 4;
    });
    expect(rig.entries("bury")).toHaveLength(3);
    expect(await countOf(rig.poison)).toBe(1);
  });

  it("keeps its message to itself for as long as it runs, far beyond the lease", async ({ rig, expect }) => {
    await rig.work.create();
    await rig.work.sendMessage(encode({ do: "wait", ms: 2_300 }));
    await rig.start();
    await done(rig, 1);
    await workIsEmpty(rig);
    expect(rig.entries("work", "begin")).toHaveLength(1);
  });

  it("fails when it runs longer than functionTimeout", async ({ rig, expect }) => {
    await rig.work.create();
    await rig.work.sendMessage(encode({ do: "hang" }));
    const host = await rig.start();
    await until("it comes again", () => rig.entries("work", "begin").length >= 2);
    expect(host.log()).toContain("longer than the functionTimeout of 3000 ms");
  });

  it("runs at most batchSize + newBatchThreshold at a time", async ({ rig, expect }) => {
    await rig.work.create();
    await Promise.all(
      Array.from({ length: 12 }, () => rig.work.sendMessage(encode({ do: "wait", ms: 300 }))),
    );
    await rig.start();
    await done(rig, 12);
    const most = Math.max(...rig.entries("work", "end").map((entry) => entry.most ?? 0));
    expect(most).toBeGreaterThanOrEqual(4);
    expect(most).toBeLessThanOrEqual(6);
  });

  it("is poison, uncalled, when every try killed the worker", async ({ rig, expect }) => {
    await rig.work.create();
    await rig.work.sendMessage(encode({ do: "exit" }));
    for (const attempt of [1, 2, 3]) {
      const { child } = await rig.start();
      expect(await child.exited).toMatchObject({ code: 7 });
      expect(rig.entries("work", "begin")).toHaveLength(attempt);
    }
    await rig.start();
    await until("it is buried", () => rig.entries("bury")[0]);
    expect(rig.entries("work", "begin")).toHaveLength(3);
  });
});

describe.concurrent("a queue output", () => {
  const cases: readonly { name: string; value: unknown; messages: readonly string[] }[] = [
    { name: "an object is indented JSON", value: { a: 1 }, messages: ['{\n  "a": 1\n}'] },
    { name: "a list is one message each", value: [{ a: 1 }, "two"], messages: ['{\n  "a": 1\n}', "two"] },
    { name: "a text is itself", value: "text", messages: ["text"] },
    { name: "an empty list is nothing", value: [], messages: [] },
  ];

  it("sends what an HTTP function sets, base64, and creates the queue", async ({ rig, expect }) => {
    const host = await rig.start();
    for (const { name, value, messages } of cases) {
      const response = await fetch(`${host.url}/api/emit`, { method: "POST", body: JSON.stringify(value) });
      expect(response.status, name).toBe(202);
      expect([...(await takeAll(rig.output))].sort(), name).toEqual(messages.map(encode).sort());
    }
  });

  it("sends what a queue function returns", async ({ rig, expect }) => {
    await rig.relay.create();
    await rig.relay.sendMessage(encode([{ n: 1 }, { n: 2 }]));
    await rig.start();
    const sent: string[] = [];
    await until("both are sent", async () => sent.push(...(await takeAll(rig.output))) >= 2);
    expect(sent.sort()).toEqual([encode('{\n  "n": 1\n}'), encode('{\n  "n": 2\n}')].sort());
  });
});
