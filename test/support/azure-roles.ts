import { readFileSync } from "node:fs";
import { join } from "node:path";

/** A role and what it allows. */
export interface AzureRole {
  readonly name: string;
  readonly actions: readonly string[];
  readonly dataActions: readonly string[];
}

export interface BuiltInRole extends AzureRole {
  readonly id: string;
}

const registry = "Microsoft.ContainerRegistry/registries";
const storage = "Microsoft.Storage/storageAccounts";

/**
 * Built-in roles that the templates assign or that messages name, as Microsoft publishes them.
 * https://learn.microsoft.com/azure/role-based-access-control/built-in-roles
 */
export const builtInRoles: readonly BuiltInRole[] = [
  {
    name: "Container Registry Data Importer and Data Reader",
    id: "577a9874-89fd-4f24-9dbd-b5034d0ad23a",
    actions: [`${registry}/read`, `${registry}/importImage/action`, `${registry}/pull/read`],
    // As of January 2025; later copies have data actions to read, too. What counts here is the least.
    dataActions: [],
  },
  {
    name: "AcrPull",
    id: "7f951dda-4ed3-4680-a7ca-43fe172d538d",
    actions: [`${registry}/pull/read`],
    dataActions: [],
  },
  {
    name: "AcrPush",
    id: "8311e382-0749-4cb8-b61a-304f252e45ec",
    actions: [`${registry}/pull/read`, `${registry}/push/write`],
    dataActions: [],
  },
  {
    name: "AcrDelete",
    id: "c2f4ef07-c644-48eb-af81-4b1b4947fb11",
    actions: [`${registry}/artifacts/delete`],
    dataActions: [],
  },
  {
    name: "Container Registry Repository Reader",
    id: "b93aa761-3e63-49ed-ac28-beffa264f7ac",
    actions: [],
    dataActions: [`${registry}/repositories/content/read`, `${registry}/repositories/metadata/read`],
  },
  {
    name: "Container Registry Repository Writer",
    id: "2a1e307c-b015-4ebd-883e-5b7698a07328",
    actions: [],
    dataActions: [
      `${registry}/repositories/content/read`,
      `${registry}/repositories/content/write`,
      `${registry}/repositories/metadata/read`,
      `${registry}/repositories/metadata/write`,
    ],
  },
  {
    name: "Container Registry Repository Contributor",
    id: "2efddaa5-3f1f-4df3-97df-af3f13818f4c",
    actions: [],
    dataActions: [
      `${registry}/repositories/content/read`,
      `${registry}/repositories/content/write`,
      `${registry}/repositories/content/delete`,
      `${registry}/repositories/metadata/read`,
      `${registry}/repositories/metadata/write`,
      `${registry}/repositories/metadata/delete`,
    ],
  },
  {
    name: "Container Registry Repository Catalog Lister",
    id: "bfdb9389-c9a5-478a-bb2f-ba9ca092c3c7",
    actions: [],
    dataActions: [`${registry}/catalog/read`],
  },
  {
    name: "Container Registry Cache Rule Administrator",
    id: "df87f177-bb12-4db1-9793-a413691eff94",
    actions: [
      `${registry}/cacheRules/read`,
      `${registry}/cacheRules/write`,
      `${registry}/cacheRules/delete`,
      `${registry}/cacheRules/operationStatuses/read`,
    ],
    dataActions: [],
  },
  {
    name: "Container Registry Credential Set Administrator",
    id: "f094fb07-0703-4400-ad6a-e16dd8000e14",
    actions: [
      `${registry}/credentialSets/read`,
      `${registry}/credentialSets/write`,
      `${registry}/credentialSets/delete`,
      `${registry}/credentialSets/operationStatuses/read`,
    ],
    dataActions: [],
  },
  {
    name: "Container Registry Tasks Contributor",
    id: "fb382eab-e894-4461-af04-94435c366c3f",
    // Those of its 24 that concern runs and pools.
    actions: [
      `${registry}/scheduleRun/action`,
      `${registry}/runs/read`,
      `${registry}/runs/listLogSasUrl/action`,
      `${registry}/runs/cancel/action`,
      `${registry}/agentpools/read`,
      `${registry}/agentpools/listQueueStatus/action`,
    ],
    dataActions: [],
  },
  {
    name: "Storage Blob Data Owner",
    id: "b7e6dc6d-f1e8-4753-8033-0f276bb0955b",
    actions: [`${storage}/blobServices/containers/*`],
    dataActions: [`${storage}/blobServices/containers/blobs/*`],
  },
  {
    name: "Storage Blob Data Contributor",
    id: "ba92f5b4-2d11-453d-a403-e96b0029c9fe",
    actions: [
      `${storage}/blobServices/containers/read`,
      `${storage}/blobServices/containers/write`,
      `${storage}/blobServices/containers/delete`,
    ],
    dataActions: [
      `${storage}/blobServices/containers/blobs/read`,
      `${storage}/blobServices/containers/blobs/write`,
      `${storage}/blobServices/containers/blobs/delete`,
      `${storage}/blobServices/containers/blobs/add/action`,
      `${storage}/blobServices/containers/blobs/move/action`,
    ],
  },
  {
    name: "Storage Queue Data Contributor",
    id: "974c5e8b-45b9-4653-ba55-5f855dd0fb88",
    actions: [
      `${storage}/queueServices/queues/read`,
      `${storage}/queueServices/queues/write`,
      `${storage}/queueServices/queues/delete`,
    ],
    dataActions: [
      `${storage}/queueServices/queues/messages/read`,
      `${storage}/queueServices/queues/messages/write`,
      `${storage}/queueServices/queues/messages/delete`,
      `${storage}/queueServices/queues/messages/process/action`,
    ],
  },
  {
    name: "Storage Table Data Contributor",
    id: "0a9a7e1f-b9d0-4cc4-a60d-0319b160aaa3",
    actions: [
      `${storage}/tableServices/tables/read`,
      `${storage}/tableServices/tables/write`,
      `${storage}/tableServices/tables/delete`,
    ],
    dataActions: [
      `${storage}/tableServices/tables/entities/read`,
      `${storage}/tableServices/tables/entities/write`,
      `${storage}/tableServices/tables/entities/delete`,
      `${storage}/tableServices/tables/entities/add/action`,
      `${storage}/tableServices/tables/entities/update/action`,
    ],
  },
  {
    name: "Monitoring Metrics Publisher",
    id: "3913510d-42f4-4e42-8a64-420c390055eb",
    actions: [],
    dataActions: ["Microsoft.Insights/Metrics/Write", "Microsoft.Insights/Telemetry/Write"],
  },
  {
    name: "Key Vault Secrets User",
    id: "4633458b-17de-408a-b874-0445c86b69e6",
    actions: [],
    dataActions: [
      "Microsoft.KeyVault/vaults/secrets/getSecret/action",
      "Microsoft.KeyVault/vaults/secrets/readMetadata/action",
    ],
  },
];

