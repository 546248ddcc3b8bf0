import { gzipSync } from "node:zlib";
import { afterEach, describe, expect, it } from "vitest";
import { createHttpClient } from "../../shared/http/client.ts";
import { parseHostRules } from "../../shared/http/host-rules.ts";
import { createReach } from "../../shared/http/reach.ts";
import { mediaTypes } from "../../shared/model/descriptor.ts";
import { digestOf } from "../../shared/model/digest.ts";
import type { FailureCode } from "../../shared/model/failure.ts";
import { failureOf } from "../support/failures.ts";
import { makeBlob } from "../support/images.ts";
import { endlessly, type RawServer, startRawServer } from "../support/raw-server.ts";
import { loopbackRegistries, never, user } from "../support/registries.ts";
import { type Answer, carries, type Reply } from "../support/scripted-server.ts";
import {
  asked,
  basicAuthorization,
  bearerToken,
  challenged,
  tagPage,
  tagsFrom,
  tagsRequest,
  useHostile,
} from "./hostile.ts";

const hostile = useHostile();
const raw: RawServer[] = [];
afterEach(async () => {
  await Promise.all(raw.splice(0).map((server) => server.close()));
});

async function rawServer(...parameters: Parameters<typeof startRawServer>): Promise<RawServer> {
  const server = await startRawServer(...parameters);
  raw.push(server);
  return server;
}

describe("case 28: a truncated body", () => {
  const truncated: Answer = (_request, response) => {
    response.writeHead(200, { "content-length": "1000" });
    response.write('{"tags":["a"', () => response.destroy());
    return undefined;
  };

  it("of a list is asked for again, and a second one fails", async () => {
    hostile.registry.expect(tagsRequest, truncated, tagPage(["a"]), truncated, truncated);
    const client = hostile.open();
    expect(await tagsFrom(client)).toEqual(["a"]);
    await failureOf(() => tagsFrom(client), "network");
  });

  it("in chunks is not taken for a whole one, although it is JSON", async () => {
    const cut: Answer = (_request, response) => {
      response.writeHead(200, { "transfer-encoding": "chunked" });
      response.write('{"tags":["a"]}', () => response.destroy());
      return undefined;
    };
    hostile.registry.expect(tagsRequest, cut, cut);
    await failureOf(() => tagsFrom(hostile.open()), "network");
  });
});

describe("case 29: an endless body", () => {
  it("of a manifest is cut at 4 MiB", async () => {
    const { registry } = hostile;
    registry.expect("GET /v2/app/manifests/1.0", (_request, response) => {
      response.writeHead(200, { "content-type": mediaTypes.ociManifest }).flushHeaders();
      if (response.socket !== null)
        endlessly(response.socket, Buffer.from(`1000\r\n${" ".repeat(4096)}\r\n`));
      return undefined;
    });
    await failureOf(() => hostile.open().getManifest("app", "1.0", never), "too-large");
  });

  it("of a blob is cut at the size that was promised", async () => {
    const blob = makeBlob("a".repeat(1000));
    // It is asked twice: what has no length is left to the ordinary client.
    hostile.registry.always(`GET /v2/app/blobs/${blob.descriptor.digest}`, (_request, response) => {
      response.writeHead(200).flushHeaders();
      if (response.socket !== null) endlessly(response.socket, Buffer.from(`3e8\r\n${"a".repeat(1000)}\r\n`));
      return undefined;
    });
    const read = async (): Promise<void> => {
      for await (const _ of await hostile.open().getBlob("app", blob.descriptor, { signal: never }));
    };
    expect(["too-large", "integrity"]).toContain((await caught(read)).code);
  });

  it("meets its deadline, although something always comes", async () => {
    const server = await rawServer((socket) => {
      socket.write("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n");
      const timer = setInterval(() => socket.write("1\r\n \r\n"), 10);
      socket.on("close", () => clearInterval(timer));
    });
    const failure = await failureOf(() => clientOf(server).read(request(server, 150)), "timeout");
    expect(failure.message).toContain("150 ms");
  });
});

