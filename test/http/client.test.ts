import { randomBytes } from "node:crypto";
import type { ServerResponse } from "node:http";
import { gzipSync } from "node:zlib";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import {
  createHttpClient,
  type HttpClient,
  type HttpClientOptions,
  type HttpRequest,
} from "../../shared/http/client.ts";
import { parseHostRules } from "../../shared/http/host-rules.ts";
import { createReach } from "../../shared/http/reach.ts";
import { makeCertificate } from "../support/certificate.ts";
import { failureOf } from "../support/failures.ts";
import { type ScriptedServer, startScriptedServer } from "../support/scripted-server.ts";

const loopback = "http://127.0.0.1:*=127.0.0.0/8 http://rebinding.example:*=127.0.0.0/8";
const rules = parseHostRules(loopback);

function clientFor(
  origin: string,
  options: Partial<HttpClientOptions> & { readonly list?: string } = {},
): HttpClient {
  const { list, ...rest } = options;
  const own = list === undefined ? rules : parseHostRules(list);
  const url = new URL(origin);
  const rule = own.find(url.host);
  if (rule === undefined) throw new Error(`${url.host} is not in the list`);
  return createHttpClient({ reach: createReach({ origin: url, rule, rules: own }), ...rest });
}

let server: ScriptedServer;
let client: HttpClient;
beforeEach(async () => {
  server = await startScriptedServer();
  client = clientFor(server.origin);
});
afterEach(async () => {
  await client.close();
  await server.finish();
});

const get = (path: string, more: Partial<HttpRequest> = {}): HttpRequest => ({
  method: "GET",
  url: new URL(path, server.origin),
  maxBytes: 1000,
  signal: new AbortController().signal,
  ...more,
});

async function readAll(body: AsyncIterable<Uint8Array>): Promise<string> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of body) chunks.push(chunk);
  return Buffer.concat(chunks).toString();
}

/** Writes `piece` for as long as the client listens. */
function endlessly(response: ServerResponse, piece: Buffer): undefined {
  response.on("drain", more);
  more();
  function more(): void {
    while (!response.destroyed && response.write(piece));
  }
}

describe("a proper answer", () => {
  it("is given with its status, headers and body, whatever the status", async () => {
    server.expect("GET /x?a=%2F&b=1", {
      status: 418,
      headers: { "x-one": "1", "x-two": ["a", "b"] },
      body: "short",
    });
    const answer = await client.read(get("/x?a=%2F&b=1"));
    const headers = ["x-one", "x-two", "x-three"].map((name) => answer.header(name));
    expect([answer.status, ...headers]).toEqual([418, "1", "a, b", undefined]);
    expect(answer.body.toString()).toBe("short");
    expect(server.received[0]?.headers["accept-encoding"]).toBe("identity");
  });

  it("is streamed", async () => {
    server.expect("GET /x", { body: "streamed" });
    expect(await readAll((await client.stream(get("/x"))).body)).toBe("streamed");
  });

  it("sends what it is given", async () => {
    server.expect("PUT /x", { status: 201 });
    await client.read(get("/x", { method: "PUT", body: Buffer.from("bytes"), headers: { "x-own": "1" } }));
    const [received] = server.received;
    const sent = [received?.body.toString(), received?.headers["x-own"], received?.headers["content-length"]];
    expect(sent).toEqual(["bytes", "1", "5"]);
  });

  it("keeps the connection after HEAD", async () => {
    const single = clientFor(server.origin, { connections: 1 });
    server.always("HEAD /x", { headers: { "content-length": "77" } });
    for (let count = 0; count < 5; count++) {
      const answer = await single.read(get("/x", { method: "HEAD", maxBytes: 0 }));
      expect(answer.header("content-length")).toBe("77");
    }
    await single.close();
    expect(server.connections).toBe(1);
  });

  it("uses no more connections than it may", async () => {
    const few = clientFor(server.origin, { connections: 2 });
    server.always("GET /x", { body: "y" });
    await Promise.all(Array.from({ length: 20 }, () => few.read(get("/x"))));
    await few.close();
    expect(server.connections).toBe(2);
  });

  it("lets go of the connection of an answer that is discarded", async () => {
    server.expect("GET /x", (_request, response) => endlessly(response, Buffer.alloc(1000)));
    const answer = await client.stream(get("/x"));
    answer.discard();
    server.expect("GET /y", { body: "next" });
    expect((await client.read(get("/y"))).body.toString()).toBe("next");
  });

  it("tells the observer of each answer", async () => {
    const seen: unknown[] = [];
    const watched = clientFor(server.origin, { onRequest: (answer) => seen.push(answer) });
    server.expect("GET /x", { status: 404 });
    await watched.read(get("/x"));
    await watched.close();
    expect(seen).toEqual([{ method: "GET", origin: server.origin, status: 404 }]);
  });
});

