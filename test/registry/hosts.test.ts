import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { apiHostOf, defaultUpstreams, knownRegistry, tokenHostsOf } from "../../shared/registry/hosts.ts";
import { type KnownRegistry, knownRegistries } from "../../shared/registry/known-registries.ts";

const facts = (registry: KnownRegistry) =>
  Object.entries(registry).filter(([key]) => key !== "name" && key !== "hosts") as [
    string,
    { readonly is: string | readonly string[]; readonly see: string },
  ][];

describe("the known registries", () => {
  it.each([
    ["docker.io", "Docker Hub"],
    ["ghcr.io", "GitHub"],
    ["mine.azurecr.io", "Azure"],
    ["mine.westeurope.geo.azurecr.io", "Azure"],
    ["azurecr.io.evil.example", undefined],
    ["evilazurecr.io", undefined],
    ["mine.azurecr.io:5000", undefined],
    ["us.gcr.io", "Google"],
    ["europe-west3-docker.pkg.dev", "Google"],
    ["123456789012.dkr.ecr.eu-central-1.amazonaws.com", "Amazon ECR"],
    ["123456789012.dkr.ecr.cn-north-1.amazonaws.com.cn", "Amazon ECR"],
    ["dkr.ecr.eu-central-1.amazonaws.com", undefined],
    ["registry.corp:5443", undefined],
    ["constructor", undefined],
  ])("know %s as %s", (host, name) => {
    expect(knownRegistry(host)?.name).toBe(name);
  });

  it("know every default upstream", () => {
    const hosts = defaultUpstreams.split(", ");
    expect(hosts.filter((host) => knownRegistry(host) === undefined)).toEqual([]);
  });

  it("name a host once", () => {
    const hosts = knownRegistries.flatMap((registry) => registry.hosts);
    expect(hosts.length).toBe(new Set(hosts).size);
  });

  it.each(knownRegistries.map((registry) => [registry.name, registry] as const))(
    "give a page for each fact about %s",
    (_name, registry) => {
      const pages = facts(registry).map(([, { see }]) => see);
      expect(pages.filter((page) => URL.parse(page)?.protocol !== "https:")).toEqual([]);
    },
  );

  it("are in the guide, with all that a firewall must let through", () => {
    const guide = readFileSync(join(import.meta.dirname, "../../docs/registries.md"), "utf8");
    const told = knownRegistries.flatMap((registry) => [
      ...registry.hosts,
      ...facts(registry).flatMap(([key, { is }]) => (key.endsWith("Hosts") || key === "apiHost" ? is : [])),
    ]);
    expect(told.filter((host) => !guide.includes(`\`${host}\``))).toEqual([]);
  });

  it("lead to the API and the token service", () => {
    expect([apiHostOf("docker.io"), apiHostOf("quay.io")]).toEqual(["registry-1.docker.io", "quay.io"]);
    expect(tokenHostsOf("registry.redhat.io")).toEqual(["sso.redhat.com"]);
    expect(tokenHostsOf("registry.corp")).toEqual([]);
  });
});