describe("case 30: one byte after the other", () => {
  it.each<[string, (at: number) => string]>([
    ["within the status line", (at) => "HTTP/1.1 200 OK\r\n"[at] ?? "x"],
    ["within a header", (at) => "HTTP/1.1 200 OK\r\nx: "[at] ?? "x"],
    ["by early hints without end", () => "HTTP/1.1 103 Early Hints\r\n\r\n"],
  ])("%s meets the total deadline", async (_name, piece) => {
    const server = await rawServer((socket) => {
      let at = 0;
      const timer = setInterval(() => socket.write(piece(at++)), 10);
      socket.on("close", () => clearInterval(timer));
    });
    await failureOf(() => clientOf(server).read(request(server, 150)), "timeout");
  });

  it("ends with its caller's patience, through the registry's client", async () => {
    hostile.registry.expect(tagsRequest, (_request, response) => {
      const timer = setInterval(() => response.write(" "), 10);
      response.on("close", () => clearInterval(timer));
      return undefined;
    });
    await failureOf(() => tagsFrom(hostile.open(), AbortSignal.timeout(150)), "timeout");
  });
});

describe("case 31: a gzip bomb", () => {
  const bomb = gzipSync(Buffer.alloc(100_000_000, " "));
  const headers = { "content-encoding": "gzip", "content-type": mediaTypes.ociManifest };

  it("of a list is cut on its decoded bytes", async () => {
    hostile.registry.expect(tagsRequest, { headers, body: bomb });
    await failureOf(() => tagsFrom(hostile.open()), "too-large");
  });

  it("of a manifest is cut on its decoded bytes", async () => {
    hostile.registry.expect("GET /v2/app/manifests/1.0", { headers, body: bomb });
    await failureOf(() => hostile.open().getManifest("app", "1.0", never), "too-large");
  });
});

describe("case 32: Content-Encoding", () => {
  it.each([
    ["by thousands", Array(3000).fill("gzip").join(", ")],
    ["by hundreds", Array(300).fill("gzip").join(", ")],
    ["twice", "gzip, gzip"],
    ["of deflate", "deflate"],
    ["of brotli", "br"],
    ["of zstd", "zstd"],
  ])("%s is an error", async (_name, encoding) => {
    hostile.registry.expect(tagsRequest, {
      headers: { "content-encoding": encoding },
      body: gzipSync(gzipSync('{"tags":["a"]}')),
    });
    await failureOf(() => tagsFrom(hostile.open()), "protocol");
  });

  it("is undone once: a gzip within a gzip is no list", async () => {
    hostile.registry.expect(tagsRequest, {
      headers: { "content-encoding": "gzip" },
      body: gzipSync(gzipSync('{"tags":["a"]}')),
    });
    await failureOf(() => tagsFrom(hostile.open()), "protocol");
  });
});

describe("case 33: Retry-After", () => {
  const now = new Date("2026-11-24T12:00:00.000Z");
  const hour = 3_600_000;
  it.each<[string, string | undefined, number | undefined]>([
    ["in seconds", "7", 7000],
    ["as a date", "Tue, 24 Nov 2026 12:00:30 GMT", 30_000],
    ["as an ISO date", "2026-11-24T12:01:00Z", 60_000],
    ["as an epoch", String(now.getTime() / 1000 + 90), 90_000],
    ["as an epoch in milliseconds", String(now.getTime() + 90_000), 90_000],
    ["of a day is obeyed for an hour", "86400", hour],
    ["of all digits is obeyed for an hour", "9".repeat(16), hour],
    ["in the past is no wait", "Tue, 24 Nov 2026 11:00:00 GMT", 0],
    ["below zero is nonsense", "-5", undefined],
    ["in words is nonsense", "soon", undefined],
    ["as infinity is nonsense", "Infinity", undefined],
    ["in hexadecimal is nonsense", "0xff", undefined],
    ["of a day that is none is nonsense", "Tue, 99 Nov 2026 12:00:30 GMT", undefined],
    ["that is missing", undefined, undefined],
  ])("%s", async (_name, header, waitMs) => {
    hostile.registry.expect(tagsRequest, {
      status: 429,
      ...(header === undefined ? {} : { headers: { "retry-after": header } }),
    });
    const failure = await failureOf(() => tagsFrom(hostile.open({ now: () => now })), "rate-limited");
    expect(failure.retryAfterMs).toBe(waitMs);
  });
});

