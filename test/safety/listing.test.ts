import { describe, expect, it } from "vitest";
import { tagsOf } from "../../shared/model/tag-list.ts";
import { failureOf } from "../support/failures.ts";
import { never, user } from "../support/registries.ts";
import { type Reply, sightings } from "../support/scripted-server.ts";
import { asked, basicAuthorization, tagPage, tagsFrom, tagsRequest, useHostile } from "./hostile.ts";

const hostile = useHostile();

it("case 1: finds every one of 2,345 tags over three pages, with the credential on each", async () => {
  const tags = Array.from({ length: 2345 }, (_, at) => `1.${at}.0`);
  const client = await hostile.signedIn();
  hostile.registry.expect(tagsRequest, tagPage(tags.slice(0, 1000), "?last=1.999.0&n=1000"));
  hostile.registry.expect(
    "GET /v2/app/tags/list?last=1.999.0&n=1000",
    tagPage(tags.slice(1000, 2000), "/v2/app/tags/list?last=1.1999.0&n=1000"),
  );
  hostile.registry.expect("GET /v2/app/tags/list?last=1.1999.0&n=1000", tagPage(tags.slice(2000)));
  expect(await tagsFrom(client)).toEqual(tags);
  const pages = hostile.registry.received.slice(-3);
  expect(pages.map(({ headers }) => headers.authorization)).toEqual(Array(3).fill(basicAuthorization));
});

it("case 2: follows an opaque cursor byte by byte", async () => {
  const cursor = "/v2/app/tags/list?next=g%2bA%3D%3d;x&n=50&=&a=%00";
  hostile.registry.expect(tagsRequest, tagPage(["a"], cursor));
  hostile.registry.expect(`GET ${cursor}`, tagPage(["b"]));
  expect(await tagsFrom(hostile.open())).toEqual(["a", "b"]);
});

it.each<[string, Record<string, string>]>([
  ["itself", { "?n=1000": "?n=1000" }],
  ["itself behind a fragment", { "?n=1000": "?n=1000#again" }],
  ["a cycle of three pages", { "?n=1000": "?p=2", "?p=2": "?p=3", "?p=3": "?p=2" }],
])("case 3: does not follow a Link to %s, and gives no part of the list", async (_name, links) => {
  for (const [page, next] of Object.entries(links))
    hostile.registry.expect(`GET /v2/app/tags/list${page}`, tagPage(["a"], next));
  const failure = await failureOf(() => tagsFrom(hostile.open()), "protocol");
  expect(failure.message).toContain("circle");
});

describe("case 4: does not follow a Link to", () => {
  it.each<[string, () => string]>([
    ["another host", () => `${hostile.elsewhereOrigin}/v2/app/tags/list?last=a`],
    ["another host without a scheme", () => `//elsewhere.example:${hostile.elsewhere.port}/v2/app/tags/list`],
    ["another port", () => `http://registry.example:${hostile.elsewhere.port}/v2/app/tags/list?last=a`],
    ["another scheme", () => `https://${hostile.host}/v2/app/tags/list?last=a`],
    ["the registry by its address", () => `${hostile.registry.origin}/v2/app/tags/list?last=a`],
    ["the registry with a trailing dot", () => `http://registry.example.:${hostile.registry.port}/v2/`],
    ["a user name at the registry", () => `http://${user.username}@${hostile.host}/v2/app/tags/list`],
    ["a script", () => "javascript:alert(1)"],
    ["a file", () => "file:///etc/passwd"],
  ])("%s", async (_name, next) => {
    const client = await hostile.signedIn();
    hostile.registry.expect(tagsRequest, tagPage(["a"], next()));
    await failureOf(() => tagsFrom(client), "blocked");
    expect(hostile.elsewhere.connections).toBe(0);
    expect(sightings(hostile.elsewhere, user.password)).toEqual([]);
  });
});

it.each([
  ["null", { body: '{"name":"app","tags":null}' }],
  ["an empty list", { body: '{"name":"app","tags":[]}' }],
])("case 5: takes %s for a repository without tags", async (_name, reply) => {
  hostile.registry.expect(tagsRequest, reply);
  expect(await tagsFrom(hostile.open())).toEqual([]);
});

