import type { NewCredentialSet } from "../azure/acr-cache-port.ts";
import type { Acr } from "../azure/acr-port.ts";
import { Failure } from "../model/failure.ts";

/**
 * Makes a credential set, or gives it back its secrets. `unavailable` while the service calls it unhealthy: once its identity
 * has its role, or the secrets are right, it goes on by itself.
 */
export async function keepSet(
  acr: Acr,
  wanted: NewCredentialSet,
  signal: AbortSignal,
): Promise<"kept" | "changing"> {
  const { name, loginServer, usernameSecret, passwordSecret } = wanted;
  const set = await acr.getCredentialSet(name, signal);
  if (set === undefined) {
    await acr.createCredentialSet(wanted, signal);
    return "changing";
  }
  if (set.loginServer !== loginServer) {
    throw new Failure(
      "conflict",
      `credential set ${name} is for ${set.loginServer}, not for ${loginServer}: give it another name in WHARFGATE_CACHE_CREDENTIAL_SETS, or delete it`,
    );
  }
  if (set.state === "changing") return "changing";
  if (set.state === "failed") {
    throw new Failure(
      "invalid",
      `credential set ${name} could not be made or changed: delete it, and see the registry's activity log`,
    );
  }
  if (set.usernameSecret !== usernameSecret || set.passwordSecret !== passwordSecret) {
    await acr.changeCredentialSet(wanted, signal);
    return "changing";
  }
  if (set.unhealthy === undefined) return "kept";
  const who = set.principalId === undefined ? "" : ` (object id ${set.principalId})`;
  const vaults = [...new Set([usernameSecret, passwordSecret].map((secret) => new URL(secret).host))].join(
    " and ",
  );
  throw new Failure(
    "unavailable",
    `credential set ${name} is unhealthy: ${set.unhealthy}. Give its system identity${who} the role "Key Vault Secrets User" on ${vaults}, and see that the secrets hold a login for ${loginServer}`,
  );
}
