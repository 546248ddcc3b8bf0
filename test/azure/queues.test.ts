import { describe, expect, it } from "vitest";
import { createApp } from "../../shared/app.ts";
import { createOverflow, createQueue } from "../../shared/azure/queues.ts";
import { createStorageClients } from "../../shared/azure/storage.ts";
import { writePollMessage } from "../../shared/documents/messages.ts";
import { readSettings } from "../../shared/settings.ts";
import { failureOf } from "../support/failures.ts";
import { never } from "../support/registries.ts";
import { useStorage } from "../support/storage.ts";

const storage = useStorage();
const clients = () =>
  createStorageClients({ kind: "connection-string", connectionString: storage.connectionString }, () => {
    throw new Error("the emulator needs no Entra ID token");
  });

describe("a queue", () => {
  it("case 48: carries JSON in base64, whatever its characters, and is made at its first use", async () => {
    const open = storage.open();
    const queue = open.queue("poll");
    expect(await queue.length(never)).toBe(0);
    const message = { v: 1, text: '5 € "quoted" \\ <b>' };
    await queue.send(message, { signal: never });
    expect(await queue.length(never)).toBe(1);
    expect(await open.receive("poll")).toEqual([message]);
  });

  it("is made by its first message", async () => {
    const open = storage.open();
    await open.queue("poll").send({ v: 1 }, { signal: never });
    expect(await open.receive("poll")).toEqual([{ v: 1 }]);
  });

  it("keeps a delayed message out of sight, in whole seconds upwards", async () => {
    const open = storage.open();
    const queue = open.queue("poll");
    await queue.send({ late: 1 }, { signal: never, delayMs: 600_000 });
    await queue.send({ late: 2 }, { signal: never, delayMs: 1 });
    await queue.send({ late: 3 }, { signal: never, delayMs: 30 * 24 * 3_600_000 });
    expect(await open.receive("poll")).toEqual([]);
    expect(await queue.length(never)).toBe(3);
  });

  it.each([
    { name: "just fits", length: 48 * 1024 - '{"text":""}'.length, inline: true },
    { name: "is one byte too long", length: 48 * 1024 - '{"text":""}'.length + 1, inline: false },
    { name: "is far too long", length: 300_000, inline: false },
  ])("case 47: puts a body that $name inline: $inline", async ({ length, inline }) => {
    const open = storage.open();
    const message = { text: "x".repeat(length) };
    await open.queue("poll").send(message, { signal: never });
    const [received] = await open.receive("poll");
    if (inline) expect(JSON.stringify(received) === JSON.stringify(message)).toBe(true);
    else expect(received).toEqual({ v: 1, overflow: expect.stringMatching(/^[0-9a-f-]{36}\.json$/) });
  });

  it("ends with canceled when its signal is aborted", async () => {
    const signal = AbortSignal.abort();
    await failureOf(() => storage.open().queue("poll").send({ v: 1 }, { signal }), "canceled");
  });
});

describe("an overflow", () => {
  it("case 47: gives back the whole body, byte by byte", async () => {
    const overflow = createOverflow(clients().container("overflow"));
    const body = JSON.stringify({ text: "5 €".repeat(40_000) });
    expect((await overflow.get(await overflow.put(body, never), never)) === body).toBe(true);
  });

  it("says that a body is gone", async () => {
    const overflow = createOverflow(clients().container("overflow"));
    await overflow.put("x", never);
    const { message } = await failureOf(() => overflow.get("gone.json", never), "not-found");
    expect(message).toContain("reading the overflow message gone.json");
  });
});

describe("the app", () => {
  const app = () =>
    createApp(
      readSettings({ AzureWebJobsStorage: storage.connectionString, WHARFGATE_TARGET: "target.example" }),
    );

  it("case 47: processes a message whose body is in the overflow", async () => {
    const { container, queue } = clients();
    const overflow = createOverflow(container("messages"));
    const message = writePollMessage({
      host: "docker.io",
      slot: new Date(),
      watches: [{ group: "no", name: "such" }],
    });
    const name = await overflow.put(JSON.stringify(message), never);
    expect(await app().poll({ v: 1, overflow: name }, never)).toMatchObject({ polled: 0, deferred: 0 });
    await createQueue(queue("unused"), overflow).length(never);
    await failureOf(() => app().poll({ v: 1, overflow: `${"0".repeat(36)}.json` }, never), "not-found");
  });

  it.each(["poll", "import", "notify"] as const)(
    "case 46: sets a malformed message of %s aside at its first try, with an alert, as it was",
    async (name) => {
      const opened = app();
      const body = { v: 1, nonsense: name };
      expect(await opened[name](body, never)).toMatchObject({ kind: "buried" });
      expect(await opened[name](body, never)).toMatchObject({ kind: "buried" });
      const letters = await opened.stores.deadLetters.all(never);
      const kept = letters.filter(({ queue }) => queue === name).map((letter) => letter.body);
      expect(kept).toEqual([JSON.stringify(body)]);
      expect(
        (await opened.stores.ledger.outbox("system~events", never)).map(({ event }) => event.kind),
      ).toContain("dead-letter");
    },
  );
});