describe("case 34: a 401 in a loop", () => {
  it("is answered once by a password", async () => {
    hostile.registry.always(tagsRequest, challenged('Basic realm="x"'));
    await failureOf(() => tagsFrom(hostile.open()), "unauthorized");
    expect(asked(hostile.registry, "tags").length).toBe(2);
  });

  it("is answered once by a token, and once by a fresh one after it was good", async () => {
    const token = "/token?service=reg&scope=repository%3Aapp%3Apull";
    const bearer = (): Reply =>
      challenged(`Bearer realm="${hostile.origin}/token",service="reg",scope="repository:app:pull"`);
    hostile.registry.always(`GET ${token}`, {
      body: JSON.stringify({ token: bearerToken, expires_in: 300 }),
    });
    hostile.registry.expect(tagsRequest, bearer(), tagPage(["a"]));
    const client = hostile.open();
    await tagsFrom(client);
    hostile.registry.always(tagsRequest, bearer());
    await failureOf(() => tagsFrom(client), "unauthorized");
    expect([asked(hostile.registry, "tags").length, asked(hostile.registry, "token").length]).toEqual([4, 2]);
  });

  it("of the token service itself ends at once", async () => {
    const realm = `${hostile.origin}/token`;
    hostile.registry.expect(tagsRequest, challenged(`Bearer realm="${realm}"`));
    hostile.registry.expect(
      "GET /token?scope=repository%3Aapp%3Apull",
      challenged(`Bearer realm="${realm}"`),
    );
    await failureOf(() => tagsFrom(hostile.open()), "unauthorized");
  });
});

/** Hosts that lead into the network, as an attacker may write them; `PORT` is where somebody listens on loopback. */
const inward: readonly (readonly [string, string])[] = [
  ["link-local metadata", "169.254.169.254"],
  ["loopback", "127.0.0.1:PORT"],
  ["loopback elsewhere", "127.8.9.10:PORT"],
  ["10.0.0.0/8", "10.0.0.1"],
  ["172.16.0.0/12", "172.16.0.1"],
  ["192.168.0.0/16", "192.168.0.1"],
  ["carrier-grade NAT", "100.64.0.1"],
  ["Azure's platform address", "168.63.129.16"],
  ["any address", "0.0.0.0:PORT"],
  ["unique local IPv6", "[fd00::1]"],
  ["link-local IPv6", "[fe80::1]"],
  ["metadata over IPv6", "[fd00:ec2::254]"],
];
const spellings: readonly (readonly [string, string])[] = [
  ["one number", "2130706433:PORT"],
  ["hexadecimal", "0x7f.1:PORT"],
  ["one hexadecimal number", "0x7f000001:PORT"],
  ["octal", "0177.0.0.1:PORT"],
  ["two parts", "127.1:PORT"],
  ["a trailing dot", "127.0.0.1.:PORT"],
  ["full-width digits", "１２７.０.０.１:PORT"],
  ["percent signs", "%31%32%37.0.0.1:PORT"],
  ["an IPv4 address within IPv6", "[::ffff:127.0.0.1]:PORT"],
  ["the same in hexadecimal", "[::ffff:7f00:1]:PORT"],
  ["an IPv4-compatible address", "[::127.0.0.1]:PORT"],
  ["NAT64", "[64:ff9b::7f00:1]:PORT"],
  ["6to4", "[2002:7f00:1::]:PORT"],
  ["loopback over IPv6", "[::1]:PORT"],
  ["any address over IPv6", "[::]:PORT"],
  ["a name", "localhost:PORT"],
  ["a name with a trailing dot", "localhost.:PORT"],
  ["a name in capitals", "LOCALHOST:PORT"],
];
/** Where a registry may name a URL. Each leads the public registry `registry.example` to `url`. */
const leads: readonly (readonly [string, (url: string) => Promise<unknown>])[] = [
  [
    "a redirect",
    async (url) => {
      hostile.registry.expect("GET /v2/app/manifests/1.0", { status: 302, headers: { location: url } });
      await (await hostile.signedIn()).getManifest("app", "1.0", never);
    },
  ],
  [
    "a realm",
    async (url) => {
      hostile.registry.expect(tagsRequest, challenged(`Bearer realm="${url}",service="x"`));
      await tagsFrom(hostile.open());
    },
  ],
  [
    "a realm without a credential",
    async (url) => {
      hostile.registry.expect(tagsRequest, challenged(`Bearer realm="${url}",service="x"`));
      const registries = loopbackRegistries({ rules: leadRules, resolve: leadResolve });
      try {
        await tagsFrom(registries.open(hostile.host));
      } finally {
        await registries.close();
      }
    },
  ],
  [
    "a Link",
    async (url) => {
      hostile.registry.expect(tagsRequest, tagPage(["a"], url));
      await tagsFrom(await hostile.signedIn());
    },
  ],
  [
    "an upload's Location",
    async (url) => {
      hostile.registry.expect("POST /v2/app/blobs/uploads/", { status: 202, headers: { location: url } });
      const upload = await (await hostile.signedIn()).startUpload("app", never);
      await upload.write(Buffer.from("bytes"), never);
    },
  ],
];
// The registry is on loopback for the test's sake, by exactly its own name: nothing else may follow it there.
const leadRules = parseHostRules("http://registry.example:*=127.0.0.0/8");
const leadResolve = async (name: string) =>
  name === "registry.example" ? ["127.0.0.1"] : ["127.0.0.1", "::1"];

