import { createHash, randomBytes } from "node:crypto";
import type { Socket } from "node:net";
import { afterEach, describe, expect, it } from "vitest";
import type { WireBounds } from "../../shared/http/agent.ts";
import { createHttpClient, type HttpClient, type HttpRequest } from "../../shared/http/client.ts";
import { parseHostRules } from "../../shared/http/host-rules.ts";
import { createReach } from "../../shared/http/reach.ts";
import type { FailureCode } from "../../shared/model/failure.ts";
import { failureOf } from "../support/failures.ts";
import { type RawServer, startRawServer } from "../support/raw-server.ts";

const opened: { close(): unknown }[] = [];
afterEach(async () => {
  for (const each of opened.splice(0)) await each.close();
});

async function serve(answer: (socket: Socket, head: string) => void): Promise<RawServer> {
  const server = await startRawServer(answer);
  opened.unshift(server);
  return server;
}

function clientOf(
  { port }: RawServer,
  wires: WireBounds | undefined = { bodies: 2, heads: 2, taken: 0 },
): HttpClient {
  const rules = parseHostRules("http://127.0.0.1:*=127.0.0.0/8");
  const origin = new URL(`http://127.0.0.1:${port}`);
  const rule = rules.find(origin.host);
  if (rule === undefined) throw new Error("the server is not in the list");
  const client = createHttpClient({
    reach: createReach({ origin, rule, rules }),
    ...(wires === undefined ? {} : { wires }),
  });
  opened.unshift(client);
  return client;
}

const get = ({ port }: RawServer, more: Partial<HttpRequest> = {}): HttpRequest => ({
  method: "GET",
  url: new URL(`http://127.0.0.1:${port}/blob`),
  maxBytes: 10_000_000,
  signal: new AbortController().signal,
  ...more,
});

const head = (server: RawServer): HttpRequest => get(server, { method: "HEAD", maxBytes: 0 });

const put = (server: RawServer, pieces: AsyncIterable<Uint8Array>, bytes: number): HttpRequest =>
  get(server, { method: "PUT", body: { pieces, bytes } });

async function sumOf(pieces: AsyncIterable<Uint8Array>): Promise<string> {
  const hash = createHash("sha256");
  for await (const piece of pieces) hash.update(piece);
  return hash.digest("hex");
}

const large = randomBytes(3_000_000);
const sum = createHash("sha256").update(large).digest("hex");
const ok = (body: Uint8Array | string, head = "HTTP/1.1 200 OK") =>
  Buffer.concat([Buffer.from(`${head}\r\ncontent-length: ${body.length}\r\n\r\n`), Buffer.from(body)]);

/** One buffer for all pieces, overwritten as soon as the next one is asked for. */
async function* reused(whole: Uint8Array, length = 100_000): AsyncGenerator<Uint8Array, void, undefined> {
  const buffer = Buffer.alloc(length);
  for (let at = 0; at < whole.length; at += length) {
    const part = whole.subarray(at, at + length);
    buffer.set(part);
    yield buffer.subarray(0, part.length);
    buffer.fill(0);
  }
}

