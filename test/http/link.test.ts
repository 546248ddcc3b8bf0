import { describe, expect, it } from "vitest";
import { nextLink } from "../../shared/http/link.ts";
import { failureOf } from "../support/failures.ts";

const base = new URL("https://registry.example/v2/app/tags/list?n=100");

describe("nextLink", () => {
  it.each([
    ["none", undefined, undefined],
    ["an empty one", "", undefined],
    ["a path", '</v2/app/tags/list?n=100&last=b>; rel="next"', "/v2/app/tags/list?n=100&last=b"],
    ["a query alone", '<?last=b>; rel="next"', "/v2/app/tags/list?last=b"],
    ["a whole URL", '<https://registry.example/v2/app/tags/list?x=1>; rel="next"', "/v2/app/tags/list?x=1"],
    ["the default port", '<https://registry.example:443/v2/next>; rel="next"', "/v2/next"],
    [
      "an opaque cursor",
      '</v2/app/tags/list?next_page=gAAA%3D%3D&n=50>; rel="next"',
      "/v2/app/tags/list?next_page=gAAA%3D%3D&n=50",
    ],
    ["rel without quotes", "</next>; rel=next", "/next"],
    ["rel in capitals", '</next>; REL="NEXT"', "/next"],
    ["several rels", '</next>; rel="last next"', "/next"],
    ["other parameters first", '</next>; title="a, b; c"; rel="next"', "/next"],
    ["an escaped quote", '</next>; title="a \\"quoted\\" word"; rel=next', "/next"],
    ["the second of two", '</first>; rel="first", </next>; rel="next"', "/next"],
    ["only others", '</prev>; rel="prev"', undefined],
    ["no rel at all", "</next>", undefined],
    ["the first rel counts", '</next>; rel="prev"; rel="next"', undefined],
    ["commas to spare", ' , </next>; rel="next", ', "/next"],
    ["a comma in the target", '</next?a=1,2>; rel="next"', "/next?a=1,2"],
    ["a fragment", '</next#part>; rel="next"', "/next"],
  ])("reads %s", (_name, header, expected) => {
    const url = nextLink(header, base);
    expect(url === undefined ? undefined : url.pathname + url.search + url.hash).toBe(expected);
  });

  it.each([
    ["another host", '<https://evil.example/v2/app/tags/list>; rel="next"'],
    ["a host without scheme", '<//evil.example/v2/>; rel="next"'],
    ["another port", '<https://registry.example:8443/v2/>; rel="next"'],
    ["another scheme", '<http://registry.example/v2/>; rel="next"'],
    ["a user name before another host", '<https://registry.example@evil.example/>; rel="next"'],
  ])("refuses %s", async (_name, header) => {
    await failureOf(() => nextLink(header, base), "blocked");
  });

  it.each([
    ["no brackets", '/v2/app; rel="next"'],
    ["an open bracket", "</v2/app"],
    ["an open quote", '</next>; rel="next'],
    ["words after the target", '</next> rel="next"'],
  ])("does not read %s", async (_name, header) => {
    await failureOf(() => nextLink(header, base), "protocol");
  });
});
