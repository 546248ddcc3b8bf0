import { describe, expect, it } from "vitest";
import { createCredentialCheck, parseAppCredentials } from "../../shared/auth/credential-check.ts";
import { failureOf } from "../support/failures.ts";

const check = createCredentialCheck({
  hosts: new Map([["HUB", "docker.io"]]),
  vaults: new Set(["ours"]),
  entraHosts: ["mine.azurecr.io"],
});

describe("a reference to a credential", () => {
  it.each([
    ["env:HUB", "docker.io"],
    ["keyvault:ours/hub", "docker.io"],
    ["entra", "mine.azurecr.io"],
  ])("%s is good for %s", (reference, host) => {
    check(reference, host);
  });

  it.each([
    {
      reference: "env:HUBB",
      host: "docker.io",
      says: "There is no credential env:HUBB: set WHARFGATE_CREDENTIAL_HUBB, or name one of env:HUB",
    },
    { reference: "env:HUB", host: "ghcr.io", says: "env:HUB is meant for docker.io, not for ghcr.io" },
    { reference: "keyvault:theirs/hub", host: "docker.io", says: "add theirs to WHARFGATE_KEY_VAULTS" },
    { reference: "entra", host: "docker.io", says: "add it to WHARFGATE_ENTRA_HOSTS" },
  ])("$reference for $host is refused", async ({ reference, host, says }) => {
    expect((await failureOf(() => check(reference, host), "invalid")).message).toContain(says);
  });
});

describe("credentials of the app", () => {
  it("are read by name and host", () => {
    expect([...parseAppCredentials("HUB=docker.io, LAN=registry.lan:5443")]).toEqual([
      ["HUB", "docker.io"],
      ["LAN", "registry.lan:5443"],
    ]);
  });

  it.each(["HUB", "hub=docker.io", "HUB=a b", '{"HUB":1}', "HUB=https://x"])("%j are none", async (text) => {
    await failureOf(() => parseAppCredentials(text), "invalid");
  });
});
