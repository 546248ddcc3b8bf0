import type { HttpClient, PipelinePolicy } from "@azure/core-rest-pipeline";
import type { TokenCredential } from "@azure/identity";
import type { SecretClient } from "@azure/keyvault-secrets";
import { printable } from "../model/digest.ts";
import { Failure } from "../model/failure.ts";
import { keyVaultFailure } from "./key-vault-failure.ts";

/** Secrets of the vaults that the settings allow. */
export interface KeyVaults {
  /**
   * The secret's present version. `unauthorized` when there is none, `forbidden` when the app may not read it, `blocked`
   * for a vault that is not allowed.
   */
  read(vault: string, secret: string): Promise<string>;
}

export interface KeyVaultOptions {
  /** Origins by name, from `parseKeyVaults`. */
  readonly vaults: ReadonlyMap<string, string>;
  readonly credential: TokenCredential;
  /** In place of the SDK's own way to send requests. */
  readonly httpClient?: HttpClient;
}

const readMs = 20_000;

/** The SDK is loaded by the first read. It gives a vault's challenge a token only for the vault's own domain. */
export function createKeyVaults({ vaults, credential, httpClient }: KeyVaultOptions): KeyVaults {
  const clients = new Map<string, Promise<SecretClient>>();
  return {
    async read(vault, secret) {
      const origin = vaults.get(vault.toLowerCase());
      if (origin === undefined) {
        throw new Failure(
          "blocked",
          `the vault "${printable(vault)}" is not among those that may be read: add it to WHARFGATE_KEY_VAULTS`,
        );
      }
      const opening = clients.get(origin) ?? open(origin);
      clients.set(origin, opening);
      const doing = `reading the secret ${printable(secret)} of the vault ${vault}`;
      try {
        const client = await opening;
        const { value } = await client.getSecret(secret, { abortSignal: AbortSignal.timeout(readMs) });
        if (value !== undefined) return value;
      } catch (error) {
        throw keyVaultFailure(error, doing);
      }
      throw new Failure("protocol", `${doing}: it has no value`);
    },
  };

  async function open(origin: string): Promise<SecretClient> {
    const { SecretClient } = await import("@azure/keyvault-secrets");
    return new SecretClient(origin, credential, {
      retryOptions: { maxRetries: 1 },
      // A redirect would take the token along.
      redirectOptions: { maxRetries: 0 },
      additionalPolicies: [{ policy: failByStatus, position: "perCall" }],
      ...(httpClient === undefined ? {} : { httpClient }),
    });
  }
}

/** The SDK trips over an error without a body of JSON, as a firewall or proxy sends it. */
const failByStatus: PipelinePolicy = {
  name: "failByStatus",
  async sendRequest(request, next) {
    const response = await next(request);
    if (response.status === 200) return response;
    throw Object.assign(new Error("refused"), { statusCode: response.status });
  },
};

const vaultPattern = /^[a-z][a-z0-9-]{1,22}[a-z0-9]$/;

/**
 * Reads vaults parted by commas or white space: `myvault`, `myvault.vault.azure.net` (or of another cloud), or
 * `myvault=https://…` for any other address. Throws `invalid`.
 */
export function parseKeyVaults(text: string): ReadonlyMap<string, string> {
  const vaults = new Map<string, string>();
  for (const entry of text.split(/[\s,]+/)) {
    if (entry === "") continue;
    const [address = "", origin] = entry.split("=");
    const [name = "", ...domain] = address.toLowerCase().split(".");
    const host = domain.length === 0 ? `${name}.vault.azure.net` : address.toLowerCase();
    const url = URL.parse(origin ?? `https://${host}`);
    const proper =
      url?.protocol === "https:" && url.pathname === "/" && url.username === "" && url.search === "";
    if (!vaultPattern.test(name) || !proper || (origin !== undefined && domain.length > 0)) {
      throw new Failure(
        "invalid",
        `"${printable(entry)}" is not a Key Vault: expected its name, its host name, or name=https://address`,
      );
    }
    vaults.set(name, url.origin);
  }
  return vaults;
}
