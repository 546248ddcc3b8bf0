/** Something that an identity must be allowed to do at an Azure Container Registry. */
export type AcrRight =
  | "import"
  | "pull"
  | "catalog"
  | "push"
  | "delete"
  | "lock"
  | "cache-rule"
  | "credential-set"
  | "run";

/** Who gives a right. infra/registry-roles.json has what the deployment assigns, docs/deploy-azure.md the whole table. */
export interface AcrGrant {
  /** The parameter of infra/main.bicep that has roles with it assigned; absent for what every deployment has. */
  readonly parameter?: string;
  /** A built-in role that allows it. */
  readonly role?: string;
  /** The permission to put into a role of one's own, where no built-in one fits. */
  readonly action?: string;
  /** The built-in role in registries of the mode "RBAC Registry + ABAC Repository Permissions", where the others do not count. */
  readonly abacRole?: string;
}

// https://learn.microsoft.com/azure/container-registry/container-registry-rbac-built-in-roles-directory-reference
export const acrGrants: Readonly<Record<AcrRight, AcrGrant>> = {
  import: { role: "Container Registry Data Importer and Data Reader" },
  pull: { role: "AcrPull", abacRole: "Container Registry Repository Reader" },
  catalog: { role: "AcrPull", abacRole: "Container Registry Repository Catalog Lister" },
  push: { parameter: "allowPush", role: "AcrPush", abacRole: "Container Registry Repository Writer" },
  delete: {
    parameter: "allowDeletes",
    role: "AcrDelete",
    abacRole: "Container Registry Repository Contributor",
  },
  lock: {
    parameter: "allowLocks",
    action: "Microsoft.ContainerRegistry/registries/metadata/write",
    abacRole: "Container Registry Repository Writer",
  },
  "cache-rule": { parameter: "cacheRules", role: "Container Registry Cache Rule Administrator" },
  "credential-set": {
    parameter: "cacheCredentialSets",
    role: "Container Registry Credential Set Administrator",
  },
  run: { parameter: "agentPool", role: "Container Registry Tasks Contributor" },
};

/** Which role is missing, for a message: `give the app's identity the role "AcrPush" on the registry (…)`. */
export function grantAdvice(right: AcrRight, who = "the app's identity"): string {
  const { parameter, role, action, abacRole } = acrGrants[right];
  const notes = [
    ...(abacRole === undefined ? [] : [`"${abacRole}" where it has repository permissions (ABAC)`]),
    ...(parameter === undefined ? [] : [`the parameter ${parameter} of infra/main.bicep does it`]),
  ];
  const what = role === undefined ? `a role with ${action}` : `the role "${role}"`;
  return `give ${who} ${what} on the registry${notes.length === 0 ? "" : ` (${notes.join("; ")})`}`;
}