describe.each(leads)("%s", (_place, lead) => {
  it.each([
    ...inward.map(([name, host]) => ["case 35", name, host] as const),
    ...spellings.map(([name, host]) => ["case 36", name, host] as const),
  ])("%s: to %s (%s) is blocked", async (_case, _name, host) => {
    const trap = await rawServer();
    for (const scheme of ["https", "http"]) {
      const url = onTheWire(`${scheme}://${host.replace("PORT", String(trap.port))}/latest/meta-data?x=1`);
      const { code } = await caught(() => lead(url));
      // A URL that cannot be read at all leads nowhere either.
      expect([host, scheme, URL.canParse(url) ? "blocked" : "protocol"]).toEqual([host, scheme, code]);
    }
    expect([trap.connections, hostile.elsewhere.connections]).toEqual([0, 0]);
  });
});

describe("case 37: a resolver that changes its answer", () => {
  it("is asked again for each connection, and what it says then is what counts", async () => {
    const answers = [["93.184.215.14"], ["127.0.0.1"]];
    const trap = await rawServer();
    const rebinding = parseHostRules("rebinding.example:*, http://registry.example:*=127.0.0.0/8");
    const registries = loopbackRegistries({
      rules: rebinding,
      resolve: async () => answers.shift() ?? ["127.0.0.1"],
    });
    // The first answer is public and would pass any check that is made ahead of the connection.
    answers.shift();
    const client = registries.open(`rebinding.example:${trap.port}`, "env:ROBOT");
    const failure = await failureOf(() => tagsFrom(client), "blocked");
    expect(failure.message).toContain("127.0.0.1");
    await registries.close();
    expect(trap.connections).toBe(0);
  });

  it("that mixes private addresses among public ones leads to none of them", async () => {
    const trap = await rawServer();
    const looked: string[] = [];
    const registries = loopbackRegistries({
      rules: parseHostRules("rebinding.example:*"),
      resolve: async (name) => {
        looked.push(name);
        return ["::1", "127.0.0.1", "10.0.0.1", "::ffff:127.0.0.1"];
      },
    });
    await failureOf(() => tagsFrom(registries.open(`rebinding.example:${trap.port}`)), "blocked");
    await registries.close();
    expect([trap.connections, looked.length]).toEqual([0, 1]);
  });
});

