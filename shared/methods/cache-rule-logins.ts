import type { NewCredentialSet } from "../azure/acr-cache-port.ts";
import { printable } from "../model/digest.ts";
import { Failure } from "../model/failure.ts";
import { parseHost } from "../model/reference.ts";

// Which upstreams ACR's cache reads only with a login, or only without. The others do as you like.
// Source: https://learn.microsoft.com/azure/container-registry/artifact-cache-overview#upstream-support
const needed = /^(?:docker\.io|dhi\.io|registry\.redhat\.io|.+\.azurecr\.io|.+\.pkg\.dev)$/;
const unwanted = /^(?:mcr\.microsoft\.com|public\.ecr\.aws|registry\.access\.redhat\.com)$/;

/** The credential set that a rule for `host` gets. Throws `invalid` for a host that Azure would not read this way. */
export function requireLoginFor(
  host: string,
  set: NewCredentialSet | undefined,
): NewCredentialSet | undefined {
  if (set === undefined && needed.test(host)) {
    throw new Failure(
      "invalid",
      `Azure caches ${host} only with a login: name a credential set for it in WHARFGATE_CACHE_CREDENTIAL_SETS`,
    );
  }
  if (set !== undefined && unwanted.test(host)) {
    throw new Failure(
      "invalid",
      `Azure caches ${host} only without a login: take its credential set out of WHARFGATE_CACHE_CREDENTIAL_SETS`,
    );
  }
  return set;
}

const entry = /^([^=\s]+)=([a-zA-Z0-9-]{5,50});(\S+?);(\S+)$/;
const secret = /^https:\/\/[a-z0-9-]+(?:\.[a-z0-9-]+)+\/secrets\/[a-zA-Z0-9-]{1,127}(?:\/[0-9a-f]{32})?$/i;
const grammar =
  "expected host=name;username secret;password secret, the secrets as identifiers such as https://myvault.vault.azure.net/secrets/hub-user";

/** `docker.io=dockerhub;https://myvault.vault.azure.net/secrets/hub-user;https://…/hub-token`, parted by commas or spaces. */
export function parseCredentialSets(text: string): ReadonlyMap<string, NewCredentialSet> {
  const sets = new Map<string, NewCredentialSet>();
  for (const part of text.split(/[\s,]+/).filter((each) => each !== "")) {
    const [, hostText, name, usernameSecret = "", passwordSecret = ""] = entry.exec(part) ?? [];
    if (
      hostText === undefined ||
      name === undefined ||
      ![usernameSecret, passwordSecret].every((each) => secret.test(each))
    ) {
      throw new Failure("invalid", `"${printable(part)}" is not a credential set: ${grammar}`);
    }
    const loginServer = parseHost(hostText);
    if (sets.has(loginServer))
      throw new Failure("invalid", `${loginServer} has two credential sets: a rule takes one`);
    sets.set(loginServer, { name, loginServer, usernameSecret, passwordSecret });
  }
  return sets;
}
