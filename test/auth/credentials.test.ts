import { describe, expect, it } from "vitest";
import { createCredentials } from "../../shared/auth/credentials.ts";
import { parseHostCredential } from "../../shared/auth/host-credential.ts";
import { Failure, type FailureCode } from "../../shared/model/failure.ts";
import { failureOf } from "../support/failures.ts";

const login = { host: "docker.io", username: "u", password: "old-s3cret" };
const minuteMs = 60_000;

/** A vault of one secret, which counts its reads, and a clock. */
function useVault(text = JSON.stringify(login)) {
  const vault = {
    text,
    reads: [] as string[],
    fault: undefined as Failure | undefined,
    now: 0,
    gate: Promise.resolve(),
  };
  const credentials = createCredentials({
    known: new Map(),
    vaults: {
      async read(name, secret) {
        vault.reads.push(`${name}/${secret}`);
        await vault.gate;
        if (vault.fault !== undefined) throw vault.fault;
        return vault.text;
      },
    },
    now: () => new Date(vault.now),
  });
  const resolve = (refused?: { username: string; password: string }) =>
    credentials.resolve("keyvault:ops/hub", "docker.io", refused);
  return { vault, credentials, resolve };
}

describe("a credential of the settings", () => {
  const credentials = createCredentials({ known: new Map([["HUB", login]]) });

  it("is given to its own host, without the host", async () => {
    expect(await credentials.resolve("env:HUB", "docker.io")).toEqual({
      username: "u",
      password: "old-s3cret",
    });
  });

  it.each<[string, string, string, FailureCode, string]>([
    ["to another host", "env:HUB", "ghcr.io", "blocked", "meant for docker.io"],
    ["under another name", "env:NO", "docker.io", "unauthorized", "set WHARFGATE_CREDENTIAL_NO"],
    ["without its kind", "HUB", "docker.io", "unauthorized", "There is no credential"],
    [
      "of a vault when there is none",
      "keyvault:ops/hub",
      "docker.io",
      "unauthorized",
      "WHARFGATE_KEY_VAULTS=ops",
    ],
    ["as Entra's", "entra", "docker.io", "unauthorized", "method copy"],
  ])("is not given %s", async (_name, reference, host, code, says) => {
    const { message } = await failureOf(() => credentials.resolve(reference, host), code);
    expect(message).toContain(says);
    expect(message).not.toContain("s3cret");
  });
});

describe("a credential of a vault", () => {
  it("is read once for many askers, and kept for five minutes", async () => {
    const { vault, resolve } = useVault();
    await Promise.all([resolve(), resolve(), resolve()]);
    vault.now = 5 * minuteMs - 1;
    expect(await resolve()).toEqual({ username: "u", password: "old-s3cret" });
    expect(vault.reads).toEqual(["ops/hub"]);
    vault.now = 5 * minuteMs;
    await resolve();
    expect(vault.reads.length).toBe(2);
  });

  it("is read again once a registry has refused it", async () => {
    const { vault, resolve } = useVault();
    const refused = await resolve();
    vault.text = JSON.stringify({ ...login, password: "new-s3cret" });
    vault.now = minuteMs;
    const rotated = { username: "u", password: "new-s3cret" };
    expect(await Promise.all([resolve(refused), resolve(refused)])).toEqual([rotated, rotated]);
    expect(vault.reads.length).toBe(2);
    // What was refused is no longer what is kept.
    vault.now = 2 * minuteMs;
    expect(await resolve(refused)).toEqual(rotated);
    expect(vault.reads.length).toBe(2);
  });

  it("is not read again for each refusal of a wrong one", async () => {
    const { vault, resolve } = useVault();
    const refused = await resolve();
    vault.now = 9_999;
    await resolve(refused);
    expect(vault.reads.length).toBe(1);
  });

  it("is not kept when it could not be read", async () => {
    const { vault, resolve } = useVault();
    vault.fault = new Failure("forbidden", "no");
    await failureOf(() => resolve(), "forbidden");
    vault.fault = undefined;
    expect((await resolve()).username).toBe("u");
  });

  it.each([
    ["is for another host", JSON.stringify({ ...login, host: "ghcr.io" }), "blocked", "meant for ghcr.io"],
    ["is a bare password", "old-s3cret", "invalid", "The secret ops/hub is not a credential: not JSON"],
    ["has no user name", '{"host":"docker.io","password":"old-s3cret"}', "invalid", "expected"],
  ] as const)("that %s is refused without a word of it", async (_name, text, code, says) => {
    const { message } = await failureOf(() => useVault(text).resolve(), code);
    expect(message).toContain(says);
    expect(message).not.toContain("s3cret");
  });
});

describe("parseHostCredential", () => {
  it("takes an identity token", () => {
    expect(parseHostCredential('{"host":"Registry.corp","identityToken":"t"}')).toEqual({
      host: "registry.corp",
      username: "",
      password: "t",
      grant: "refresh_token",
    });
  });

  it.each([
    '{"host":"a.corp","identityToken":"s3cret","username":"u","password":"s3cret"}',
    '{"host":"a.corp","identityToken":"s3cret","username":"u"}',
    '{"host":"a.corp","identityToken":7}',
    '{"identityToken":"s3cret"}',
    '["s3cret"]',
  ])("refuses %s", async (text) => {
    expect((await failureOf(() => parseHostCredential(text), "invalid")).message).not.toContain("s3cret");
  });
});