describe.each<[string, WireBounds | undefined]>([
  ["over wires", { bodies: 2, heads: 2, taken: 0 }],
  ["by the ordinary client", { bodies: 0, heads: 0, taken: 0 }],
])("a body, %s,", (_way, wires) => {
  it("comes whole and in order", async () => {
    const server = await serve((socket) => socket.write(ok(large)));
    const answer = await clientOf(server, wires).stream(get(server));
    expect(answer.status).toBe(200);
    expect(await sumOf(answer.body)).toBe(sum);
  });

  it("comes whole to a slow reader, out of pieces of any size", async () => {
    const server = await serve((socket) => {
      const whole = ok(large);
      let at = 0;
      const more = () => {
        const length = 1 + ((at * 7919) % 300_000);
        if (at < whole.length) socket.write(whole.subarray(at, at + length), more);
        at += length;
      };
      more();
    });
    const answer = await clientOf(server, wires).stream(get(server));
    const hash = createHash("sha256");
    for await (const piece of answer.body) {
      await new Promise(setImmediate);
      hash.update(piece);
    }
    expect(hash.digest("hex")).toBe(sum);
  });

  it("goes out whole, although its pieces are overwritten", async () => {
    const server = await serve(() => {});
    const sending = clientOf(server, wires).read(put(server, reused(large), large.length));
    const end = "HTTP/1.1 201 Created\r\ncontent-length: 0\r\n\r\n";
    await expect.poll(() => server.received().length, { timeout: 10_000 }).toBeGreaterThan(large.length);
    expect(server.requests[0]).toContain(`content-length: ${large.length}`);
    const received = Buffer.from(server.received(), "latin1");
    const body = received.subarray(received.length - large.length);
    expect(createHash("sha256").update(body).digest("hex")).toBe(sum);
    server.write(end);
    expect((await sending).status).toBe(201);
  });

  it.each<[string, string, FailureCode]>([
    ["breaks off", "HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nabc", "network"],
    ["has no proper head", "HTTP/1.1 OK\r\n\r\n", "protocol"],
    [
      "is more than may be",
      `HTTP/1.1 200 OK\r\ncontent-length: 9999\r\n\r\n${"a".repeat(9999)}`,
      "too-large",
    ],
  ])("that %s is a failure", async (_name, text, code) => {
    const server = await serve((socket) => socket.end(text));
    const client = clientOf(server, wires);
    await failureOf(async () => sumOf((await client.stream(get(server, { maxBytes: 1000 }))).body), code);
  });

  it("ends with its maker's own failure", async () => {
    const server = await serve(() => {});
    async function* failing() {
      yield Buffer.from("abc");
      throw new Error("the source is gone");
    }
    const failure = await failureOf(
      () => clientOf(server, wires).read(put(server, failing(), 10)),
      "network",
    );
    expect((failure.cause as Error).message).toBe("the source is gone");
  });

  it("is not waited for beyond the deadline", async () => {
    const server = await serve((socket) => socket.write("HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nabc"));
    const answer = await clientOf(server, wires).stream(get(server, { deadlineMs: 100 }));
    await failureOf(() => sumOf(answer.body), "timeout");
  });

  it("is given up with its caller", async () => {
    const caller = new AbortController();
    const server = await serve(() => caller.abort());
    const client = clientOf(server, wires);
    await failureOf(() => client.stream(get(server, { signal: caller.signal })), "canceled");
  });

  it("stops when the other side has refused it already", async () => {
    const refusal = '{"errors":[{"code":"DENIED"}]}';
    const server = await serve((socket) => socket.write(ok(refusal, "HTTP/1.1 403 Forbidden")));
    const answer = await clientOf(server, wires).read(put(server, reused(large), large.length));
    expect([answer.status, answer.body.toString()]).toEqual([403, refusal]);
  });
});

describe("a HEAD over a wire", () => {
  it("has no body, whatever its headers say, and leaves the wire to the next", async () => {
    const server = await serve((socket) =>
      socket.write("HTTP/1.1 200 OK\r\ncontent-length: 7\r\nx-is: a\r\n\r\n"),
    );
    const client = clientOf(server);
    for (let at = 0; at < 3; at++) {
      const { status, header, body } = await client.read(head(server));
      expect([status, header("x-is"), body.length]).toEqual([200, "a", 0]);
    }
    expect([server.requests.length, server.connections]).toEqual([3, 1]);
  });

  it.each([
    ["is an older server's", "HTTP/1.0 200 OK\r\ncontent-length: 7\r\n\r\n"],
    [
      "comes after early hints",
      "HTTP/1.1 103 Early Hints\r\n\r\nHTTP/1.1 200 OK\r\ncontent-length: 7\r\n\r\n",
    ],
  ])("is left to the ordinary client where the answer %s", async (_name, answer) => {
    const server = await serve((socket) => socket.write(answer));
    const client = clientOf(server);
    for (let at = 0; at < 2; at++) expect((await client.read(head(server))).status).toBe(200);
    expect(server.requests.length).toBe(3);
  });

  it("whose answer brings a body all the same costs its connection", async () => {
    const server = await serve((socket) => socket.write(ok("abc")));
    const client = clientOf(server);
    for (let at = 0; at < 2; at++) expect((await client.read(head(server))).body.length).toBe(0);
    expect(server.connections).toBe(2);
  });

  it("waits for no body", async () => {
    const server = await serve((socket, head) => {
      if (!head.startsWith("GET")) socket.write(ok(""));
    });
    const client = clientOf(server, { bodies: 1, heads: 1, taken: 0 });
    const waiting = client.stream(get(server));
    expect((await client.read(head(server))).status).toBe(200);
    await client.close();
    await failureOf(() => waiting, "network");
  });
});

