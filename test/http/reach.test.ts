import { describe, expect, it } from "vitest";
import { parseHostRules } from "../../shared/http/host-rules.ts";
import { createReach } from "../../shared/http/reach.ts";
import { failureOf } from "../support/failures.ts";

const list =
  "docker.io http://127.0.0.1:*=127.0.0.0/8 registry.corp=10.0.0.0/8 s3.corp:9000=10.0.0.0/8 http://plain.corp=10.0.0.0/8";

function reachOf(host: string) {
  const rules = parseHostRules(list);
  const rule = rules.find(host);
  if (rule === undefined) throw new Error(`${host} is not in the list`);
  return createReach({ origin: new URL(`${rule.scheme}://${host}`), rule, rules });
}

describe("createReach", () => {
  it.each([
    ["a public registry's CDN", "docker.io", "https://cdn.example/blob", "public"],
    ["a public registry itself", "docker.io", "https://docker.io/v2/", "public"],
    ["the token service next door", "127.0.0.1:5001", "http://127.0.0.1:5002/token", "private"],
    ["a private registry's own name", "registry.corp", "https://registry.corp:8443/x", "private"],
    ["a private registry's store, if it is listed too", "registry.corp", "https://s3.corp:9000/x", "private"],
    ["a private registry's store on another port", "registry.corp", "https://s3.corp:9001/x", "public"],
    ["a private registry's CDN", "registry.corp", "https://my_bucket.example/x", "public"],
    ["a private registry without TLS", "plain.corp", "http://plain.corp/x", "private"],
  ])("%s", (_name, host, url, expected) => {
    const addresses = reachOf(host).permit(new URL(url));
    expect(addresses === undefined ? "public" : "private").toBe(expected);
  });

  it.each([
    ["the metadata service", "docker.io", "https://169.254.169.254/latest"],
    ["loopback", "docker.io", "https://127.0.0.1/"],
    ["loopback that is listed, from a public registry", "docker.io", "https://127.0.0.1:5001/"],
    ["loopback as one number", "docker.io", "https://2130706433/"],
    ["loopback in hex", "docker.io", "https://0x7f.1/"],
    ["mapped loopback", "docker.io", "https://[::ffff:127.0.0.1]/"],
    ["RFC 1918", "docker.io", "https://10.1.2.3/"],
    ["unique local", "docker.io", "https://[fd00::1]/"],
    ["another private range", "127.0.0.1:5001", "https://10.1.2.3/"],
    ["http under https", "docker.io", "http://docker.io/"],
    ["http elsewhere, from an http registry", "plain.corp", "http://registry.corp/x"],
    ["http to a public host, from an http registry", "plain.corp", "http://cdn.example/x"],
    ["a file", "plain.corp", "file:///etc/passwd"],
    ["a user name", "docker.io", "https://user:secret@docker.io/"],
  ])("blocks %s", async (_name, host, url) => {
    const failure = await failureOf(() => reachOf(host).permit(new URL(url)), "blocked");
    expect(failure.message).not.toContain("secret");
  });
});
