import { printable } from "../model/digest.ts";
import { Failure } from "../model/failure.ts";
import { parseHost } from "../model/reference.ts";

/** What is known of credentials without reading any. */
export interface KnownCredentials {
  /** Registry hosts by `NAME`: those of the settings, and those that the app has where this process has not. */
  readonly hosts: ReadonlyMap<string, string>;
  readonly vaults: ReadonlySet<string>;
  /** Registries that the app's Entra ID identity signs in to. */
  readonly entraHosts: readonly string[];
}

/** Throws `invalid` when a registry could not be read by a reference to a credential, with the setting that would mend it. */
export type CheckCredential = (reference: string, host: string) => void;

export function createCredentialCheck({ hosts, vaults, entraHosts }: KnownCredentials): CheckCredential {
  return (reference, host) => {
    const [, kind = reference, name = ""] = /^(env|keyvault):(.+)$/.exec(reference) ?? [];
    if (kind === "entra") {
      if (entraHosts.includes(host)) return;
      throw wrong(
        `The app's Entra ID identity does not sign in to ${host}: add it to WHARFGATE_ENTRA_HOSTS, or name another credential`,
      );
    }
    if (kind === "keyvault") {
      const [vault = ""] = name.split("/");
      if (vaults.has(vault)) return;
      throw wrong(
        `The credential ${printable(reference)} needs its vault to be allowed: add ${printable(vault)} to WHARFGATE_KEY_VAULTS`,
      );
    }
    const known = hosts.get(name);
    if (known === host) return;
    if (known !== undefined)
      throw wrong(`The credential ${printable(reference)} is meant for ${known}, not for ${host}`);
    const names = [...hosts.keys()].map((each) => `env:${each}`).join(", ");
    throw wrong(
      `There is no credential ${printable(reference)}: set WHARFGATE_CREDENTIAL_${printable(name)}${names === "" ? "" : `, or name one of ${printable(names, 300)}`}`,
    );
  };
}

/** Reads `NAME=host` entries, parted by commas or spaces: credentials that the app has in an environment of its own. */
export function parseAppCredentials(text: string): ReadonlyMap<string, string> {
  const entries = text.split(/[\s,]+/).filter((entry) => entry !== "");
  return new Map(
    entries.map((entry) => {
      const [, name, host] = /^([A-Z][A-Z0-9_]{0,63})=(.+)$/.exec(entry) ?? [];
      if (name === undefined || host === undefined)
        throw wrong(`"${printable(entry)}" is not a credential's name with its host: expected HUB=docker.io`);
      return [name, parseHost(host)];
    }),
  );
}

function wrong(message: string): Failure {
  return new Failure("invalid", message);
}