describe("case 38: a realm on another host", () => {
  it.each<[string, () => string]>([
    ["that the allow-list has", () => `${hostile.elsewhereOrigin}/token`],
    ["whose name ends in the registry's", () => `http://xregistry.example:${hostile.elsewhere.port}/token`],
    ["below the registry's", () => `http://auth.registry.example:${hostile.elsewhere.port}/token`],
    ["with a trailing dot", () => `http://registry.example.:${hostile.registry.port}/token`],
    ["that looks like it (IDN)", () => `http://regıstry.example:${hostile.elsewhere.port}/token`],
    ["that names it as the user", () => `http://${hostile.host}@elsewhere.example/token`],
    ["with the registry's name in its path", () => `${hostile.elsewhereOrigin}/${hostile.host}/token`],
    ["that is Docker's", () => "https://auth.docker.io/token"],
  ])("%s gets no credential", async (_name, realm) => {
    hostile.registry.expect(tagsRequest, challenged(`Bearer realm="${onTheWire(realm())}",service="reg"`));
    await failureOf(() => tagsFrom(hostile.open()), "blocked");
    expect(hostile.elsewhere.connections).toBe(0);
  });

  it.each<[string, () => string]>([
    ["in capitals", () => `HTTP://REGISTRY.EXAMPLE:${hostile.registry.port}/token`],
    ["with a path that goes up", () => `${hostile.origin}/x/../token`],
    ["with a fragment", () => `${hostile.origin}/token#frag`],
  ])("that is the registry's own %s gets it", async (_name, realm) => {
    hostile.registry.expect(tagsRequest, challenged(`Bearer realm="${realm()}"`), tagPage(["a"]));
    hostile.registry.expect("GET /token?scope=repository%3Aapp%3Apull", {
      body: JSON.stringify({ token: bearerToken }),
    });
    expect(await tagsFrom(hostile.open())).toEqual(["a"]);
    const [, token, again] = hostile.registry.received;
    expect([token?.headers.authorization, again?.headers.authorization]).toEqual([
      basicAuthorization,
      `Bearer ${bearerToken}`,
    ]);
  });

  it("is asked without a credential when there is none to give", async () => {
    const registries = loopbackRegistries({
      rules: parseHostRules("http://registry.example:*=127.0.0.0/8 http://elsewhere.example:*=127.0.0.0/8"),
      resolve: async () => ["127.0.0.1"],
    });
    hostile.registry.expect(
      tagsRequest,
      challenged(`Bearer realm="${hostile.elsewhereOrigin}/token"`),
      tagPage(["a"]),
    );
    hostile.elsewhere.expect("GET /token?scope=repository%3Aapp%3Apull", { body: '{"token":"anonymous"}' });
    expect(await tagsFrom(registries.open(hostile.host))).toEqual(["a"]);
    expect(hostile.elsewhere.received[0]?.headers.authorization).toBeUndefined();
    await registries.close();
  });
});

describe("case 39: a realm", () => {
  it("with a user name in it is refused", async () => {
    hostile.registry.expect(tagsRequest, challenged(`Bearer realm="http://a:b@${hostile.host}/token"`));
    await failureOf(() => tagsFrom(hostile.open()), "blocked");
  });

  it.each([301, 302, 303, 307, 308])("that redirects by %i is refused, wherever to", async (status) => {
    for (const location of [`${hostile.elsewhereOrigin}/token`, "/token/elsewhere"]) {
      hostile.registry.expect(tagsRequest, challenged(`Bearer realm="${hostile.origin}/token"`));
      hostile.registry.expect("GET /token?scope=repository%3Aapp%3Apull", { status, headers: { location } });
      await failureOf(() => tagsFrom(hostile.open()), "blocked");
    }
    expect(hostile.elsewhere.connections).toBe(0);
  });
});

describe("case 40: an upload's Location on another origin", () => {
  it.each<[string, () => string]>([
    ["another host", () => `${hostile.elsewhereOrigin}/upload/1`],
    ["another port", () => `http://registry.example:${hostile.elsewhere.port}/upload/1`],
    ["another host without a scheme", () => `//elsewhere.example:${hostile.elsewhere.port}/upload/1`],
  ])("(%s) gets the bytes and no Authorization", async (_name, location) => {
    const client = await hostile.signedIn();
    hostile.registry.expect("POST /v2/app/blobs/uploads/", {
      status: 202,
      headers: { location: location() },
    });
    const digest = digestOf("bytes");
    hostile.elsewhere.expect("PATCH /upload/1", {
      status: 202,
      headers: { location: "/upload/2?state=s", range: "0-4" },
    });
    hostile.elsewhere.expect("GET /upload/2?state=s", {
      status: 204,
      headers: { location: "/upload/2?state=s", range: "0-4" },
    });
    hostile.elsewhere.expect(`PUT /upload/2?state=s&digest=${digest}`, challenged('Basic realm="give"'));
    const upload = await client.startUpload("app", never);
    await upload.write(Buffer.from("bytes"), never);
    await upload.resume(never);
    await failureOf(() => upload.commit(digest, never), "unauthorized");
    expect(hostile.elsewhere.received.map(({ headers }) => headers.authorization)).toEqual([
      undefined,
      undefined,
      undefined,
    ]);
  });

  it("gets a stream and no Authorization, and no 401 there brings it back", async () => {
    const client = await hostile.signedIn();
    const location = `${hostile.elsewhereOrigin}/upload/1`;
    hostile.registry.expect("POST /v2/app/blobs/uploads/", { status: 202, headers: { location } });
    const digest = digestOf("bytes");
    hostile.elsewhere.expect(`PUT /upload/1?digest=${digest}`, challenged('Basic realm="give"'));
    const upload = await client.startUpload("app", never);
    async function* pieces() {
      yield Buffer.from("by");
      yield Buffer.from("tes");
    }
    const body = { pieces: pieces(), bytes: 5 };
    await failureOf(() => upload.commit(digest, never, body), "unauthorized");
    expect(hostile.elsewhere.received.map(({ headers }) => headers.authorization)).toEqual([undefined]);
    expect(hostile.elsewhere.received[0]?.body.toString()).toBe("bytes");
  });
});

