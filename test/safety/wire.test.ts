import { gzipSync } from "node:zlib";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { ClosableRegistries } from "../../shared/auth/registries.ts";
import type { FailureCode } from "../../shared/model/failure.ts";
import { failureOf } from "../support/failures.ts";
import { makeBlob } from "../support/images.ts";
import { endlessly, type RawServer, startRawServer } from "../support/raw-server.ts";
import { loopbackRegistries, never, user } from "../support/registries.ts";
import type { Reply } from "../support/scripted-server.ts";
import { bearerToken, challenged, tagPage, tagsFrom, tagsRequest, useHostile } from "./hostile.ts";

// Faults that the list of known ones does not name, found by thinking on: HTTP itself, errors, tokens.

const list = '{"tags":["a"]}';
const ok = "HTTP/1.1 200 OK\r\n";
const whole = `${ok}Content-Length: ${list.length}\r\n\r\n${list}`;

describe("beyond: an answer", () => {
  let server: RawServer | undefined;
  let registries: ClosableRegistries;
  beforeEach(() => {
    registries = loopbackRegistries();
  });
  afterEach(async () => {
    await registries.close();
    await server?.close();
  });

  async function answering(bytes: string): Promise<() => Promise<string[]>> {
    const started = await startRawServer((socket) => void socket.write(bytes));
    server = started;
    return () =>
      tagsFrom(registries.open(`127.0.0.1:${started.port}`, "env:ROBOT"), AbortSignal.timeout(5000));
  }

  it.each<[string, string]>([
    ["of HTTP/0.9", list],
    ["with two lengths", `${ok}Content-Length: 14\r\nContent-Length: 15\r\n\r\n${list}`],
    [
      "with a length and chunks",
      `${ok}Content-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\ne\r\n${list}\r\n0\r\n\r\n`,
    ],
    ["with a length below zero", `${ok}Content-Length: -1\r\n\r\n${list}`],
    ["with a length in words", `${ok}Content-Length: fourteen\r\n\r\n${list}`],
    ["of status 0", `HTTP/1.1 0 OK\r\nContent-Length: 14\r\n\r\n${list}`],
    ["of status 999", `HTTP/1.1 999 OK\r\nContent-Length: 14\r\n\r\n${list}`],
    ["of status 600", `HTTP/1.1 600 OK\r\nContent-Length: 14\r\n\r\n${list}`],
    ["of four digits", `HTTP/1.1 2000 OK\r\nContent-Length: 14\r\n\r\n${list}`],
    [
      "with a chunk beyond all numbers",
      `${ok}Transfer-Encoding: chunked\r\n\r\nfffffffffffffffff\r\n${list}`,
    ],
    ["with a blank before the colon", `${ok}Link : </x>; rel=next\r\nContent-Length: 14\r\n\r\n${list}`],
    ["with a folded header", `${ok}Link: </x>;\r\n rel=next\r\nContent-Length: 14\r\n\r\n${list}`],
    ["with a NUL in a header", `${ok}Link: </x\0>; rel=next\r\nContent-Length: 14\r\n\r\n${list}`],
    ["with headers beyond 16 KB", `${ok}WWW-Authenticate: Basic realm="${"x".repeat(100_000)}"\r\n\r\n`],
    ["of another program", "220 mail.example ESMTP\r\n"],
  ])("%s is refused", async (_name, bytes) => {
    await failureOf(await answering(bytes), "protocol");
  });

  it.each([
    ["after a flood of 100 Continue", "HTTP/1.1 100 Continue\r\n\r\n".repeat(10_000) + whole],
    [
      "in another protocol",
      "HTTP/1.1 101 Switching Protocols\r\nUpgrade: h2c\r\nConnection: Upgrade\r\n\r\n",
    ],
  ])("%s is none", async (_name, bytes) => {
    await failureOf(await answering(bytes), "network");
  });

  it.each<[string, string]>([
    ["with a header named __proto__", whole.replace("\r\n", "\r\n__proto__: x\r\n__proto__: y\r\n")],
    ["with a header named constructor", whole.replace("\r\n", "\r\nconstructor: x\r\nconstructor: y\r\n")],
    [
      "after a flood of early hints",
      "HTTP/1.1 103 Early Hints\r\nLink: </x>; rel=next\r\n\r\n".repeat(10_000) + whole,
    ],
    [
      "whose trailers name another page",
      `${ok}Transfer-Encoding: chunked\r\n\r\ne\r\n${list}\r\n0\r\nLink: </x>; rel=next\r\n\r\n`,
    ],
    ["with chunk extensions", `${ok}Transfer-Encoding: chunked\r\n\r\ne;a="b"\r\n${list}\r\n0\r\n\r\n`],
    ["with cookies", whole.replace("\r\n", "\r\nSet-Cookie: id=1; Domain=example; Path=/\r\n")],
  ])("%s is read for what it is", async (_name, bytes) => {
    const listing = await answering(bytes);
    expect([await listing(), await listing()]).toEqual([["a"], ["a"]]);
    expect(server?.received()).not.toMatch(/cookie/i);
  });

  it("behind another one on the same connection answers nothing", async () => {
    const listing = await answering(whole + whole.replace('"a"', '"b"'));
    expect([await listing(), await listing()]).toEqual([["a"], ["a"]]);
  });
});