export function builtInRole(name: string): BuiltInRole {
  const role = builtInRoles.find((each) => each.name === name);
  if (role === undefined) throw new Error(`no built-in role is called ${name}`);
  return role;
}

/** What infra/registry-roles.json says, which the template assigns from. */
export interface RegistryRoles {
  readonly builtIn: readonly { readonly feature: string; readonly name: string; readonly id: string }[];
  readonly custom: readonly (AzureRole & {
    readonly feature: string;
    readonly key: string;
    readonly description: string;
  })[];
}

const infra = join(import.meta.dirname, "..", "..", "infra");
export const registryRoles = JSON.parse(
  readFileSync(join(infra, "registry-roles.json"), "utf8"),
) as RegistryRoles;

/** The roles at the registry with this feature on, and nothing else. */
export function rolesWith(feature: string): readonly AzureRole[] {
  const on = new Set(["always", feature]);
  const { builtIn, custom } = registryRoles;
  return [
    ...builtIn.filter((role) => on.has(role.feature)).map(({ name }) => builtInRole(name)),
    ...custom.filter((role) => on.has(role.feature)),
  ];
}

/** Whether one of the roles allows it. Azure compares without regard to case. */
export function allow(
  roles: readonly AzureRole[],
  kind: "actions" | "dataActions",
  permission: string,
): boolean {
  return roles.some((role) => role[kind].some((each) => each.toLowerCase() === permission.toLowerCase()));
}
