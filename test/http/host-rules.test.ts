import { describe, expect, it } from "vitest";
import { parseHostRules } from "../../shared/http/host-rules.ts";
import { failureOf } from "../support/failures.ts";

const shown = (list: string, host: string) => {
  const rule = parseHostRules(list).find(host);
  if (rule === undefined) return undefined;
  const ranges = rule.addresses?.rules.join("+").replaceAll("Subnet: ", "");
  return `${rule.scheme}://${rule.hostname}:${rule.port}${ranges === undefined ? "" : `=${ranges}`}`;
};

describe("parseHostRules", () => {
  it.each<[string, string, string, string | undefined]>([
    ["an empty list", "", "docker.io", undefined],
    ["a host", "docker.io", "docker.io", "https://docker.io:443"],
    ["another name of a host", "registry-1.docker.io", "docker.io", "https://docker.io:443"],
    ["a host with the default port", "ghcr.io", "ghcr.io:443", "https://ghcr.io:443"],
    ["a host in capitals", "GHCR.io", "ghcr.io", "https://ghcr.io:443"],
    ["another host", "docker.io", "ghcr.io", undefined],
    ["a name that ends alike", "docker.io", "evildocker.io", undefined],
    ["a name that begins alike", "docker.io", "docker.io.evil.example", undefined],
    ["another port", "ghcr.io", "ghcr.io:8443", undefined],
    ["a port", "registry.corp:5443", "registry.corp:5443", "https://registry.corp:5443"],
    ["no port where one is due", "registry.corp:5443", "registry.corp", undefined],
    ["http by default on port 80", "http://registry.corp", "registry.corp", "http://registry.corp:80"],
    ["https on port 80, asked without port", "registry.corp:80", "registry.corp", undefined],
    ["http, asked with port 443", "http://registry.corp", "registry.corp:443", undefined],
    ["a range", "registry.corp=10.0.0.0/8", "registry.corp", "https://registry.corp:443=IPv4 10.0.0.0/8"],
    [
      "two ranges",
      "registry.corp=10.1.0.0/16+fd00::/8",
      "registry.corp",
      "https://registry.corp:443=IPv6 fd00::/8+IPv4 10.1.0.0/16",
    ],
    ["one address", "registry.corp=10.1.2.3", "registry.corp", "https://registry.corp:443=IPv4 10.1.2.3/32"],
    [
      "loopback on any port",
      "http://127.0.0.1:*=127.0.0.0/8",
      "127.0.0.1:5000",
      "http://127.0.0.1:any=IPv4 127.0.0.0/8",
    ],
    [
      "loopback without port",
      "http://127.0.0.1:*=127.0.0.0/8",
      "127.0.0.1",
      "http://127.0.0.1:any=IPv4 127.0.0.0/8",
    ],
    [
      "another spelling of loopback",
      "http://127.0.0.1:*=127.0.0.0/8",
      "0x7f.1:5000",
      "http://127.0.0.1:any=IPv4 127.0.0.0/8",
    ],
    ["IPv6", "http://[::1]:5000=::1", "[::1]:5000", "http://[::1]:5000=IPv6 ::1/128"],
    ["any host", "*", "anything.example", "https://*:443"],
    ["any host on its own port", "*:5443", "anything.example:5443", "https://*:5443"],
    ["any host, another port", "*", "anything.example:8443", undefined],
    [
      "host and port before host",
      "a.example:* http://a.example:5000",
      "a.example:5000",
      "http://a.example:5000",
    ],
    ["host before any", "*,http://a.example:*", "a.example", "http://a.example:any"],
    ["commas and white space", "docker.io,\n\tghcr.io ,quay.io", "quay.io", "https://quay.io:443"],
    ["what is no host", "*", "evil.example/path", undefined],
    ["a user name before a host", "docker.io", "evil@docker.io", undefined],
  ])("%s", (_name, list, host, expected) => {
    expect(shown(list, host)).toBe(expected);
  });

  it.each([
    ["plain http for all", "http://*"],
    ["private addresses for all", "*=10.0.0.0/8"],
    ["another scheme", "ftp://a.example"],
    ["a path", "https://a.example/v2"],
    ["a user name", "https://user@a.example"],
    ["a port that is none", "a.example:70000"],
    ["port 0", "a.example:0"],
    ["a range that is none", "a.example=10.0.0.0/33"],
    ["a range with letters", "a.example=10.0.0.0/eight"],
    ["a range with two slashes", "a.example=10.0.0.0/8/8"],
    ["a host name as range", "a.example=b.example"],
    ["no range after the sign", "a.example="],
    ["an empty range", "a.example=10.0.0.0/8+"],
    ["the same host twice", "a.example https://a.example:443"],
    ["a host with an underscore", "a_b.example"],
    ["wildcards within names", "*.example"],
  ])("refuses %s", async (_name, list) => {
    const failure = await failureOf(() => parseHostRules(list), "invalid");
    expect(failure.message).toContain(list.split(" ")[0]?.slice(0, 5));
  });
});
