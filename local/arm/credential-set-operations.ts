import { randomUUID } from "node:crypto";
import { type ArmOperation, registryVersion } from "./arm-call.ts";
import { ArmError } from "./arm-error.ts";
import type { KeptSet } from "./cache.ts";
import type { CacheOperationsOptions } from "./cache-operations.ts";
import { invalid } from "./cache-rule-order.ts";
import { checkName } from "./resource-changes.ts";
import { type CredentialSetUpdate, credentialSetParameters, credentialSetUpdate } from "./shapes.ts";

const path = /^\/credentialSets\/([^/]+)$/i;

/** The operations on credential sets. Their health is that of their secrets just now. */
export function credentialSetOperations(
  options: Omit<CacheOperationsOptions, "transfer">,
): readonly ArmOperation[] {
  const { cache, changes, faults, resourceId } = options;
  const apiVersion = registryVersion;
  const find = (name = ""): KeptSet => {
    const set = cache.sets.get(name.toLowerCase());
    if (set !== undefined) return set;
    throw new ArmError(404, "CredentialSetNotFound", `the credential set ${name.slice(0, 60)} was not found`);
  };
  const begin = async (origin: string, set: KeptSet, status: 200 | 201) => {
    // Known at once, so that whoever asks sees it in the making.
    cache.sets.set(set.name.toLowerCase(), set);
    const body = await describe(set);
    return changes.begin({
      origin,
      path: `/credentialSets/${set.name}`,
      kind: "credentialsets",
      status,
      fault: faults.credentialSet,
      run: () => cache.save(),
      describe: () => body,
    });
  };
  return [
    {
      id: "CredentialSets_Get",
      method: "GET",
      apiVersion,
      path,
      handle: async ({ parameters: [name] }) => ({ status: 200, body: await describe(find(name)) }),
    },
    {
      id: "CredentialSets_Create",
      method: "PUT",
      apiVersion,
      path,
      handle({ parameters, body, origin }) {
        const name = checkName(parameters[0]);
        const parsed = credentialSetParameters.safeParse(body);
        if (!parsed.success) throw invalid(parsed.error.issues[0]);
        const { loginServer, ...rest } = parsed.data.properties;
        const held = cache.sets.get(name.toLowerCase());
        if (held !== undefined && held.loginServer !== loginServer) {
          throw new ArmError(
            400,
            "CredentialSetImmutable",
            "the login server of a credential set cannot be changed",
          );
        }
        const made = { name, loginServer, principalId: randomUUID(), creationDate: new Date().toISOString() };
        return begin(origin, { ...made, ...held, ...secretsOf(rest) }, held === undefined ? 201 : 200);
      },
    },
    {
      id: "CredentialSets_Update",
      method: "PATCH",
      apiVersion,
      path,
      handle({ parameters: [name], body, origin }) {
        const held = find(name);
        const parsed = credentialSetUpdate.safeParse(body);
        if (!parsed.success) throw invalid(parsed.error.issues[0]);
        return begin(origin, { ...held, ...secretsOf(parsed.data.properties) }, 200);
      },
    },
  ];

  async function describe(set: KeptSet) {
    const { name, loginServer, usernameSecret, passwordSecret, principalId, creationDate } = set;
    return {
      type: "Microsoft.ContainerRegistry/registries/credentialSets",
      identity: { principalId, tenantId: "00000000-0000-0000-0000-000000000000", type: "SystemAssigned" },
      id: `${resourceId}/credentialSets/${name}`,
      name,
      properties: {
        loginServer,
        authCredentials: [
          {
            name: "Credential1",
            usernameSecretIdentifier: usernameSecret,
            passwordSecretIdentifier: passwordSecret,
            credentialHealth: await healthOf(set),
          },
        ],
        creationDate,
        provisioningState: changes.stateOf(`/credentialSets/${name}`) ?? "Succeeded",
      },
    };
  }

  async function healthOf({ usernameSecret, passwordSecret }: KeptSet) {
    for (const identifier of [usernameSecret, passwordSecret]) {
      if ((await cache.secret(identifier)) !== undefined) continue;
      const errorMessage = `The identity of the credential set has no access to the secret '${identifier}'.`;
      return { status: "Unhealthy", errorCode: "SecretInaccessible", errorMessage };
    }
    return { status: "Healthy" };
  }
}

function secretsOf({ authCredentials: [credential] }: CredentialSetUpdate["properties"]) {
  return {
    usernameSecret: credential?.usernameSecretIdentifier ?? "",
    passwordSecret: credential?.passwordSecretIdentifier ?? "",
  };
}
