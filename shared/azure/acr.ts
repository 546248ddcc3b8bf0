import type { TokenCredential } from "@azure/identity";
import { changeCacheRule, createCacheRule, getCacheRule, listCacheRules } from "./acr-cache-rules.ts";
import { openAcrClient } from "./acr-client.ts";
import { changeCredentialSet, createCredentialSet, getCredentialSet } from "./acr-credential-sets.ts";
import { describeRegistry } from "./acr-describe.ts";
import { checkImport, startImport } from "./acr-imports.ts";
import type { Acr, AcrDescription } from "./acr-port.ts";
import { parseAcrResourceId } from "./acr-resource.ts";
import { readRunLog } from "./acr-run-log.ts";
import { cancelRun, getRun, hasWorkedSince, queueLength, scheduleRun } from "./acr-runs.ts";

export interface AcrOptions {
  readonly resourceId: string;
  readonly credential: TokenCredential;
  /** Origin of Azure Resource Manager; https://management.azure.com when absent. */
  readonly armEndpoint?: string;
}

/** Throws `invalid` for a malformed resource id or endpoint; the SDK is loaded by the first call. */
export function createAcr({ resourceId, credential, armEndpoint }: AcrOptions): Acr {
  const resource = parseAcrResourceId(resourceId);
  const client = openAcrClient({ resource, credential, armEndpoint: armEndpoint ?? publicArm });
  let description: AcrDescription | undefined;
  return {
    resource,
    async describe(signal) {
      description ??= await describeRegistry(client, signal);
      return description;
    },
    startImport: (request, signal) => startImport(client, request, signal),
    checkImport: (path, signal) => checkImport(client, path, signal),
    scheduleRun: (request, signal) => scheduleRun(client, request, signal),
    getRun: (runId, signal) => getRun(client, runId, signal),
    cancelRun: (runId, signal) => cancelRun(client, runId, signal),
    readRunLog: (runId, signal) => readRunLog(client, runId, signal),
    hasWorkedSince: (pool, since, signal) => hasWorkedSince(client, pool, { since, signal }),
    queueLength: (pool, signal) => queueLength(client, pool, signal),
    getCacheRule: (rule, signal) => getCacheRule(client, rule, signal),
    listCacheRules: (signal) => listCacheRules(client, signal),
    createCacheRule: (rule, signal) => createCacheRule(client, rule, signal),
    changeCacheRule: (rule, signal) => changeCacheRule(client, rule, signal),
    getCredentialSet: (set, signal) => getCredentialSet(client, set, signal),
    createCredentialSet: (set, signal) => createCredentialSet(client, set, signal),
    changeCredentialSet: (set, signal) => changeCredentialSet(client, set, signal),
  };
}

const publicArm = "https://management.azure.com";
