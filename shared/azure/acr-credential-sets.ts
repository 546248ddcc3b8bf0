import type { AuthCredential, CredentialSet } from "@azure/arm-containerregistry";
import { begin, byName, resourceState } from "./acr-begin.ts";
import type { AcrCredentialSet, NewCredentialSet } from "./acr-cache-port.ts";
import type { AcrClient } from "./acr-client.ts";
import { serviceText } from "./service-text.ts";

/** CredentialSets_Get. */
export async function getCredentialSet(
  client: AcrClient,
  name: string,
  signal: AbortSignal,
): Promise<AcrCredentialSet | undefined> {
  const { resourceGroup, name: registry } = client.resource;
  const set = await byName(() =>
    client.call({ doing: `reading credential set ${name}`, right: "credential-set", signal }, (sdk) =>
      sdk.credentialSets.get(resourceGroup, registry, name, { abortSignal: signal }),
    ),
  );
  return set && toCredentialSet(set);
}

/** CredentialSets_Create. */
export async function createCredentialSet(
  client: AcrClient,
  set: NewCredentialSet,
  signal: AbortSignal,
): Promise<void> {
  const { resourceGroup, name: registry } = client.resource;
  const body: CredentialSet = {
    identity: { type: "SystemAssigned" },
    loginServer: set.loginServer,
    authCredentials: [toAuthCredential(set)],
  };
  await begin(
    client,
    { doing: `making credential set ${set.name}`, right: "credential-set", signal },
    (sdk, options) => sdk.credentialSets.beginCreate(resourceGroup, registry, set.name, body, options),
  );
}

/** CredentialSets_Update. */
export async function changeCredentialSet(
  client: AcrClient,
  set: NewCredentialSet,
  signal: AbortSignal,
): Promise<void> {
  const { resourceGroup, name: registry } = client.resource;
  const body = { authCredentials: [toAuthCredential(set)] };
  await begin(
    client,
    { doing: `changing credential set ${set.name}`, right: "credential-set", signal },
    (sdk, options) => sdk.credentialSets.beginUpdate(resourceGroup, registry, set.name, body, options),
  );
}

function toAuthCredential({ usernameSecret, passwordSecret }: NewCredentialSet): AuthCredential {
  return {
    name: "Credential1",
    usernameSecretIdentifier: usernameSecret,
    passwordSecretIdentifier: passwordSecret,
  };
}

function toCredentialSet(set: CredentialSet): AcrCredentialSet {
  const [credential] = set.authCredentials ?? [];
  const principalId = set.identity?.principalId;
  const unhealthy = unhealthyText(credential);
  return {
    name: set.name ?? "",
    loginServer: set.loginServer ?? "",
    usernameSecret: credential?.usernameSecretIdentifier ?? "",
    passwordSecret: credential?.passwordSecretIdentifier ?? "",
    state: resourceState(set.provisioningState),
    ...(principalId === undefined ? {} : { principalId }),
    ...(unhealthy === undefined ? {} : { unhealthy }),
  };
}

function unhealthyText(credential: AuthCredential | undefined): string | undefined {
  const health = credential?.credentialHealth;
  if (health?.status !== "Unhealthy") return undefined;
  const words = [health.errorCode, health.errorMessage].filter((word) => word !== undefined && word !== "");
  return words.length === 0 ? "Unhealthy" : serviceText(words.join(": "));
}
