import type { TokenCredential } from "@azure/identity";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { createKeyVaults, type KeyVaults, parseKeyVaults } from "../../shared/azure/key-vault.ts";
import type { FailureCode } from "../../shared/model/failure.ts";
import { failureOf } from "../support/failures.ts";
import { startVaultStandIn, type VaultStandIn, vaultPath } from "../support/key-vault.ts";
import type { Answer, Received, Reply } from "../support/scripted-server.ts";

const asked: unknown[] = [];
const credential: TokenCredential = {
  async getToken(scopes, options) {
    asked.push([scopes, options?.tenantId]);
    return { token: "entra-token", expiresOnTimestamp: Date.now() + 3_600_000 };
  },
};

let vault: VaultStandIn;
let vaults: KeyVaults;
beforeEach(async () => {
  asked.length = 0;
  vault = await startVaultStandIn();
  vaults = createKeyVaults({
    vaults: parseKeyVaults(`ops=${vault.origin}`),
    credential,
    httpClient: vault.httpClient,
  });
});
afterEach(() => vault.stop());

const challenge = (resource = "https://vault.example"): Reply => ({
  status: 401,
  headers: {
    "www-authenticate": `Bearer authorization="https://login.microsoftonline.com/tenant-1", resource="${resource}"`,
  },
  body: '{"error":{"code":"Unauthorized","message":"AKV10000: Request is missing a Bearer token."}}',
});
const secret = (value: string): Reply => ({
  headers: { "content-type": "application/json" },
  body: JSON.stringify({ value, id: `${vault.origin}/secrets/hub/1`, attributes: { enabled: true } }),
});
const refusal = (status: number, code: string): Reply => ({
  status,
  headers: { "content-type": "application/json" },
  body: JSON.stringify({ error: { code, message: "Caller: appid=guid; oid=guid" } }),
});
/** Challenges, then answers those with the token. */
const serve = (...answers: readonly Answer[]) => {
  vault.server.expect(`GET ${vaultPath}`, challenge(), ...answers);
};
const tokens = () => vault.server.received.map(({ headers }: Received) => headers.authorization);

describe("a vault", () => {
  it("gives the present version of a secret, to a token for its own domain and tenant", async () => {
    serve(secret("hush"), secret("rotated"));
    expect(await vaults.read("ops", "hub")).toBe("hush");
    expect(await vaults.read("OPS", "hub")).toBe("rotated");
    expect(tokens()).toEqual([undefined, "Bearer entra-token", "Bearer entra-token"]);
    expect(asked).toEqual([[["https://vault.example/.default"], "tenant-1"]]);
  });

  it.each<[number, string, FailureCode, string]>([
    [403, "Forbidden", "forbidden", "the role Key Vault Secrets User"],
    [404, "SecretNotFound", "unauthorized", "there is no such secret"],
    [400, "BadParameter", "invalid", "Key Vault says 400"],
    [302, "Moved", "protocol", "Key Vault says 302"],
  ])("that says %i %s is told of", async (status, code, expected, says) => {
    const moved = status === 302 ? { headers: { location: "https://elsewhere.example/" } } : {};
    serve({ ...refusal(status, code), ...moved });
    const failure = await failureOf(() => vaults.read("ops", "hub"), expected);
    expect(failure.message).toContain("reading the secret hub of the vault ops: ");
    expect(failure.message).toContain(says);
    expect(JSON.stringify([failure.message, failure.context, failure.cause])).not.toContain("entra-token");
  });

  it("that answers with a page is told of", async () => {
    serve({ status: 403, body: "<html>blocked by the firewall</html>" });
    await failureOf(() => vaults.read("ops", "hub"), "forbidden");
  });

  it("that challenges for another domain gets no token", async () => {
    vault.server.expect(`GET ${vaultPath}`, challenge("https://management.azure.com"));
    await failureOf(() => vaults.read("ops", "hub"), "protocol");
    expect([tokens(), asked]).toEqual([[undefined], []]);
  });

  it("that is not in the settings is not asked", async () => {
    const { message } = await failureOf(() => vaults.read("other", "hub"), "blocked");
    expect(message).toContain("WHARFGATE_KEY_VAULTS");
    expect(vault.server.received).toEqual([]);
  });

  it("is not read without an identity", async () => {
    serve();
    const none = createKeyVaults({
      vaults: parseKeyVaults(`ops=${vault.origin}`),
      credential: {
        async getToken() {
          throw Object.assign(new Error("no identity"), { name: "CredentialUnavailableError" });
        },
      },
      httpClient: vault.httpClient,
    });
    const { message } = await failureOf(() => none.read("ops", "hub"), "unauthorized");
    expect(message).toContain("no Entra ID token for Key Vault");
  });
});

describe("parseKeyVaults", () => {
  it.each([
    ["myvault", [["myvault", "https://myvault.vault.azure.net"]]],
    ["MyVault.vault.azure.net", [["myvault", "https://myvault.vault.azure.net"]]],
    [
      "a-1.vault.azure.cn, two",
      [
        ["a-1", "https://a-1.vault.azure.cn"],
        ["two", "https://two.vault.azure.net"],
      ],
    ],
    ["ops=https://vault.corp:8443", [["ops", "https://vault.corp:8443"]]],
    ["", []],
  ])("reads %s", (text, expected) => {
    expect([...parseKeyVaults(text)]).toEqual(expected);
  });

  it.each([
    "a",
    "my_vault",
    "https://myvault.vault.azure.net",
    "ops=http://vault.corp",
    "ops=https://v.corp/x",
    "ops=x",
    "a.b=https://x",
  ])("refuses %s", async (text) => {
    await failureOf(() => parseKeyVaults(text), "invalid");
  });
});
