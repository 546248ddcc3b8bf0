import { describe, expect, it } from "vitest";
import { createProxies, parseProxy, parseProxyExceptions } from "../../shared/http/proxies.ts";
import { failureOf } from "../support/failures.ts";

describe("parseProxy", () => {
  it.each([
    ["a URL", "http://proxy.corp:3128", "http://proxy.corp:3128/", undefined],
    ["a host and port alone", "proxy.corp:3128", "http://proxy.corp:3128/", undefined],
    ["TLS", "https://proxy.corp", "https://proxy.corp/", undefined],
    ["IPv6", "http://[fd00::1]:3128/", "http://[fd00::1]:3128/", undefined],
    ["a login", "http://me:se%3Acret@proxy.corp:3128", "http://proxy.corp:3128/", "me:se:cret"],
    ["a user name alone", "http://me@proxy.corp", "http://proxy.corp/", "me:"],
    ["a login beyond ASCII", "http://j%C3%BCrgen:w%C3%B6rd@proxy.corp", "http://proxy.corp/", "jürgen:wörd"],
  ])("takes %s", (_name, text, url, login) => {
    const proxy = parseProxy(text);
    expect(proxy.url.href).toBe(url);
    const encoded = login === undefined ? undefined : `Basic ${Buffer.from(login).toString("base64")}`;
    expect(proxy.authorization).toBe(encoded);
  });

  it.each([
    ["SOCKS", "socks5://me:hunter2@proxy.corp:1080"],
    ["a path", "http://me:hunter2@proxy.corp/pac"],
    ["a query", "http://me:hunter2@proxy.corp/?x"],
    ["no host", "http://"],
    ["a stray percent sign", "http://me:hunter2%zz@proxy.corp"],
  ])("does not take %s, nor tells the password", async (_name, text) => {
    expect((await failureOf(() => parseProxy(text), "invalid")).message).not.toContain("hunter2");
  });
});

describe("parseProxyExceptions", () => {
  it.each([
    { list: "corp.example", straight: ["https://corp.example/", "https://a.b.corp.example:5000/"] },
    { list: ".corp.example", straight: ["https://a.corp.example/"], proxied: ["https://corp.example/"] },
    { list: "*.corp.example", straight: ["https://a.corp.example/"], proxied: ["https://corp.example/"] },
    { list: "corp.example", proxied: ["https://mycorp.example/", "https://corp.example.evil.example/"] },
    { list: "Corp.Example", straight: ["https://corp.example/"] },
    {
      list: "corp.example:5443",
      straight: ["https://corp.example:5443/"],
      proxied: ["https://corp.example/"],
    },
    { list: "corp.example:443", straight: ["https://corp.example/"], proxied: ["http://corp.example/"] },
    { list: "10.1.2.3", straight: ["https://10.1.2.3/"], proxied: ["https://10.1.2.30/"] },
    {
      list: "10.0.0.0/8",
      straight: ["https://10.9.9.9:5000/"],
      proxied: ["https://11.0.0.1/", "https://ten.example/"],
    },
    {
      list: "fd00::/8",
      straight: ["https://[fd12::1]/"],
      proxied: ["https://[fe80::1]/", "https://10.0.0.1/"],
    },
    { list: "fd00::1", straight: ["https://[fd00::1]:8443/"], proxied: ["https://[fd00::2]/"] },
    { list: "[fd00::1]:8443", straight: ["https://[fd00::1]:8443/"], proxied: ["https://[fd00::1]/"] },
    { list: "*", straight: ["https://anything.example/", "https://8.8.8.8/"] },
    { list: "a.example,b.example c.example", straight: ["https://b.example/", "https://c.example/"] },
    { list: "", proxied: ["https://a.example/"] },
  ])("$list", ({ list, straight = [], proxied = [] }) => {
    const except = parseProxyExceptions(list);
    expect(straight.filter((url) => !except(new URL(url)))).toEqual([]);
    expect(proxied.filter((url) => except(new URL(url)))).toEqual([]);
  });

  it.each(["<local>", "10.0.0.0/33", "a/8", "https://a.example", "a.example:port", "a b/8", "*.*"])(
    "refuses %s",
    async (list) => {
      expect((await failureOf(() => parseProxyExceptions(list), "invalid")).message).toContain("exception");
    },
  );
});

describe("createProxies", () => {
  const [secure, plain] = [parseProxy("secure.corp:1"), parseProxy("plain.corp:2")];
  const proxies = createProxies({ https: secure, http: plain, except: parseProxyExceptions("corp.example") });

  it.each([
    ["https", "https://ghcr.io/v2/", secure],
    ["http", "http://registry.example/v2/", plain],
    ["an exception", "https://corp.example/", undefined],
    ["localhost", "http://localhost:5000/", undefined],
    ["a name under localhost", "http://registry.localhost:5000/", undefined],
    ["loopback", "https://127.0.0.9:5000/", undefined],
    ["loopback in hex", "https://0x7f.1/", undefined],
    ["IPv6 loopback", "https://[::1]:5000/", undefined],
    ["mapped loopback", "https://[::ffff:127.0.0.1]/", undefined],
  ])("finds the proxy for %s", (_name, url, proxy) => {
    expect(proxies.find(new URL(url))).toBe(proxy);
  });

  it("has none where none is set", () => {
    const none = createProxies({ https: undefined, http: plain, except: () => false });
    expect(none.find(new URL("https://ghcr.io/"))).toBeUndefined();
  });
});
