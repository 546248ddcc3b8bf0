import { describe, expect, it } from "vitest";
import { nextLink, pageOf } from "../../../local/registry/page.ts";

const names = ["b", "A", "c", "a", "C2", "1.0"];

describe("pageOf", () => {
  it.each([
    ["everything, letters without regard to case", "", ["1.0", "A", "a", "b", "c", "C2"], undefined],
    ["the first two", "n=2", ["1.0", "A"], "A"],
    ["what follows a name", "n=2&last=A", ["a", "b"], "b"],
    ["the rest", "n=2&last=b", ["c", "C2"], undefined],
    ["what follows a name that is not there", "last=bb", ["c", "C2"], undefined],
    ["nothing after the last", "last=C2", [], undefined],
    ["nothing for none", "n=0", [], undefined],
    ["all for more than there are", "n=999999999", ["1.0", "A", "a", "b", "c", "C2"], undefined],
  ])("gives %s", (_name, query, expected, after) => {
    const page = pageOf(names, new URLSearchParams(query));
    expect(page.names).toEqual(expected);
    expect(page.after).toBe(after);
  });

  it("gives at most 1,000, with a link to the next page, also when not asked to page", () => {
    const many = Array.from({ length: 2500 }, (_, i) => String(i).padStart(4, "0"));
    const query = new URLSearchParams();
    const page = pageOf(many, query);
    expect(page.names).toHaveLength(1000);
    expect(nextLink("/v2/a/tags/list", page, query)).toEqual({
      Link: '</v2/a/tags/list?n=1000&last=0999>; rel="next"',
    });
  });

  it.each(["n=-1", "n=x", "n=1.5", "n=", "n=1e3", "n=99999999999"])("refuses %s", (query) => {
    expect(() => pageOf(names, new URLSearchParams(query))).toThrow(
      expect.objectContaining({ status: 400, code: "PAGINATION_NUMBER_INVALID" }),
    );
  });
});