describe("content encoding", () => {
  it("takes a gzip that it did not ask for", async () => {
    server.expect("GET /x", { headers: { "content-encoding": "gzip" }, body: gzipSync("unpacked") });
    expect((await client.read(get("/x"))).body.toString()).toBe("unpacked");
  });

  it("counts the unpacked bytes: at the limit it is taken, one over it is not", async () => {
    const reply = { headers: { "content-encoding": "gzip" }, body: gzipSync("12345") };
    server.expect("GET /x", reply, reply);
    expect((await client.read(get("/x", { maxBytes: 5 }))).body.toString()).toBe("12345");
    await failureOf(() => client.read(get("/x", { maxBytes: 4 })), "too-large");
  });

  it("cuts a gzip that is endless while it is still packed", async () => {
    server.expect("GET /x", (_request, response) => {
      response.writeHead(200, { "content-encoding": "gzip" });
      return endlessly(response, gzipSync(randomBytes(1000)));
    });
    await failureOf(() => client.read(get("/x", { maxBytes: 100_000 })), "too-large");
  });

  it("caps a gzip bomb on its decoded bytes", async () => {
    const bomb = gzipSync(Buffer.alloc(50_000_000));
    server.expect("GET /x", { headers: { "content-encoding": "gzip" }, body: bomb });
    await failureOf(() => client.read(get("/x", { maxBytes: 100_000 })), "too-large");
  });

  it.each([
    ["a stack of gzips", "gzip, gzip"],
    ["thousands of encodings", Array(2000).fill("gzip").join(",")],
    ["deflate", "deflate"],
    ["brotli", "br"],
    ["an unknown one", "x-evil"],
  ])("refuses %s", async (_name, encoding) => {
    server.expect("GET /x", { headers: { "content-encoding": encoding }, body: gzipSync("x") });
    await failureOf(() => client.read(get("/x")), "protocol");
  });

  it.each([
    ["that is none", Buffer.from("not gzip at all")],
    ["that ends early", gzipSync("a text of some length").subarray(0, 20)],
  ])("does not read a gzip %s", async (_name, body) => {
    server.expect("GET /x", { headers: { "content-encoding": "gzip" }, body });
    await failureOf(() => client.read(get("/x")), "protocol");
  });
});

describe("a body that does not end well", () => {
  it("is cut at the limit when it is endless", async () => {
    server.expect("GET /x", (_request, response) => endlessly(response, Buffer.alloc(10_000)));
    await failureOf(() => client.read(get("/x", { maxBytes: 1_000_000 })), "too-large");
  });

  it("is refused at one byte over the limit, and taken at the limit", async () => {
    server.expect("GET /x", { body: "12345" }, { body: "12345" });
    expect((await client.read(get("/x", { maxBytes: 5 }))).body.length).toBe(5);
    await failureOf(() => client.read(get("/x", { maxBytes: 4 })), "too-large");
  });

  it("is a network failure when it is shorter than announced", async () => {
    server.expect("GET /x", (_request, response) => {
      response.writeHead(200, { "content-length": "100" });
      response.write("only this", () => response.destroy());
      return undefined;
    });
    await failureOf(() => client.read(get("/x")), "network");
  });

  it("is a network failure when its chunks end early", async () => {
    server.expect("GET /x", (_request, response) => {
      response.writeHead(200, { "transfer-encoding": "chunked" });
      response.write("only this", () => response.destroy());
      return undefined;
    });
    await failureOf(() => client.read(get("/x")), "network");
  });

  it("meets the deadline when it drips", async () => {
    server.expect("GET /x", (_request, response) => {
      const timer = setInterval(() => response.write("."), 20);
      response.on("close", () => clearInterval(timer));
      return undefined;
    });
    const failure = await failureOf(() => client.read(get("/x", { deadlineMs: 200 })), "timeout");
    expect(failure.message).toContain("200 ms");
  });

  it("meets the deadline when it is streamed and drips", async () => {
    server.expect("GET /x", (_request, response) => {
      const timer = setInterval(() => response.write("."), 20);
      response.on("close", () => clearInterval(timer));
      return undefined;
    });
    const answer = await client.stream(get("/x", { deadlineMs: 200 }));
    await failureOf(() => readAll(answer.body), "timeout");
  });
});

