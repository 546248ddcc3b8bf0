import { afterEach, describe, expect, it, vi } from "vitest";
import { tagListOf, tagPageOf } from "../../shared/model/tag-list.ts";
import { explainAll, select, selectAll } from "../../shared/policies/select.ts";
import { type Columns, rulesOf } from "./selecting.ts";

/** A list that is long enough for pauses, in pages. */
const pages = Array.from({ length: 10 }, (_, page) =>
  Array.from({ length: 500 }, (_, index) => {
    const at = page * 500 + ((index * 7) % 500);
    return `${at % 7}.${at % 100}.${at}${["", "-alpine", "-rc1"][at % 3]}`;
  }),
);
const list = tagListOf(pages.map(tagPageOf));

afterEach(() => vi.restoreAllMocks());

describe("selectAll", () => {
  it.each<{ readonly name: string; readonly columns: Columns }>([
    { name: "a range", columns: { tags: "semver >=3" } },
    { name: "the newest", columns: { tags: "semver *", keep: 3 } },
    { name: "the newest of each minor", columns: { tags: "loose *", keep: 2, keepPer: "minor" } },
    { name: "families", columns: { tags: "semver *", family: "-alpine,plain", prereleases: "include" } },
    { name: "names", columns: { tags: "alphabetical", keep: 50 } },
    { name: "keys", columns: { tags: "number *", extract: "[0-9]+\\.([0-9]+)\\..*", keep: 2 } },
    { name: "named tags", columns: { verbatim: ["4.0.2500-alpine", "latest"], track: ["latest"] } },
  ])("chooses what select chooses: $name", async ({ columns: { verbatim, ...columns } }) => {
    const rules = { ...rulesOf(columns), verbatim: verbatim ?? [] };
    const pause = () => Promise.resolve();
    const { skipped, ...chosen } = select(list, rules);
    expect(await selectAll(list, rules, pause)).toMatchObject(chosen);
    expect(await explainAll(list, rules, pause)).toEqual(skipped);
    expect(new Set([...chosen.versions, ...skipped.map(({ tag }) => tag), ...chosen.tracked]).size).toBe(
      5_000 + chosen.tracked.length,
    );
  });

  it("lets others go on again and again, however the list is cut into pages", async () => {
    // A clock by which every look at it is long after the one before.
    let now = 0;
    vi.spyOn(performance, "now").mockImplementation(() => (now += 1_000));
    const tags = pages.flat();
    for (const size of [1, 100, 5_000]) {
      const cut = Array.from({ length: tags.length / size }, (_, at) =>
        tags.slice(at * size, (at + 1) * size),
      );
      for (const columns of [
        { tags: "semver >=99" },
        { tags: "semver >=99", include: ".*" },
        { tags: "alphabetical >=z" },
        { verbatim: ["a"] },
      ]) {
        let pauses = 0;
        await selectAll(tagListOf(cut.map(tagPageOf)), rulesOf(columns), async () => {
          pauses += 1;
        });
        expect(pauses).toBeGreaterThan(0);
        let pausesToExplain = 0;
        await explainAll(tagListOf(cut.map(tagPageOf)), rulesOf(columns), async () => {
          pausesToExplain += 1;
        });
        expect(pausesToExplain).toBeGreaterThan(pauses + 10);
      }
    }
  });
});