describe("case 41: a redirect across origins", () => {
  it.each<[string, () => string]>([
    ["another host", () => hostile.elsewhereOrigin],
    ["another port", () => `http://registry.example:${hostile.elsewhere.port}`],
  ])("(%s) goes on without Authorization, and no 401 there brings it back", async (_name, origin) => {
    const client = await hostile.signedIn();
    const blob = makeBlob("blob");
    const path = `/v2/app/blobs/${blob.descriptor.digest}`;
    hostile.registry.expect(`GET ${path}`, { status: 307, headers: { location: `${origin()}/cdn?sig=1` } });
    hostile.elsewhere.expect("GET /cdn?sig=1", challenged(`Basic realm="give"`));
    await failureOf(() => client.getBlob("app", blob.descriptor, { signal: never }), "unauthorized");
    expect(hostile.registry.received.at(-1)?.headers.authorization).toBe(basicAuthorization);
    expect(hostile.elsewhere.received[0]?.headers.authorization).toBeUndefined();
  });

  it("that comes back to the registry comes back without it", async () => {
    const client = await hostile.signedIn();
    hostile.registry.expect("GET /v2/app/manifests/1.0", {
      status: 302,
      headers: { location: `${hostile.elsewhereOrigin}/a` },
    });
    hostile.elsewhere.expect("GET /a", { status: 302, headers: { location: `${hostile.origin}/b` } });
    hostile.registry.expect("GET /b", { status: 404 });
    expect(await client.getManifest("app", "1.0", never)).toBeUndefined();
    expect(hostile.registry.received.at(-1)?.headers.authorization).toBeUndefined();
  });

  it.each([301, 302, 303, 307, 308])("of a write by %i is not followed at all", async (status) => {
    const client = await hostile.signedIn();
    hostile.registry.expect("POST /v2/app/blobs/uploads/", {
      status,
      headers: { location: `${hostile.elsewhereOrigin}/upload` },
    });
    await failureOf(() => client.startUpload("app", never), "blocked");
    expect(hostile.elsewhere.connections).toBe(0);
  });

  it("that has no end is given up", async () => {
    const client = await hostile.signedIn();
    hostile.registry.always("GET /v2/app/manifests/1.0", {
      status: 302,
      headers: { location: "/v2/app/manifests/1.0" },
    });
    await failureOf(() => client.getManifest("app", "1.0", never), "protocol");
    expect(asked(hostile.registry, "manifests").length).toBe(6);
  });
});

/** As node's server wants the bytes of a header: one character each. */
function onTheWire(text: string): string {
  return Buffer.from(text).toString("latin1");
}

function clientOf(server: RawServer) {
  const origin = new URL(`http://127.0.0.1:${server.port}`);
  const rules = parseHostRules("http://127.0.0.1:*=127.0.0.0/8");
  const rule = rules.find(origin.host);
  if (rule === undefined) throw new Error("the rules lack loopback");
  return createHttpClient({ reach: createReach({ origin, rule, rules }) });
}

function request(server: RawServer, deadlineMs: number) {
  const url = new URL(`http://127.0.0.1:${server.port}/x`);
  return { method: "GET", url, maxBytes: 1_000_000, deadlineMs, signal: never } as const;
}

async function caught(action: () => Promise<unknown>): Promise<{ code: FailureCode; message: string }> {
  try {
    await action();
  } catch (error) {
    if (error instanceof Error && "code" in error) {
      expect(carries(error.message, user.password)).toBe(false);
      return error as Error & { code: FailureCode };
    }
    throw error;
  }
  throw new Error("expected a failure, but it succeeded");
}
