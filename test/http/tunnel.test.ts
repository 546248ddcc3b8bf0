import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { createHttpClient, type HttpClient, type HttpRequest } from "../../shared/http/client.ts";
import { parseHostRules } from "../../shared/http/host-rules.ts";
import { createProxies, parseProxy, parseProxyExceptions } from "../../shared/http/proxies.ts";
import { createReach } from "../../shared/http/reach.ts";
import type { FailureCode } from "../../shared/model/failure.ts";
import { type Certificate, makeCertificate } from "../support/certificate.ts";
import { type ConnectProxy, type ConnectProxyOptions, startConnectProxy } from "../support/connect-proxy.ts";
import { failureOf } from "../support/failures.ts";
import { never } from "../support/registries.ts";
import { type ScriptedServer, startScriptedServer } from "../support/scripted-server.ts";

let certificate: Certificate;
let server: ScriptedServer;
let proxy: ConnectProxy;
let client: HttpClient;
const started: ConnectProxy[] = [];

beforeEach(async () => {
  certificate = await makeCertificate("registry.corp");
  server = await startScriptedServer(certificate);
});
afterEach(async () => {
  await client.close();
  for (const each of started.splice(0)) await each.stop();
  await server.finish();
});

async function through(
  options: ConnectProxyOptions = {},
  { login = "", list = `registry.corp:${server.port}`, except = "" } = {},
): Promise<void> {
  proxy = await startConnectProxy(options);
  started.push(proxy);
  const parsed = parseProxy(proxy.origin.replace("//", `//${login}`));
  const rules = parseHostRules(list);
  const rule = rules.find(`registry.corp:${server.port}`);
  if (rule === undefined) throw new Error("not in the list");
  client = createHttpClient({
    reach: createReach({ origin: new URL(`${rule.scheme}://registry.corp:${server.port}`), rule, rules }),
    connections: 1,
    ca: certificate.cert,
    proxies: createProxies({ https: parsed, http: parsed, except: parseProxyExceptions(except) }),
    resolve: async () => ["127.0.0.1"],
  });
}

const get = (url = `https://registry.corp:${server.port}/x`): HttpRequest => ({
  method: "GET",
  url: new URL(url),
  headers: { authorization: "Bearer tr0ub4dor" },
  maxBytes: 1000,
  signal: never,
});