describe("no answer", () => {
  it("meets the deadline while it waits for a connection, which it then leaves to others", async () => {
    const single = clientFor(server.origin, { connections: 1 });
    const { promise: asked, resolve: onAsked } = Promise.withResolvers<ServerResponse>();
    server.expect("GET /slow", (_request, response) => {
      onAsked(response);
      return undefined;
    });
    const slow = single.read(get("/slow"));
    const response = await asked;
    await failureOf(() => single.read(get("/never-asked", { deadlineMs: 50 })), "timeout");
    response.end("done");
    expect((await slow).body.toString()).toBe("done");
    server.expect("GET /x", { body: "next" });
    expect((await single.read(get("/x"))).body.toString()).toBe("next");
    await single.close();
  });

  it("meets the deadline", async () => {
    server.expect("GET /x", () => undefined);
    await failureOf(() => client.read(get("/x", { deadlineMs: 100 })), "timeout");
  });

  it.each([
    ["is canceled by its caller", new DOMException("stop", "AbortError"), "canceled"],
    ["runs into its caller's deadline", new DOMException("late", "TimeoutError"), "timeout"],
  ] as const)("%s", async (_name, reason, code) => {
    const controller = new AbortController();
    server.expect("GET /x", () => {
      controller.abort(reason);
      return undefined;
    });
    await failureOf(() => client.read(get("/x", { signal: controller.signal })), code);
  });

  it("is not even asked for once the caller has canceled", async () => {
    await failureOf(() => client.read(get("/x", { signal: AbortSignal.abort() })), "canceled");
  });

  it("is a network failure when the connection is cut", async () => {
    server.expect("GET /x", (_request, response) => {
      response.destroy();
      return undefined;
    });
    await failureOf(() => client.read(get("/x")), "network");
  });

  it("is a network failure when nobody listens", async () => {
    const gone = await startScriptedServer();
    await gone.finish();
    const lonely = clientFor(gone.origin);
    const failure = await failureOf(() => lonely.read(get("/x", { url: new URL(gone.origin) })), "network");
    expect(failure.message).toContain("nothing listens there");
    await lonely.close();
  });

  it("is a protocol failure when it is not HTTP", async () => {
    server.expect("GET /x", (_request, response) => {
      response.socket?.end("220 mail.example ESMTP\r\n");
      return undefined;
    });
    await failureOf(() => client.read(get("/x")), "protocol");
  });

  it("is a protocol failure when its headers have no end", async () => {
    server.expect("GET /x", (_request, response) => {
      response.socket?.write(`HTTP/1.1 200 OK\r\n${"x-much: 0123456789\r\n".repeat(5000)}`);
      return undefined;
    });
    await failureOf(() => client.read(get("/x")), "protocol");
  });
});

describe("where it may connect to", () => {
  it("blocks IP literals before any connection", async () => {
    await failureOf(() => client.read(get("/x", { url: new URL("http://10.0.0.1/x") })), "blocked");
  });

  it("blocks a URL with a user name in it, at a host that it is connected to", async () => {
    server.expect("GET /x", { body: "y" });
    await client.read(get("/x"));
    const url = new URL(`http://user:word@${server.host}/x`);
    await failureOf(() => client.read(get("/x", { url })), "blocked");
  });

  it("blocks a name that resolves to a private address", async () => {
    const fooled = clientFor("https://docker.io", { list: "docker.io", resolve: async () => ["127.0.0.1"] });
    const url = new URL(`https://docker.io:${server.port}/`);
    const failure = await failureOf(() => fooled.read(get("/", { url })), "blocked");
    expect(failure.message).toContain("docker.io leads to 127.0.0.1");
    await fooled.close();
    expect(server.connections).toBe(0);
  });

  it("connects to the very address that it checked", async () => {
    const answers = [["127.0.0.1"], ["10.0.0.1"]];
    const resolved = clientFor(`http://rebinding.example:${server.port}`, {
      resolve: async () => answers.shift() ?? [],
    });
    const url = new URL(`http://rebinding.example:${server.port}/x`);
    server.expect("GET /x", { body: "y" });
    expect((await resolved.read(get("/", { url }))).body.toString()).toBe("y");
    await resolved.close();
  });

  it("tells no query and no header in its failures", async () => {
    server.expect("GET /x?sig=secret", (_request, response) => {
      response.destroy();
      return undefined;
    });
    const request = get("/x?sig=secret", { headers: { authorization: "Bearer secret" } });
    const failure = await failureOf(() => client.read(request), "network");
    expect(JSON.stringify([failure.message, failure.context])).not.toContain("secret");
  });
});

describe("TLS", () => {
  it("is refused with an untrusted certificate, and taken with its CA", async () => {
    const certificate = await makeCertificate();
    const secure = await startScriptedServer(certificate);
    const list = `${secure.host}=127.0.0.0/8`;
    const wary = clientFor(secure.origin, { list });
    const failure = await failureOf(
      () => wary.read(get("/x", { url: new URL("/x", secure.origin) })),
      "blocked",
    );
    expect(failure.message).toContain("not trusted");

    const trusting = clientFor(secure.origin, { list, ca: certificate.cert });
    secure.expect("GET /x", { body: "hello" });
    expect((await trusting.read(get("/x", { url: new URL("/x", secure.origin) }))).body.toString()).toBe(
      "hello",
    );
    await Promise.all([wary.close(), trusting.close()]);
    await secure.finish();
  });

  it("never falls back to plain text", async () => {
    const list = `${server.host}=127.0.0.0/8`;
    const secure = clientFor(`https://${server.host}`, { list });
    await failureOf(() => secure.read(get("/x", { url: new URL(`https://${server.host}/x`) })), "protocol");
    await failureOf(() => secure.read(get("/x")), "blocked");
    await secure.close();
  });

  it("does not take a CA that is none", async () => {
    await failureOf(() => clientFor(server.origin, { ca: "-----BEGIN CERTIFICATE-----\nno\n" }), "invalid");
  });
});
