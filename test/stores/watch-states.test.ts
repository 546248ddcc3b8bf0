import { describe, expect, it } from "vitest";
import { requireRoom, type WatchState } from "../../shared/stores/watch-states.ts";
import { failureOf } from "../support/failures.ts";
import { digestNamed, upstreamHost } from "../support/records.ts";
import { never } from "../support/registries.ts";
import { useStorage } from "../support/storage.ts";

const storage = useStorage();
const id = { group: "default", name: "app" };
const key = "default~app";

describe("watch states", () => {
  it("gives back what it was given", async () => {
    const { states } = storage.open().stores;
    const state: WatchState = {
      revision: "r1",
      known: new Map([["1.0.0", digestNamed("1")]]),
      moved: new Map([["1.0.0", digestNamed("2")]]),
      trouble: {
        code: "not-found",
        reason: "gone",
        since: new Date("2026-11-22T10:00:00.000Z"),
        scope: "tags",
      },
      unchecked: {
        since: new Date("2026-11-22T11:00:00.000Z"),
        until: new Date("2026-11-22T12:00:00.000Z"),
        reason: "The upstream asked for a pause.",
      },
      unanswered: 3,
      listed: 12,
    };
    expect(await states.save(upstreamHost, id, { state, etag: undefined, signal: never })).toBe("saved");
    expect((await states.some(upstreamHost, [id], never)).get(key)?.state).toEqual(state);
    expect([...(await states.all(never)).keys()]).toEqual([`${upstreamHost} ${key}`]);
    await states.remove(upstreamHost, id, never);
    await states.remove(upstreamHost, id, never);
    expect(await states.some(upstreamHost, [id], never)).toEqual(new Map());
  });

  it("case 44: is outrun by whoever wrote since it was read", async () => {
    const { states } = storage.open().stores;
    const save = (revision: string, etag: string | undefined) =>
      states.save(upstreamHost, id, { state: stateOf(0, { revision }), etag, signal: never });
    const read = async () => (await states.some(upstreamHost, [id], never)).get(key);
    expect(await save("first", undefined)).toBe("saved");
    expect(await save("second", undefined)).toBe("outrun");
    const etag = (await read())?.etag;
    expect(await save("third", etag)).toBe("saved");
    expect(await save("fourth", etag)).toBe("outrun");
    expect((await read())?.state.revision).toBe("third");
    await states.remove(upstreamHost, id, never);
    expect(await save("fifth", etag)).toBe("outrun");
  });

  it("reads the states of some watches by one range, and none of another host", async () => {
    const { states } = storage.open().stores;
    const ids = ["a", "a-b", "a1", "b"].flatMap((name) => ["x", "x-y"].map((group) => ({ group, name })));
    for (const each of ids) {
      await states.save(upstreamHost, each, { state: stateOf(1), etag: undefined, signal: never });
    }
    const [first] = ids;
    if (first === undefined) throw new Error("there are ids");
    await states.save("other.example", first, { state: stateOf(2), etag: undefined, signal: never });
    const wanted = [
      { group: "x", name: "a" },
      { group: "x-y", name: "b" },
      { group: "x-y", name: "a-b" },
    ];
    const found = await states.some(upstreamHost, wanted, never);
    for (const key of ["x~a", "x-y~b", "x-y~a-b"]) expect(found.get(key)?.state.known.size).toBe(1);
    expect([...(await states.some(upstreamHost, [first], never)).keys()]).toEqual(["x~a"]);
    expect((await states.some("[::1]:5000", [first], never)).size).toBe(0);
    expect((await states.all(never)).size).toBe(9);
  });

  it.each([
    { tags: 0, about: "nothing" },
    { tags: 345, about: "a little under one column" },
    { tags: 400, about: "a little over one column" },
    { tags: 5000, about: "nearly a whole row" },
  ])("case 50: holds $tags tags, $about", async ({ tags }) => {
    const { states } = storage.open().stores;
    const state = stateOf(tags);
    expect(await states.save(upstreamHost, id, { state, etag: undefined, signal: never })).toBe("saved");
    const found = (await states.some(upstreamHost, [id], never)).get(key);
    expect(found?.state.known).toEqual(state.known);
    const fewer = stateOf(1);
    await states.save(upstreamHost, id, { state: fewer, etag: found?.etag, signal: never });
    expect((await states.some(upstreamHost, [id], never)).get(key)?.state).toEqual(fewer);
  });

  it("case 50: says what to do about more tags than a row holds", async () => {
    const { states } = storage.open().stores;
    const state = stateOf(6000);
    const { message } = await failureOf(
      () => states.save(upstreamHost, id, { state, etag: undefined, signal: never }),
      "too-large",
    );
    expect(message).toBe(
      "The watch default/app follows 6000 tags, more than one row can hold (about 5000): set Keep or narrow Tags",
    );
    await failureOf(() => requireRoom(id, state), "too-large");
    requireRoom(id, stateOf(5000));
  });
});

function stateOf(tags: number, parts: Partial<WatchState> = {}): WatchState {
  const known = new Map(Array.from({ length: tags }, (_, at) => [`1.27.${at}`, digestNamed(`${at}`)]));
  return { revision: "r", known, moved: new Map(), listed: tags, ...parts };
}
