import { describe, expect, it } from "vitest";
import { parseRealm } from "../../shared/auth/realm.ts";
import { parseChallenges } from "../../shared/http/challenge.ts";
import type { FailureCode } from "../../shared/model/failure.ts";
import { tokenHostsOf } from "../../shared/registry/hosts.ts";
import { failureOf } from "../support/failures.ts";

function realm(header: string, host = "registry.example", origin = `https://${host}`) {
  const [challenge] = parseChallenges(header);
  if (challenge === undefined) throw new Error("no challenge");
  return parseRealm(challenge, { host, origin, tokenHosts: tokenHostsOf(host), quirks: {} });
}

describe("parseRealm", () => {
  it.each<[string, string, string, string, "credentials" | "anonymous"]>([
    [
      "its own host",
      "https://registry.example/token",
      "registry.example",
      "https://registry.example",
      "credentials",
    ],
    [
      "its own host on another port",
      "https://registry.example:8443/t",
      "registry.example",
      "https://registry.example",
      "credentials",
    ],
    [
      "Docker Hub's token service",
      "https://auth.docker.io/token",
      "docker.io",
      "https://registry-1.docker.io",
      "credentials",
    ],
    [
      "Docker Hub's, on another port",
      "https://auth.docker.io:8443/token",
      "docker.io",
      "https://registry-1.docker.io",
      "anonymous",
    ],
    [
      "Docker Hub's, for another registry",
      "https://auth.docker.io/token",
      "registry.example",
      "https://registry.example",
      "anonymous",
    ],
    [
      "GitLab's",
      "https://gitlab.com/jwt/auth",
      "registry.gitlab.com",
      "https://registry.gitlab.com",
      "credentials",
    ],
    ["a stranger", "https://evil.example/token", "docker.io", "https://registry-1.docker.io", "anonymous"],
    [
      "a name that ends alike",
      "https://evilregistry.example/t",
      "registry.example",
      "https://registry.example",
      "anonymous",
    ],
    [
      "a name that begins alike",
      "https://registry.example.evil.example/t",
      "registry.example",
      "https://registry.example",
      "anonymous",
    ],
    [
      "http next door of an http registry",
      "http://127.0.0.1:2/t",
      "127.0.0.1:1",
      "http://127.0.0.1:1",
      "credentials",
    ],
  ])("trusts %s accordingly", (_name, url, host, origin, trust) => {
    expect(realm(`Bearer realm="${url}"`, host, origin)).toMatchObject({ trust, url: new URL(url) });
  });

  it("reads service and scopes", () => {
    const header =
      'Bearer realm="https://a.example/t",service="s",scope="repository:a:pull  repository:b:pull,push"';
    expect(realm(header)).toMatchObject({
      service: "s",
      scopes: ["repository:a:pull", "repository:b:pull,push"],
    });
    expect(realm('Bearer realm="https://a.example/t"')).toMatchObject({ service: undefined, scopes: [] });
  });

  it.each<[string, string, FailureCode]>([
    ["http under https", 'Bearer realm="http://registry.example/t"', "blocked"],
    ["a file", 'Bearer realm="file:///etc/passwd"', "blocked"],
    ["a user name", 'Bearer realm="https://user:word@registry.example/t"', "blocked"],
    ["a path alone", 'Bearer realm="/token"', "protocol"],
    ["none", 'Bearer service="x"', "protocol"],
    ["a service beyond ASCII", 'Bearer realm="https://a.example/t",service="é"', "protocol"],
    ["a scope without end", `Bearer realm="https://a.example/t",scope="${"a".repeat(2000)}"`, "protocol"],
  ])("refuses %s", async (_name, header, code) => {
    await failureOf(() => realm(header), code);
  });
});
