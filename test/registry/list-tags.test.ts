import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { ClosableRegistries } from "../../shared/auth/registries.ts";
import { Failure, type FailureCode } from "../../shared/model/failure.ts";
import { tagsOf } from "../../shared/model/tag-list.ts";
import { createListTags } from "../../shared/registry/list-tags.ts";
import type { Session } from "../../shared/registry/session.ts";
import { failureOf } from "../support/failures.ts";
import { loopbackRegistries, never } from "../support/registries.ts";
import { type Reply, type ScriptedServer, startScriptedServer } from "../support/scripted-server.ts";

let server: ScriptedServer;
let registries: ClosableRegistries;
beforeEach(async () => {
  server = await startScriptedServer();
  registries = loopbackRegistries();
});
afterEach(async () => {
  await registries.close();
  await server.finish();
});

const first = "GET /v2/app/tags/list?n=1000";
const list = async () => [...tagsOf(await registries.open(server.host).listTags("app", never))];
const page = (tags: unknown, next?: string): Reply => ({
  headers: {
    "content-type": "application/json",
    ...(next === undefined ? {} : { link: `<${next}>; rel="next"` }),
  },
  body: JSON.stringify({ name: "app", tags }),
});

describe("listTags", () => {
  it("gives the tags of one page in the registry's order, repeats and all", async () => {
    server.expect(first, page(["b", "a", "b", "c", "a"]));
    expect(await list()).toEqual(["b", "a", "b", "c", "a"]);
  });

  it("takes null and an empty list for a repository without tags", async () => {
    server.expect(first, page(null), page([]));
    expect([await list(), await list()]).toEqual([[], []]);
  });

  it("follows pages by opaque cursors as they are given", async () => {
    server.expect(first, page(["a"], "/v2/app/tags/list?next_page=gAAA%3D%3D&n=50"));
    server.expect(
      "GET /v2/app/tags/list?next_page=gAAA%3D%3D&n=50",
      page(["b"], `${server.origin}/v2/other?x`),
    );
    server.expect("GET /v2/other?x", page(["a", "c"]));
    expect(await list()).toEqual(["a", "b", "a", "c"]);
  });

  it("finds 1,001 tags over two pages", async () => {
    const tags = Array.from({ length: 1001 }, (_, at) => `v${at}`);
    server.expect(first, page(tags.slice(0, 1000), "?last=v999"));
    server.expect("GET /v2/app/tags/list?last=v999", page(tags.slice(1000)));
    expect(await list()).toEqual(tags);
  });

  it("takes a whole list from a registry that does not page", async () => {
    const tags = Array.from({ length: 5000 }, (_, at) => `v${at}`);
    server.expect(first, page(tags));
    expect((await list()).length).toBe(5000);
  });

  it.each([
    ["by its status alone", { status: 400, body: "n is too large" }],
    ["as ECR does", { status: 405, body: '{"errors":[{"code":"UNSUPPORTED","message":"maxResults"}]}' }],
    ["as Docker's registry does", { status: 400, body: '{"errors":[{"code":"PAGINATION_NUMBER_INVALID"}]}' }],
  ])("asks for less when the registry refuses the page size %s, and remembers it", async (_name, refusal) => {
    server.expect(first, refusal);
    server.expect("GET /v2/app/tags/list?n=100", page(["a"]), page(["a", "b"]));
    expect([await list(), await list()]).toEqual([["a"], ["a", "b"]]);
  });

  it.each<[string, Reply, FailureCode]>([
    [
      "HTML with status 200",
      { headers: { "content-type": "text/html" }, body: "<html>sign in</html>" },
      "protocol",
    ],
    ["no body", {}, "protocol"],
    ["JSON without tags", { body: '{"message":"hello"}' }, "protocol"],
    ["tags that are no list", { body: '{"tags":{"a":1}}' }, "protocol"],
    ["tags that are no texts", { body: '{"tags":["a",1]}' }, "protocol"],
    ["a list alone", { body: '["a"]' }, "protocol"],
    ["204", { status: 204 }, "protocol"],
    ["404", { status: 404, body: '{"errors":[{"code":"NAME_UNKNOWN"}]}' }, "not-found"],
    ["403", { status: 403 }, "forbidden"],
    [
      "429 as text",
      { status: 429, body: "Too Many Requests", headers: { "retry-after": "7" } },
      "rate-limited",
    ],
    ["503", { status: 503 }, "unavailable"],
    ["a Link to another host", page(["a"], "http://127.0.0.2:1/v2/app/tags/list"), "blocked"],
    ["a Link that is none", { headers: { link: "next" }, body: '{"tags":["a"]}' }, "protocol"],
    ["a Link to itself", page(["a"], "/v2/app/tags/list?n=1000"), "protocol"],
  ])("does not take %s for a list", async (_name, reply, code) => {
    server.expect(first, reply);
    await failureOf(list, code);
  });

  it("obeys Retry-After", async () => {
    server.expect(first, { status: 429, headers: { "retry-after": "7" } });
    expect((await failureOf(list, "rate-limited")).retryAfterMs).toBe(7000);
  });

  it("does not go in circles", async () => {
    server.expect(first, page(["a"], "?page=2"));
    server.expect("GET /v2/app/tags/list?page=2", page(["b"], "?page=3"));
    server.expect("GET /v2/app/tags/list?page=3", page(["c"], "?page=2"));
    await failureOf(list, "protocol");
  });

  it.each([
    ["pages", 12_000, 100],
    ["bytes", 64, 1024 * 1024],
    ["bytes of links", 256, 256 * 1024],
  ])("ends a list that has no end, by its %s", async (what, pages, size) => {
    const isOfLinks = what === "bytes of links";
    const filler = (length: number) => "x".repeat(length);
    let asked = 0;
    const session: Session = {
      host: "registry.example",
      origin: "https://registry.example",
      prepare: () => {},
      url: (repository, rest) => new URL(`https://registry.example/v2/${repository}/${rest}`),
      stream: () => Promise.reject(new Error("a list is read whole")),
      read: async ({ url, maxBytes }) => {
        asked++;
        const one = filler(isOfLinks ? 1 : size - 13 - 4 * '"",'.length - 4);
        const body = Buffer.from(`{"tags":["${one}","b","c","d","e"]}`);
        if (body.length > maxBytes) throw new Failure("too-large", "as the client says");
        const next = `<?page=${asked}${isOfLinks ? filler(size) : ""}>; rel="next"`;
        return { status: 200, url, header: (name) => (name === "link" ? next : undefined), body };
      },
    };
    await failureOf(() => createListTags(session)("app", never), "too-large");
    expect(asked).toBeGreaterThan(pages * 0.9);
    expect(asked).toBeLessThanOrEqual(pages + 2);
  });

  it.each([
    ["one tag on each page", 1, 101],
    ["no tag on any page", 0, 101],
  ])("gives up a list that goes on and on with %s", async (_name, perPage, pages) => {
    const tagsOn = (at: number) => Array.from({ length: perPage }, () => `v${at}`);
    server.always(first, page(tagsOn(0), "?page=1"));
    for (let at = 1; at < 300; at++)
      server.always(`GET /v2/app/tags/list?page=${at}`, page(tagsOn(at), `?page=${at + 1}`));
    const failure = await failureOf(list, "protocol");
    expect(failure.message).toContain("pages and still goes on");
    expect(server.received.length).toBeLessThanOrEqual(pages);
  });

  it("takes a list with some empty pages", async () => {
    const tags = Array.from({ length: 50 }, (_, at) => `v${at}`);
    server.expect(first, page([], "?page=2"));
    server.expect("GET /v2/app/tags/list?page=2", page(tags, "?page=3"));
    server.expect("GET /v2/app/tags/list?page=3", page([]));
    expect(await list()).toEqual(tags);
  });

  it("fails as a whole when a later page fails", async () => {
    server.expect(first, page(["a"], "?page=2"));
    server.expect("GET /v2/app/tags/list?page=2", { status: 500 });
    await failureOf(list, "unavailable");
  });

  it("tries once more when the body is cut off", async () => {
    server.expect(
      first,
      (_request, response) => {
        response.writeHead(200, { "content-length": "1000" });
        response.write('{"tags":["a"', () => response.destroy());
        return undefined;
      },
      page(["a"]),
    );
    expect(await list()).toEqual(["a"]);
  });

  it("checks the repository before it asks", async () => {
    await failureOf(() => registries.open(server.host).listTags("../x", never), "invalid");
  });
});
