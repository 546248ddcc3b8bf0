import type { CacheRule } from "@azure/arm-containerregistry";
import { begin, byName, resourceState } from "./acr-begin.ts";
import type { AcrCacheRule, NewCacheRule } from "./acr-cache-port.ts";
import type { AcrClient } from "./acr-client.ts";

/** CacheRules_Get. */
export async function getCacheRule(
  client: AcrClient,
  name: string,
  signal: AbortSignal,
): Promise<AcrCacheRule | undefined> {
  const { resourceGroup, name: registry } = client.resource;
  const rule = await byName(() =>
    client.call({ doing: `reading cache rule ${name}`, right: "cache-rule", signal }, (sdk) =>
      sdk.cacheRules.get(resourceGroup, registry, name, { abortSignal: signal }),
    ),
  );
  return rule && toCacheRule(rule);
}

/** CacheRules_List. */
export async function listCacheRules(
  client: AcrClient,
  signal: AbortSignal,
): Promise<readonly AcrCacheRule[]> {
  const { resourceGroup, name } = client.resource;
  return client.call({ doing: "listing cache rules", right: "cache-rule", signal }, async (sdk) => {
    const rules: AcrCacheRule[] = [];
    for await (const rule of sdk.cacheRules.list(resourceGroup, name, { abortSignal: signal })) {
      rules.push(toCacheRule(rule));
    }
    return rules;
  });
}

/** CacheRules_Create. */
export async function createCacheRule(
  client: AcrClient,
  { name, source, target, credentialSet }: NewCacheRule,
  signal: AbortSignal,
): Promise<void> {
  const { resourceGroup, name: registry } = client.resource;
  const body: CacheRule = {
    sourceRepository: source,
    targetRepository: target,
    ...(credentialSet === undefined ? {} : { credentialSetResourceId: setId(client, credentialSet) }),
  };
  await begin(client, { doing: `making cache rule ${name}`, right: "cache-rule", signal }, (sdk, options) =>
    sdk.cacheRules.beginCreate(resourceGroup, registry, name, body, options),
  );
}

/** CacheRules_Update. */
export async function changeCacheRule(
  client: AcrClient,
  { name, credentialSet }: Pick<NewCacheRule, "name" | "credentialSet">,
  signal: AbortSignal,
): Promise<void> {
  const { resourceGroup, name: registry } = client.resource;
  // An empty id takes the credential set away.
  const body = { credentialSetResourceId: credentialSet === undefined ? "" : setId(client, credentialSet) };
  await begin(client, { doing: `changing cache rule ${name}`, right: "cache-rule", signal }, (sdk, options) =>
    sdk.cacheRules.beginUpdate(resourceGroup, registry, name, body, options),
  );
}

function toCacheRule(rule: CacheRule): AcrCacheRule {
  const set = rule.credentialSetResourceId?.split("/").at(-1) ?? "";
  return {
    name: rule.name ?? "",
    source: rule.sourceRepository ?? "",
    target: rule.targetRepository ?? "",
    ...(set === "" ? {} : { credentialSet: set }),
    state: resourceState(rule.provisioningState),
  };
}

function setId({ resource }: AcrClient, name: string): string {
  return `${resource.id}/credentialSets/${name}`;
}
