import { type AcrRight, grantAdvice } from "../azure/acr-rights.ts";
import type { Access, Scope } from "./authorizer.ts";
import { knownRegistry } from "./hosts.ts";

const rights: Readonly<Record<Access | "*", AcrRight>> = {
  pull: "pull",
  // In registries without repository permissions whoever may pull may read attributes too.
  metadata_read: "pull",
  "pull,push": "push",
  delete: "delete",
  "metadata_write,metadata_read": "lock",
  // registry:catalog:*
  "*": "catalog",
};

/**
 * Which role is missing where an Azure registry refuses a request for these scopes; undefined for other registries. Azure says 401
 * to whoever signed in and lacks a right, and names neither role nor permission.
 */
export function azureAdvice(host: string, scopes: readonly Scope[]): string | undefined {
  if (knownRegistry(host)?.roles?.is !== "azure") return undefined;
  const asked = scopes.flatMap((scope) => rightOf(scope) ?? []);
  // A mount asks to pull from one repository and to push to another.
  const right = asked.find((each) => each !== "pull") ?? asked[0];
  return right && grantAdvice(right, "the identity in use");
}

function rightOf(scope: Scope): AcrRight | undefined {
  const access = scope.slice(scope.lastIndexOf(":") + 1);
  return Object.entries(rights).find(([known]) => known === access)?.[1];
}
