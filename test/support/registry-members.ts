import type { AccessOptions } from "../../local/registry/access/access.ts";

/** Every kind of access; the registry behind it must behave the same with each. */
export const registryMembers: readonly AccessOptions[] = [
  { kind: "anonymous" },
  { kind: "basic", username: "ops", password: "pass:word" },
  { kind: "acr", acceptsEntraToken: (token) => token === "entra" },
];