describe("a proxy", () => {
  it("sees the host and port alone, and TLS is spoken with the origin", async () => {
    await through();
    server.always("GET /x", { body: "hello" });
    expect((await client.read(get())).body.toString()).toBe("hello");
    expect((await client.read(get())).body.toString()).toBe("hello");
    expect(proxy.tunnels.map(({ authority }) => authority)).toEqual([`registry.corp:${server.port}`]);
    const [tunnel] = proxy.tunnels;
    expect(Object.keys(tunnel?.headers ?? {}).sort()).toEqual(["connection", "host", "user-agent"]);
    // A TLS record of type 22, a handshake; nothing of the request is legible.
    expect(tunnel?.sent.charCodeAt(0)).toBe(22);
    expect(tunnel?.sent).not.toMatch(/tr0ub4dor|GET/);
    expect(proxy.others).toEqual([]);
    expect(server.received.map(({ headers }) => headers.authorization)).toEqual([
      "Bearer tr0ub4dor",
      "Bearer tr0ub4dor",
    ]);
  });

  it("gets its own login, which the origin never sees", async () => {
    await through({}, { login: "me:pr0xy@" });
    server.expect("GET /x", { body: "hello" });
    await client.read(get());
    const expected = `Basic ${Buffer.from("me:pr0xy").toString("base64")}`;
    expect(proxy.tunnels[0]?.headers["proxy-authorization"]).toBe(expected);
    expect(JSON.stringify(server.received[0]?.headers)).not.toMatch(/proxy|pr0xy|bWU6/i);
  });

  it("is reached by TLS too", async () => {
    await through({ tls: certificate });
    server.expect("GET /x", { body: "hello" });
    expect((await client.read(get())).body.toString()).toBe("hello");
    expect(proxy.tunnels).toHaveLength(1);
  });

  it("is not trusted with another certificate", async () => {
    await through({ tls: await makeCertificate() });
    expect((await failureOf(() => client.read(get()), "blocked")).message).toContain("through the proxy");
  });

  it("cannot stand in for the origin", async () => {
    const other = await startScriptedServer(await makeCertificate("registry.corp"));
    await through({}, { list: `registry.corp:${server.port} registry.corp:${other.port}` });
    const url = `https://registry.corp:${other.port}/x`;
    await failureOf(() => client.read(get(url)), "blocked");
    expect(other.received).toEqual([]);
    await other.finish();
  });

  it("is not offered the client certificate that the origin demands", async () => {
    const mine = await makeCertificate("me.corp");
    const asking = await startScriptedServer({
      ...certificate,
      requestCert: true,
      rejectUnauthorized: true,
      ca: [mine.cert],
    });
    const host = `registry.corp:${asking.port}`;
    proxy = await startConnectProxy({
      tls: { ...certificate, requestCert: true, rejectUnauthorized: false },
    });
    started.push(proxy);
    const rules = parseHostRules(host);
    const rule = rules.find(host);
    if (rule === undefined) throw new Error("not in the list");
    client = createHttpClient({
      reach: createReach({ origin: new URL(`https://${host}`), rule, rules }),
      ca: certificate.cert,
      clientCertificates: new Map([
        [host, mine],
        [proxy.host, mine],
      ]),
      proxies: createProxies({ https: parseProxy(proxy.origin), http: undefined, except: () => false }),
    });
    asking.expect("GET /x", { body: "hello" });
    expect((await client.read(get(`https://${host}/x`))).body.toString()).toBe("hello");
    expect([asking.offered, proxy.offered]).toEqual([["me.corp"], ["none"]]);
    await asking.finish();
  });

  it("tunnels plain http as well", async () => {
    const plain = await startScriptedServer();
    const server80 = `registry.corp:${plain.port}`;
    proxy = await startConnectProxy();
    started.push(proxy);
    const rules = parseHostRules(`http://${server80}`);
    const rule = rules.find(server80);
    if (rule === undefined) throw new Error("not in the list");
    client = createHttpClient({
      reach: createReach({ origin: new URL(`http://${server80}`), rule, rules }),
      proxies: createProxies({ https: undefined, http: parseProxy(proxy.host), except: () => false }),
    });
    plain.expect("GET /x", { body: "plain" });
    expect((await client.read(get(`http://${server80}/x`))).body.toString()).toBe("plain");
    expect([proxy.tunnels.length, proxy.others]).toEqual([1, []]);
    await plain.finish();
  });

  it("is passed by for exceptions", async () => {
    const list = `registry.corp:${server.port}=127.0.0.0/8`;
    await through({}, { except: `registry.corp:${server.port}`, list });
    server.expect("GET /x", { body: "straight" });
    expect((await client.read(get())).body.toString()).toBe("straight");
    expect(proxy.tunnels).toEqual([]);
  });

  it.each<[string, ConnectProxyOptions, FailureCode, string]>([
    [
      "wants a login",
      { refuse: "407 Proxy Authentication Required" },
      "forbidden",
      "user name and a password",
    ],
    ["refuses the host", { refuse: "403 Forbidden" }, "forbidden", "must let this host through"],
    ["redirects", { refuse: "302 Found\r\nlocation: http://evil.example/" }, "forbidden", "says 302"],
    ["finds no way", { refuse: "502 Bad Gateway" }, "unavailable", "says 502"],
    ["speaks before it is asked", { chatter: "HTTP/1.1 200 OK\r\n" }, "protocol", "something of its own"],
  ])("that %s is told of", async (_name, options, code, says) => {
    await through(options, { login: "me:pr0xy@" });
    const failure = await failureOf(() => client.read(get()), code);
    expect(failure.message).toContain(`CONNECT registry.corp:${server.port} through the proxy ${proxy.host}`);
    expect(failure.message).toContain(says);
    expect(JSON.stringify([failure.message, failure.context])).not.toMatch(/pr0xy|bWU6|tr0ub4dor/);
    expect(server.received).toEqual([]);
  });

  it("that is gone is told of", async () => {
    await through();
    await proxy.stop();
    expect((await failureOf(() => client.read(get()), "network")).message).toContain("nothing listens there");
  });

  it("that never answers does not hold a request beyond its deadline", async () => {
    await through({ mute: true });
    await failureOf(() => client.read({ ...get(), deadlineMs: 100 }), "timeout");
  });

  it.each([
    ["the metadata service", "https://169.254.169.254/latest"],
    ["loopback", "https://127.0.0.1:9/"],
    ["loopback as one number", "https://2130706433/"],
    ["loopback in hex", "https://0x7f.1/"],
    ["mapped loopback", "https://[::ffff:127.0.0.1]/"],
    ["unique local", "https://[fd00::1]/"],
    ["RFC 1918", "https://10.1.2.3/"],
    ["plain http", "http://cdn.example/"],
  ])("is not asked for %s", async (_name, url) => {
    await through();
    await failureOf(() => client.read(get(url)), "blocked");
    expect(proxy.tunnels).toEqual([]);
  });

  it("does not open a way to this machine by its name", async () => {
    await through();
    await failureOf(() => client.read(get(`https://localhost:${server.port}/`)), "blocked");
    expect(proxy.tunnels).toEqual([]);
  });
});
