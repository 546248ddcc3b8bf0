import { describe, expect, it } from "vitest";
import { bounds, type WatchRow } from "../../shared/stores/watches.ts";
import { never } from "../support/registries.ts";
import { useStorage } from "../support/storage.ts";

const storage = useStorage();
const columns = { Source: "docker.io/library/nginx", Tags: "semver >=1.27" };

describe("the table of watches", () => {
  it("gives back a watch with its columns and when somebody saved it", async () => {
    const { watches } = storage.open().stores;
    const id = { group: "web", name: "nginx" };
    expect(await watches.get(id, never)).toBeUndefined();
    expect(await watches.put(id, columns, { signal: never, existing: "keep" })).toBe("added");
    expect(await watches.get(id, never)).toMatchObject({
      kind: "watch",
      watch: { ...id, source: { host: "docker.io", path: "library/nginx" } },
      columns,
      changedAt: expect.any(Date),
    });
    await watches.remove(id, never);
    await watches.remove(id, never);
    expect(await watches.get(id, never)).toBeUndefined();
  });

  it("keeps or replaces a row as it is told, whole", async () => {
    const { watches } = storage.open().stores;
    const id = { group: "web", name: "nginx" };
    await watches.put(id, { ...columns, Keep: 3 }, { signal: never, existing: "keep" });
    expect(await watches.put(id, { Source: "x" }, { signal: never, existing: "keep" })).toBe("exists");
    expect(await watches.put(id, columns, { signal: never, existing: "replace" })).toBe("replaced");
    expect((await watches.get(id, never))?.columns).toEqual(columns);
  });

  it("sets a bad row aside alone, with its reason", async () => {
    const open = storage.open();
    const { watches } = open.stores;
    const table = open.table("watches");
    await table.insert({ partition: "web", row: "good" }, columns, never);
    await table.insert({ partition: "web", row: "bad" }, { ...columns, Keep: "many" }, never);
    await table.insert({ partition: "Prod Team", row: "Ünï 'quoted'" }, columns, never);
    await table.insert({ partition: "manual", row: "requests" }, columns, never);
    const rows = await watches.all(never);
    expect(rows.map(describeRow).sort()).toEqual([
      "Prod Team/Ünï 'quoted': The group (PartitionKey) \"Prod Team\" is not usable: lower-case letters, digits and inner hyphens, at most 63 characters",
      'manual/requests: The group "manual" is reserved for imports asked for by hand: choose another',
      'web/bad: Keep must be a whole number from 1 to 10000, not "many"',
      "web/good",
    ]);
  });

  it("reads some watches with one query per group, and no neighbours", async () => {
    const { watches } = storage.open().stores;
    const names = ["a", "a-b", "a1", "b", "c"];
    for (const group of ["g", "g-h"]) {
      for (const name of names)
        await watches.put({ group, name }, columns, { signal: never, existing: "keep" });
    }
    const wanted = [
      { group: "g", name: "a1" },
      { group: "g", name: "a" },
      { group: "g-h", name: "c" },
      { group: "g", name: "gone" },
    ];
    expect((await watches.some(wanted, never)).map(describeRow).sort()).toEqual(["g-h/c", "g/a", "g/a1"]);
    expect(await watches.some([], never)).toEqual([]);
  });
});

describe("bounds", () => {
  it.each([
    { keys: ["a"], from: "a", to: "a" },
    { keys: ["b", "a~", "a-b", "a"], from: "a", to: "b" },
    { keys: ["a~x", "a-b~x"], from: "a-b~x", to: "a~x" },
    { keys: [], from: "", to: "" },
  ])("of $keys are $from and $to", ({ keys, from, to }) => {
    expect(bounds(keys)).toEqual({ from, to });
  });
});

function describeRow(row: WatchRow): string {
  return row.kind === "watch"
    ? `${row.watch.group}/${row.watch.name}`
    : `${row.group}/${row.name}: ${row.reason.split("; ")[0]}`;
}
