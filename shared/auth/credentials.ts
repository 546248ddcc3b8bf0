import type { KeyVaults } from "../azure/key-vault.ts";
import type { Clock } from "../model/clock.ts";
import { type Credential, type Credentials, sameCredential } from "../model/credential.ts";
import { printable } from "../model/digest.ts";
import { Failure } from "../model/failure.ts";
import { type HostCredential, parseHostCredential } from "./host-credential.ts";

export interface CredentialSources {
  /** Those of the settings, by name: `env:NAME`. */
  readonly known: ReadonlyMap<string, HostCredential>;
  /** For `keyvault:vault/secret`. */
  readonly vaults?: KeyVaults;
  readonly now?: Clock;
}

/** How long a secret is taken for the present one, and how soon after it was read a refusal has it read again. */
const keptMs = 5 * 60_000;
const rereadMs = 10_000;

/** Credentials by reference, each pinned to the one registry host that may see it. */
export function createCredentials({ known, vaults, now = () => new Date() }: CredentialSources): Credentials {
  const secrets = new Map<string, { readonly at: number; readonly credential: Promise<HostCredential> }>();

  return {
    async resolve(reference, host, refused) {
      const found = await find(reference, refused);
      if (found.host !== host) {
        throw new Failure(
          "blocked",
          `The credential ${printable(reference)} is meant for ${found.host}, not for ${host}`,
        );
      }
      const { host: _host, ...credential } = found;
      return credential;
    },
  };

  async function find(reference: string, refused: Credential | undefined): Promise<HostCredential> {
    const [, kind, name = ""] = /^(env|keyvault):(.+)$/.exec(reference) ?? [];
    if (kind === "keyvault") return fromVault(name, refused);
    const found = kind === "env" ? known.get(name) : undefined;
    if (found !== undefined) return found;
    throw new Failure(
      "unauthorized",
      reference === "entra"
        ? "The app's Entra ID identity signs in by the method copy alone: set Method to copy, or name a credential"
        : `There is no credential "${printable(reference)}": set WHARFGATE_CREDENTIAL_${printable(kind === "env" ? name : "NAME")}`,
    );
  }

  async function fromVault(name: string, refused: Credential | undefined): Promise<HostCredential> {
    const kept = secrets.get(name);
    if (kept !== undefined && now().getTime() - kept.at < keptMs) {
      const credential = await kept.credential;
      const young = now().getTime() - kept.at < rereadMs;
      if (young || refused === undefined || !sameCredential(credential, refused)) return credential;
      // Another caller may have had it read again meanwhile.
      if (secrets.get(name) !== kept) return fromVault(name, refused);
    }
    const credential = readSecret(name);
    const entry = { at: now().getTime(), credential };
    secrets.set(name, entry);
    try {
      return await credential;
    } catch (error) {
      if (secrets.get(name) === entry) secrets.delete(name);
      throw error;
    }
  }

  async function readSecret(name: string): Promise<HostCredential> {
    const [vault = "", secret = ""] = name.split("/");
    if (vaults === undefined) {
      throw new Failure(
        "unauthorized",
        `The credential keyvault:${printable(name)} needs its vault to be allowed: set WHARFGATE_KEY_VAULTS=${printable(vault)}`,
      );
    }
    const text = await vaults.read(vault, secret);
    try {
      return parseHostCredential(text);
    } catch (error) {
      if (!(error instanceof Failure)) throw error;
      throw new Failure("invalid", `The secret ${printable(name)} is not a credential: ${error.message}`);
    }
  }
}
