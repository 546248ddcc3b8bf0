import { describe, expect, it } from "vitest";
import {
  overflowName,
  parseFollowMessage,
  parseImportMessage,
  parseNotifyMessage,
  parsePollMessage,
  writeFollowMessage,
  writeImportMessage,
  writeNotifyMessage,
  writePollMessage,
} from "../../shared/documents/messages.ts";
import { failureOf } from "../support/failures.ts";

const watch = { group: "web", name: "nginx" };
const key = "0a".repeat(32);
const wire = (message: object): unknown => JSON.parse(JSON.stringify(message));

describe("a message", () => {
  it("comes back from the wire as it was", () => {
    const poll = {
      host: "registry.example:5000",
      slot: new Date("2026-11-22T10:00:00.123Z"),
      watches: [watch],
    };
    expect(parsePollMessage(wire(writePollMessage(poll)))).toEqual(poll);
    const importing = { watch, key, hop: 3 };
    expect(parseImportMessage(wire(writeImportMessage(importing)))).toEqual(importing);
    for (const follow of [
      { kind: "image", watch, key, looks: 1, tries: 2 },
      { kind: "watch", watch, tries: 0 },
      { kind: "watch", watch, after: key, tries: 1 },
    ] as const)
      expect(parseFollowMessage(wire(writeFollowMessage(follow)))).toEqual(follow);
    for (const notify of [
      { kind: "relay", partition: "web~nginx" },
      { kind: "flush", channel: "ops" },
    ] as const)
      expect(parseNotifyMessage(wire(writeNotifyMessage(notify)))).toEqual(notify);
  });

  it("has no field that would override the trigger's metadata", () => {
    const messages = [
      writePollMessage({ host: "h", slot: new Date(), watches: [watch] }),
      writeImportMessage({ watch, key, hop: 0 }),
      writeFollowMessage({ kind: "image", watch, key, looks: 0, tries: 0 }),
      writeFollowMessage({ kind: "watch", watch, after: key, tries: 0 }),
      writeNotifyMessage({ kind: "relay", partition: "p" }),
    ];
    for (const message of messages) {
      expect(
        Object.keys(message).filter((field) =>
          /^(id|dequeueCount|popReceipt|queueTrigger|.*Time)$/i.test(field),
        ),
      ).toEqual([]);
    }
  });
});

const goodPoll = { v: 1, host: "h", slot: "2026-11-22T10:00:00Z", watches: ["a~b"] };
const goodImport = { v: 1, watch: "a~b", import: key, hop: 0 };
const goodFollow = { v: 1, kind: "watch", watch: "a~b", tries: 0 };
const goodNotify = { v: 1, kind: "flush", channel: "ops" };

describe("case 46: a malformed message", () => {
  it.each([
    { name: "no object", body: "hello", says: "poll cannot be read: body: " },
    { name: "null", body: null, says: "body" },
    { name: "another version", body: { ...goodPoll, v: 2 }, says: "v: " },
    { name: "an unknown field", body: { ...goodPoll, id: "x" }, says: "body: " },
    { name: "no watches", body: { ...goodPoll, watches: [] }, says: "watches: " },
    { name: "51 watches", body: { ...goodPoll, watches: Array(51).fill("a~b") }, says: "watches: " },
    { name: "a watch with a path", body: { ...goodPoll, watches: ["a/b"] }, says: "watches.0: " },
    { name: "a slot that is no time", body: { ...goodPoll, slot: "now" }, says: "slot: " },
    { name: "a host that is none", body: { ...goodPoll, host: "a b" }, says: "is not a registry host" },
  ])("for poll: $name", async ({ body, says }) => {
    expect((await failureOf(() => parsePollMessage(body), "invalid")).message).toContain(says);
  });

  it.each([
    { name: "a key that is too short", body: { ...goodImport, import: "0a" } },
    { name: "a key with capitals", body: { ...goodImport, import: key.toUpperCase() } },
    { name: "a hop below zero", body: { ...goodImport, hop: -1 } },
    { name: "half a hop", body: { ...goodImport, hop: 0.5 } },
    { name: "no watch", body: { v: 1, import: key, hop: 0 } },
  ])("for import: $name", async ({ body }) => {
    await failureOf(() => parseImportMessage(body), "invalid");
  });

  it.each([
    { name: "an unknown kind", body: { ...goodFollow, kind: "shout" } },
    { name: "no import", body: { v: 1, kind: "image", watch: "a~b", tries: 0 } },
    { name: "tries below zero", body: { ...goodFollow, tries: -1 } },
    { name: "after what is no key", body: { ...goodFollow, after: "../x" } },
  ])("for follow: $name", async ({ body }) => {
    await failureOf(() => parseFollowMessage(body), "invalid");
  });

  it.each([
    { name: "an unknown kind", body: { ...goodNotify, kind: "shout" } },
    { name: "no channel", body: { v: 1, kind: "flush" } },
    { name: "an empty partition", body: { v: 1, kind: "relay", partition: "" } },
  ])("for notify: $name", async ({ body }) => {
    await failureOf(() => parseNotifyMessage(body), "invalid");
  });

  it("quotes nothing of the body", async () => {
    const { message } = await failureOf(
      () => parsePollMessage({ ...goodPoll, host: 1, secret: "hunter2" }),
      "invalid",
    );
    expect(message).not.toContain("hunter2");
  });
});

describe("a pointer to a body that was too large", () => {
  const name = "123e4567-e89b-12d3-a456-426614174000.json";
  it.each([
    { body: { v: 1, overflow: name }, is: name },
    { body: { v: 1, overflow: "../secrets.json" }, is: undefined },
    { body: { v: 1, overflow: name, more: 1 }, is: undefined },
    { body: goodPoll, is: undefined },
    { body: null, is: undefined },
  ])("$body points to $is", ({ body, is }) => {
    expect(overflowName(body)).toBe(is);
  });
});