describe("wires", () => {
  it("are used again", async () => {
    const server = await serve((socket) => socket.write(ok("abc")));
    const client = clientOf(server);
    for (let at = 0; at < 3; at++) await sumOf((await client.stream(get(server))).body);
    expect([server.requests.length, server.connections]).toEqual([3, 1]);
  });

  it.each([
    ["was left in the middle", "HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nabc"],
    ["was to be closed", "HTTP/1.1 200 OK\r\nConnection: close\r\ncontent-length: 3\r\n\r\nabc"],
    ["brought more than it said", "HTTP/1.1 200 OK\r\ncontent-length: 3\r\n\r\nabcHTTP/1.1 200 OK"],
  ])("are not used again after a body that %s", async (name, answer) => {
    const server = await serve((socket) => socket.write(answer));
    const client = clientOf(server);
    for (let at = 0; at < 2; at++) {
      const { body } = await client.stream(get(server));
      for await (const _ of body) if (name.includes("middle")) break;
    }
    expect(server.connections).toBe(2);
  });

  it("that the other side has closed meanwhile cost one more try", async () => {
    const server: RawServer = await serve((socket) => {
      if (server.requests.length === 2) socket.destroy();
      else socket.write(ok("abc"));
    });
    const client = clientOf(server);
    for (let at = 0; at < 2; at++) await sumOf((await client.stream(get(server))).body);
    expect([server.requests.length, server.connections]).toEqual([3, 2]);
  });

  it("are no more than they may be, each way, and never wait for one another", async () => {
    let under = 0;
    const server = await serve((socket, head) => {
      under += 1;
      expect(under).toBeLessThanOrEqual(2);
      setImmediate(() => {
        under -= 1;
        socket.write(head.startsWith("GET") ? ok("abc") : ok("", "HTTP/1.1 201 Created"));
      });
    });
    const client = clientOf(server, { bodies: 1, heads: 1, taken: 0 });
    const held = await client.stream(get(server));
    const sent = Array.from({ length: 4 }, () => client.read(put(server, reused(Buffer.from("ab")), 2)));
    expect((await Promise.all(sent)).map(({ status }) => status)).toEqual([201, 201, 201, 201]);
    const leaving = new AbortController();
    const waiting = client.stream(get(server, { signal: leaving.signal }));
    leaving.abort();
    await failureOf(() => waiting, "canceled");
    await sumOf(held.body);
    await sumOf((await client.stream(get(server))).body);
    expect(server.connections).toBe(2);
  });

  it("leave what has no length to the ordinary client, from then on", async () => {
    const server = await serve((socket) =>
      socket.write("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n"),
    );
    const client = clientOf(server);
    const abc = createHash("sha256").update("abc").digest("hex");
    for (let at = 0; at < 2; at++) expect(await sumOf((await client.stream(get(server))).body)).toBe(abc);
    expect(server.requests.length).toBe(3);
  });

  it("tell an error whose body is not plain by its status", async () => {
    const server = await serve((socket) =>
      socket.write("HTTP/1.1 429 Slow down\r\ntransfer-encoding: chunked\r\n\r\n"),
    );
    const answer = await clientOf(server).stream(get(server));
    expect(answer.status).toBe(429);
    expect(server.requests.length).toBe(1);
  });

  it("go nowhere that the reach forbids", async () => {
    const server = await serve(() => {});
    const client = clientOf(server);
    const url = new URL("http://169.254.169.254/latest");
    await failureOf(() => client.stream(get(server, { url })), "blocked");
  });
});
