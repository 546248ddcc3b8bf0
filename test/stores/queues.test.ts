import { expect, it } from "vitest";
import { parseImportMessage, parseNotifyMessage, parsePollMessage } from "../../shared/documents/messages.ts";
import { never } from "../support/registries.ts";
import { useStorage } from "../support/storage.ts";

const storage = useStorage();

it("sends each message in the form that its step reads", async () => {
  const open = storage.open();
  const { queues } = open.stores;
  const watch = { group: "default", name: "app" };
  const poll = { host: "docker.io", slot: new Date("2026-11-22T10:00:00.000Z"), watches: [watch] };
  const importing = { watch, key: "0".repeat(64), hop: 2 };
  const notify = { kind: "flush", channel: "ops" } as const;
  await queues.poll(poll, { signal: never });
  await queues.import(importing, { signal: never });
  await queues.notify(notify, { signal: never });
  expect((await open.receive("poll")).map(parsePollMessage)).toEqual([poll]);
  expect((await open.receive("import")).map(parseImportMessage)).toEqual([importing]);
  expect((await open.receive("notify")).map(parseNotifyMessage)).toEqual([notify]);
});

it("counts what waits, delayed or not, also in poison queues that nobody has made yet", async () => {
  const { queues } = storage.open().stores;
  await queues.notify({ kind: "flush", channel: "ops" }, { signal: never });
  await queues.notify({ kind: "flush", channel: "ops" }, { signal: never, delayMs: 60_000 });
  expect(await queues.lengths(never)).toEqual({
    poll: 0,
    "poll-poison": 0,
    import: 0,
    "import-poison": 0,
    follow: 0,
    "follow-poison": 0,
    notify: 2,
    "notify-poison": 0,
    retention: 0,
    "retention-poison": 0,
  });
});

it("tells how long the oldest message waits that can be seen", async () => {
  const { queues } = storage.open().stores;
  const poll = { host: "docker.io", slot: new Date(), watches: [{ group: "default", name: "app" }] };
  expect(await queues.oldestPollMs(never)).toBeUndefined();
  await queues.poll(poll, { signal: never, delayMs: 600_000 });
  expect(await queues.oldestPollMs(never)).toBeUndefined();
  await queues.poll(poll, { signal: never });
  expect(await queues.oldestPollMs(never)).toBeLessThan(60_000);
});