it("case 6: takes all tags from a registry that does not page", async () => {
  const tags = Array.from({ length: 12_000 }, (_, at) => `1.0.${at}`);
  hostile.registry.expect(tagsRequest, tagPage(tags));
  expect((await tagsFrom(hostile.open())).length).toBe(12_000);
});

it.each<[string, Reply]>([
  ["as ECR does", { status: 405, body: '{"errors":[{"code":"UNSUPPORTED","message":"n > 1000"}]}' }],
  [
    "as Docker's registry does",
    { status: 400, body: '{"errors":[{"code":"PAGINATION_NUMBER_INVALID","detail":{"n":1000}}]}' },
  ],
  ["by its status alone", { status: 422, body: "n too high" }],
])("case 8: asks for pages of 100 when a registry refuses 1,000 %s", async (_name, refusal) => {
  hostile.registry.expect(tagsRequest, refusal);
  hostile.registry.expect("GET /v2/app/tags/list?n=100", tagPage(["a"], "?n=100&last=a"));
  hostile.registry.expect("GET /v2/app/tags/list?n=100&last=a", tagPage(["b"]));
  expect(await tagsFrom(hostile.open())).toEqual(["a", "b"]);
});

describe("case 9: never takes for a list", () => {
  it.each<[string, Reply]>([
    ["a sign-in page", { headers: { "content-type": "text/html" }, body: "<html>Sign in</html>" }],
    [
      "a page that says it is JSON",
      { headers: { "content-type": "application/json" }, body: "<!doctype html>" },
    ],
    ["an empty body", { headers: { "content-type": "application/json" } }],
    ["a text of an abuse limit with 200", { body: "Too Many Requests (HAProxy)" }],
    ["an error in JSON with 200", { body: '{"errors":[{"code":"TOOMANYREQUESTS"}]}' }],
    ["tags of another type", { body: '{"name":"app","tags":"none"}' }],
    ["a number among the tags", { body: '{"name":"app","tags":["a",1]}' }],
    ["tags inside another object", { body: '{"name":"app","data":{"tags":["a"]}}' }],
    ["JSON that goes on after its end", { body: '{"tags":["a"]}{"tags":["b"]}' }],
    ["JSON that is cut", { body: '{"tags":["a","b"' }],
    ["a list alone", { body: '["a"]' }],
    ["no content", { status: 204 }],
    ["part of the content", { status: 206, body: '{"tags":["a"]}' }],
  ])("%s", async (_name, reply) => {
    hostile.registry.expect(tagsRequest, reply);
    await failureOf(() => tagsFrom(hostile.open()), "protocol");
  });

  it("a text 429", async () => {
    hostile.registry.expect(tagsRequest, { status: 429, body: "Too Many Requests" });
    await failureOf(() => tagsFrom(hostile.open()), "rate-limited");
  });

  it("a later page that is none", async () => {
    hostile.registry.expect(tagsRequest, tagPage(["a"], "?p=2"));
    hostile.registry.expect("GET /v2/app/tags/list?p=2", { body: "<html>" });
    await failureOf(() => tagsFrom(hostile.open()), "protocol");
  });
});