describe("beyond: an error", () => {
  const hostile = useHostile();
  const half: (reply: Reply) => Parameters<typeof hostile.registry.expect>[1] =
    ({ status = 500, headers = {} }) =>
    (_request, response) => {
      const plain = Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, String(value)]));
      response.writeHead(status, { ...plain, "content-length": "1000" });
      response.write("Too many", () => response.destroy());
      return undefined;
    };
  const limit = { status: 429, headers: { "retry-after": "7" } };

  const verbs: readonly (readonly [string, string, () => Promise<unknown>])[] = [
    ["a list", tagsRequest, async () => tagsFrom(hostile.open())],
    ["a manifest", "GET /v2/app/manifests/1.0", async () => hostile.open().getManifest("app", "1.0", never)],
    [
      "a blob",
      `GET /v2/app/blobs/${makeBlob("x").descriptor.digest}`,
      async () => hostile.open().getBlob("app", makeBlob("x").descriptor, { signal: never }),
    ],
  ];

  describe.each(verbs)("at %s", (_verb, request, read) => {
    it.each<[string, () => Parameters<typeof hostile.registry.expect>[1]]>([
      ["30 MB", () => ({ ...limit, body: Buffer.alloc(30_000_000, "x") })],
      ["half a page", () => half(limit)],
      [
        "an encoding that we did not ask for",
        () => ({ ...limit, headers: { ...limit.headers, "content-encoding": "br" }, body: "xx" }),
      ],
      [
        "a gzip that is none",
        () => ({ ...limit, headers: { ...limit.headers, "content-encoding": "gzip" }, body: "xx" }),
      ],
      [
        "a gzip bomb",
        () => ({
          ...limit,
          headers: { ...limit.headers, "content-encoding": "gzip" },
          body: gzipSync(Buffer.alloc(50_000_000)),
        }),
      ],
      [
        "an endless body",
        () => (_request, response) => {
          response.writeHead(429, { "retry-after": "7" }).flushHeaders();
          if (response.socket !== null)
            endlessly(response.socket, Buffer.from(`1000\r\n${"x".repeat(4096)}\r\n`));
          return undefined;
        },
      ],
    ])("with %s is still the limit that it is", async (_name, reply) => {
      hostile.registry.expect(request, reply());
      expect((await failureOf(read, "rate-limited")).retryAfterMs).toBe(7000);
    });
  });

  it("of the token service with 30 MB is still what it is", async () => {
    hostile.registry.expect(tagsRequest, challenged(`Bearer realm="${hostile.origin}/token"`));
    hostile.registry.expect("GET /token?scope=repository%3Aapp%3Apull", {
      status: 503,
      body: Buffer.alloc(30_000_000, "x"),
    });
    await failureOf(() => tagsFrom(hostile.open()), "unavailable");
  });

  it("quotes nothing of what the other side writes", async () => {
    hostile.registry.expect(tagsRequest, {
      status: 403,
      body: JSON.stringify({
        errors: [{ code: `DENIED<script>${user.password}`, message: "call 555-0100" }],
      }),
    });
    const failure = await failureOf(() => tagsFrom(hostile.open()), "forbidden");
    expect(JSON.stringify([failure.message, failure.context])).not.toMatch(/script|555|tr0ub/);
  });
});

