import { describe, expect, it } from "vitest";
import {
  formatWatchId,
  manualWatch,
  parseWatchId,
  parseWatchKey,
  parseWatchPath,
  watchKey,
} from "../../shared/documents/watch-id.ts";
import { failureOf } from "../support/failures.ts";

describe("a watch's name", () => {
  it.each([
    { group: "a", name: "b" },
    { group: "web", name: "nginx-1" },
    { group: "x".repeat(63), name: "0" },
  ])("takes $group/$name, and gives it back from key and path", ({ group, name }) => {
    const id = parseWatchId(group, name);
    expect(id).toEqual({ group, name });
    expect(parseWatchKey(watchKey(id))).toEqual(id);
    expect(parseWatchPath(formatWatchId(id))).toEqual(id);
  });

  it.each(["", "A", "a b", "-a", "a-", "a/b", "a~b", "a.b", "ä", "a\u0000", "a#b", "a'b", "x".repeat(64)])(
    "case 49: refuses %j as group and as name, before it reaches a key",
    async (text) => {
      const group = await failureOf(() => parseWatchId(text, "a"), "invalid");
      expect(group.message).toContain("The group (PartitionKey)");
      const name = await failureOf(() => parseWatchId("a", text), "invalid");
      expect(name.message).toContain("The name (RowKey)");
    },
  );

  it("keeps a group for imports by hand", async () => {
    const { message } = await failureOf(() => parseWatchId(manualWatch.group, "x"), "invalid");
    expect(message).toContain("is reserved");
    expect(parseWatchId("x", "manual")).toEqual({ group: "x", name: "manual" });
  });
});

describe("a watch's path", () => {
  it("has the group default when it names none", () => {
    expect(parseWatchPath("nginx")).toEqual({ group: "default", name: "nginx" });
  });

  it.each(["", "/", "a/", "/a", "a/b/c", "a/b/"])("refuses %j", async (text) => {
    await failureOf(() => parseWatchPath(text), "invalid");
  });
});

it("orders keys of one group together", () => {
  const ids = ["a", "a-b", "a1", "b"].flatMap((group) => ["x", "y"].map((name) => ({ group, name })));
  const groups = ids
    .map(watchKey)
    .sort()
    .map((key) => parseWatchKey(key).group);
  expect(groups.filter((group, at) => group !== groups[at - 1])).toHaveLength(4);
});
