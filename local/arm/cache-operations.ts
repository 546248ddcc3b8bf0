import { type ArmOperation, registryVersion } from "./arm-call.ts";
import { ArmError } from "./arm-error.ts";
import type { ArmCache, KeptRule } from "./cache.ts";
import { checkNewRule, checkSet, invalid, readCacheRule, setNameOf } from "./cache-rule-order.ts";
import type { ArmFaults } from "./faults.ts";
import { checkName, type ResourceChanges } from "./resource-changes.ts";
import { cacheRuleUpdate } from "./shapes.ts";
import type { Transfer } from "./transfer.ts";

export interface CacheOperationsOptions {
  readonly resourceId: string;
  readonly cache: ArmCache;
  readonly changes: ResourceChanges;
  readonly faults: ArmFaults;
  readonly transfer: Pick<Transfer, "repositories">;
}

const path = /^\/cacheRules\/([^/]+)$/i;

/** The operations on cache rules. A rule that is being made is described, and does nothing yet. */
export function cacheRuleOperations(options: CacheOperationsOptions): readonly ArmOperation[] {
  const { cache, changes, faults, transfer } = options;
  const making = new Map<string, KeptRule>();
  const find = (name = ""): KeptRule | undefined => {
    const key = name.toLowerCase();
    return cache.rules.get(key) ?? making.get(key);
  };
  const describe = (rule: KeptRule) => describeRule(rule, options);
  const apiVersion = registryVersion;
  return [
    {
      id: "CacheRules_List",
      method: "GET",
      apiVersion,
      path: /^\/cacheRules$/i,
      handle: () => ({ status: 200, body: { value: [...cache.rules.values()].map(describe) } }),
    },
    {
      id: "CacheRules_Get",
      method: "GET",
      apiVersion,
      path,
      handle({ parameters: [name] }) {
        const rule = find(name);
        if (rule === undefined) throw notFound(name);
        return { status: 200, body: describe(rule) };
      },
    },
    {
      id: "CacheRules_Create",
      method: "PUT",
      apiVersion,
      path,
      async handle({ parameters, body, origin }) {
        const name = checkName(parameters[0]);
        const wanted = { name, ...readCacheRule(body) };
        const repositories = await transfer.repositories();
        const held = find(name);
        if (held !== undefined && (held.source !== wanted.source || held.target !== wanted.target)) {
          throw new ArmError(
            400,
            "CacheRuleImmutable",
            "source and target of a cache rule cannot be changed",
          );
        }
        if (held === undefined) checkNewRule(wanted, { cache, repositories });
        else checkSet(wanted, cache);
        const rule: KeptRule = { creationDate: new Date().toISOString(), ...held, ...wanted };
        making.set(name.toLowerCase(), rule);
        return changes.begin({
          origin,
          path: `/cacheRules/${name}`,
          kind: "cacherules",
          status: held === undefined ? 201 : 200,
          fault: faults.cacheRule,
          run: () => keep(rule),
          describe: () => describe(rule),
        });
      },
    },
    {
      id: "CacheRules_Update",
      method: "PATCH",
      apiVersion,
      path,
      handle({ parameters: [name], body, origin }) {
        const held = find(name);
        if (held === undefined) throw notFound(name);
        const parsed = cacheRuleUpdate.safeParse(body);
        if (!parsed.success) throw invalid(parsed.error.issues[0]);
        const rule = { ...held, credentialSet: setNameOf(parsed.data.properties.credentialSetResourceId) };
        checkSet(rule, cache);
        return changes.begin({
          origin,
          path: `/cacheRules/${rule.name}`,
          kind: "cacherules",
          status: 200,
          fault: faults.cacheRule,
          run: () => keep(rule),
          describe: () => describe(rule),
        });
      },
    },
    {
      id: "CacheRules_Delete",
      method: "DELETE",
      apiVersion,
      path,
      async handle({ parameters: [name = ""] }) {
        const known = cache.rules.delete(name.toLowerCase());
        making.delete(name.toLowerCase());
        await cache.save();
        return { status: known ? 200 : 204 };
      },
    },
  ];

  async function keep(rule: KeptRule): Promise<void> {
    making.delete(rule.name.toLowerCase());
    cache.rules.set(rule.name.toLowerCase(), rule);
    await cache.save();
  }
}

function describeRule(rule: KeptRule, { resourceId, changes }: CacheOperationsOptions) {
  const { name, source, target, credentialSet, creationDate } = rule;
  return {
    type: "Microsoft.ContainerRegistry/registries/cacheRules",
    id: `${resourceId}/cacheRules/${name}`,
    name,
    properties: {
      ...(credentialSet === undefined
        ? {}
        : { credentialSetResourceId: `${resourceId}/credentialSets/${credentialSet}` }),
      sourceRepository: source,
      targetRepository: target,
      creationDate,
      provisioningState: changes.stateOf(`/cacheRules/${name}`) ?? "Succeeded",
    },
  };
}

function notFound(name = ""): ArmError {
  return new ArmError(404, "CacheRuleNotFound", `the cache rule ${name.slice(0, 60)} was not found`);
}