describe("beyond: a token", () => {
  const hostile = useHostile();
  const tokenRequest = "GET /token?scope=repository%3Aapp%3Apull";
  const ask = (): void => {
    hostile.registry.expect(tagsRequest, challenged(`Bearer realm="${hostile.origin}/token"`));
  };

  it.each<[string, string, FailureCode]>([
    ["with a line break", JSON.stringify({ token: "a\r\nx-evil: 1" }), "protocol"],
    ["with a blank", JSON.stringify({ token: "a b" }), "protocol"],
    ["beyond ASCII", JSON.stringify({ token: "töken" }), "protocol"],
    ["beyond any header", JSON.stringify({ token: "x".repeat(200_000) }), "protocol"],
    ["beyond any answer", JSON.stringify({ token: "x".repeat(300_000) }), "too-large"],
    ["that is a list", JSON.stringify({ token: ["x"] }), "protocol"],
    ["twice", '{"token":"a","token":"b"}', "protocol"],
    ["by a prototype", '{"__proto__":{"token":"x"}}', "protocol"],
    ["beside a prototype", '{"token":"x","__proto__":{}}', "protocol"],
    ["in an answer nested without end", `{"token":"x","a":${"[".repeat(100_000)}`, "protocol"],
    ["in a list", '[{"token":"x"}]', "protocol"],
  ])("%s is not used", async (_name, body, code) => {
    ask();
    hostile.registry.expect(tokenRequest, { body });
    await failureOf(() => tagsFrom(hostile.open()), code);
    expect(hostile.registry.received.length).toBe(2);
  });

  it.each<[string, string, number]>([
    ["is negative", "-1", 2],
    ["is nothing", "0", 2],
    ["is no number", '"soon"', 2],
    ["is a list", "[]", 2],
    ["is an object", "{}", 2],
    ["is true", "true", 2],
    ["is beyond all numbers", "1e999", 1],
    ["is beyond all time", "1e300", 1],
    ["is as usual", "300", 1],
    ["is text", '"300"', 1],
  ])("whose expires_in %s is used, and kept no longer than it may", async (_name, life, tokens) => {
    ask();
    hostile.registry.always(tokenRequest, { body: `{"token":"${bearerToken}","expires_in":${life}}` });
    hostile.registry.expect(tagsRequest, tagPage(["a"]), tagPage(["b"]));
    let now = Date.parse("2026-11-24T12:00:00Z");
    const client = hostile.open({ now: () => new Date(now) });
    await tagsFrom(client);
    now += 1000;
    await tagsFrom(client);
    expect(hostile.registry.received.filter(({ path }) => path.startsWith("/token")).length).toBe(tokens);
  });

  it("that is said to live for ever is asked for anew after a 401, once", async () => {
    ask();
    hostile.registry.always(tokenRequest, { body: `{"token":"${bearerToken}","expires_in":1e300}` });
    hostile.registry.expect(
      tagsRequest,
      tagPage(["a"]),
      challenged(`Bearer realm="${hostile.origin}/token"`),
      tagPage(["b"]),
    );
    const client = hostile.open();
    await tagsFrom(client);
    expect(await tagsFrom(client)).toEqual(["b"]);
  });

  it("for scopes that a challenge makes up is asked for with our own beside them, at the same place", async () => {
    hostile.registry.expect(
      tagsRequest,
      challenged(`Bearer realm="${hostile.origin}/token",scope="registry:catalog:* repository:other:push"`),
      tagPage(["a"]),
    );
    hostile.registry.expect(`${tokenRequest}&scope=registry%3Acatalog%3A*&scope=repository%3Aother%3Apush`, {
      body: JSON.stringify({ token: bearerToken }),
    });
    expect(await tagsFrom(hostile.open())).toEqual(["a"]);
  });

  it.each<[string, string]>([
    ["of 100 KB", `Bearer realm="http://x/",scope="${"a".repeat(100_000)}"`],
    ["whose scope is beyond bounds", `Bearer realm="http://x/",scope="${"a".repeat(2000)}"`],
    ["with a realm twice", 'Bearer realm="http://x/",realm="http://y/"'],
    ["that does not end", 'Bearer realm="http://x/'],
    ["of signs alone", '=,="",="'],
  ])("challenge %s is refused", async (_name, header) => {
    hostile.registry.expect(tagsRequest, challenged(header));
    await failureOf(() => tagsFrom(hostile.open()), "protocol");
  });
});