describe("case 11: a million tags", () => {
  it("take no more memory than their bytes and bounds", { timeout: 60_000 }, async () => {
    const perPage = 1000;
    const pages = 1000;
    const path = (page: number) => `?p=${page}`;
    const reply = (page: number) => (): Reply =>
      tagPage(
        Array.from({ length: perPage }, (_, at) => `1.${page}.${at}`),
        page + 1 < pages ? path(page + 1) : undefined,
      );
    hostile.registry.expect(tagsRequest, reply(0));
    for (let page = 1; page < pages; page++)
      hostile.registry.expect(`GET /v2/app/tags/list${path(page)}`, reply(page));
    const list = await hostile.open().listTags("app", never);
    expect(list.size).toBe(perPage * pages);
    const buffers = new Set(list.pages.flatMap(({ bytes, bounds }) => [bytes.buffer, bounds.buffer]));
    const kept = [...buffers].reduce((sum, { byteLength }) => sum + byteLength, 0);
    expect(kept).toBeLessThan(32 * 1024 * 1024);
  });

  it("are refused beyond 64 MiB, however they are paged", { timeout: 60_000 }, async () => {
    const large = JSON.stringify({ tags: Array.from({ length: 80_000 }, () => "x".repeat(128)) });
    const reply = (page: number) => (): Reply => ({
      body: large,
      headers: { link: `<?p=${page + 1}>; rel=next` },
    });
    hostile.registry.expect(tagsRequest, reply(0));
    for (let page = 1; page <= 6; page++)
      hostile.registry.expect(`GET /v2/app/tags/list?p=${page}`, reply(page));
    await failureOf(() => hostile.open().listTags("app", never), "too-large");
    expect(asked(hostile.registry, "tags").length).toBe(7);
  });
});

it("case 12: a tag that is added before the cursor while paging is found by the next listing", async () => {
  const tags = ["1.0.0", "1.1.0", "1.2.0"];
  const first = (): Reply => tagPage(tags.slice(0, -1), `?last=${tags.at(-2)}`);
  hostile.registry.expect(tagsRequest, first, () => tagPage(tags));
  hostile.registry.expect("GET /v2/app/tags/list?last=1.1.0", () => {
    const page = tagPage(tags.slice(-1));
    tags.splice(1, 0, "1.0.1");
    return page;
  });
  const client = hostile.open();
  expect(await tagsFrom(client)).toEqual(["1.0.0", "1.1.0", "1.2.0"]);
  expect(await tagsFrom(client)).toEqual(["1.0.0", "1.0.1", "1.1.0", "1.2.0"]);
});

it("beyond: a Link of which another relation comes first, or many, leads to the one that is next", async () => {
  hostile.registry.expect(tagsRequest, {
    ...tagPage(["a"]),
    headers: { link: `<${hostile.elsewhereOrigin}/x>; rel="prev last", <?p=2>; rel="last next"; rel=prev` },
  });
  hostile.registry.expect("GET /v2/app/tags/list?p=2", tagPage(["b"]));
  expect(await tagsFrom(hostile.open())).toEqual(["a", "b"]);
});

it("beyond: a Link of ten thousand entries is refused", async () => {
  hostile.registry.expect(tagsRequest, {
    ...tagPage(["a"]),
    headers: { link: Array(10_000).fill('<?p=2>; rel="prev"').join(", ") },
  });
  await failureOf(() => tagsFrom(hostile.open()), "protocol");
});

it("beyond: as many Links as headers may hold are read", async () => {
  hostile.registry.expect(tagsRequest, {
    ...tagPage(["a"]),
    headers: { link: [...Array(800).fill("<?p=9>;rel=prev"), "<?p=2>;rel=next"] },
  });
  hostile.registry.expect("GET /v2/app/tags/list?p=2", tagPage(["b"]));
  expect(await tagsFrom(hostile.open())).toEqual(["a", "b"]);
});

it("beyond: a listing that moves to another host is read there without the credential", async () => {
  const client = await hostile.signedIn();
  hostile.registry.expect(tagsRequest, {
    status: 307,
    headers: { location: `${hostile.elsewhereOrigin}/v2/app/tags/list` },
  });
  hostile.elsewhere.expect("GET /v2/app/tags/list", tagPage(["a"], "?p=2"));
  hostile.elsewhere.expect("GET /v2/app/tags/list?p=2", {
    status: 401,
    headers: { "www-authenticate": "Basic" },
  });
  await failureOf(() => tagsFrom(client), "unauthorized");
});

it("beyond: tags that repeat the same object's names are counted as they come", async () => {
  hostile.registry.expect(tagsRequest, { body: '{"tags":["__proto__","constructor","__proto__"]}' });
  const list = await hostile.open().listTags("app", never);
  expect([...tagsOf(list)]).toEqual(["__proto__", "constructor", "__proto__"]);
});
