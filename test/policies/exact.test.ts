import { describe, expect, it } from "vitest";
import { parsePolicy } from "../../shared/policies/members.ts";
import { reasonsOf, selectBy } from "./selecting.ts";

describe("exact", () => {
  it("chooses the listed tags in the order of the list, whatever else there is", () => {
    const selection = selectBy({ tags: "exact jammy, 1.27,latest" }, [
      "latest",
      "noble",
      "1.27",
      "1.27.1",
      "jammy",
    ]);
    expect(selection.versions).toEqual(["jammy", "1.27", "latest"]);
    expect(reasonsOf(selection)).toEqual({ noble: "not-listed", "1.27.1": "not-listed" });
    expect(selection.skipped.find(({ tag }) => tag === "noble")?.detail).toBe(
      "noble is not one of those that exact lists",
    );
  });

  it("takes absent tags for no error", () => {
    expect(selectBy({ tags: "exact 1.0.0, 2.0.0" }, ["1.0.0"])).toEqual({
      versions: ["1.0.0"],
      tracked: [],
      collisions: [],
      skipped: [],
    });
  });

  it("keeps the first of the list", () => {
    const selection = selectBy({ tags: "exact b, a, c, b", keep: 2 }, ["a", "b", "c"]);
    expect(selection.versions).toEqual(["b", "a"]);
    expect(reasonsOf(selection)).toEqual({ c: "superseded" });
  });

  it.each([
    ["nothing", "exact", "exact needs tags parted by commas"],
    ["an empty place", "exact a,,b", "exact needs tags parted by commas"],
    ["blanks instead of commas", "exact a b", '"a b" in exact is not a tag'],
    ["what no tag can be", "exact 1.0.0+x", '"1.0.0+x" in exact is not a tag'],
    ["too many", `exact ${Array.from({ length: 501 }, (_, i) => `t${i}`).join(",")}`, "exact lists 501 tags"],
  ])("refuses %s", (_, text, message) => {
    expect(() => parsePolicy(text)).toThrow(message);
  });
});
