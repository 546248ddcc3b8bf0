import type { HttpRequest } from "@azure/functions";
import type { App } from "../shared/app.ts";
import { Failure } from "../shared/model/failure.ts";

/** App roles of the Entra ID application, by their value; each may do all that those before it may. Docs: docs/http-api.md. */
export const roles = ["Reader", "Importer", "Approver", "Admin"] as const;

export type Role = (typeof roles)[number];

// Where Entra ID and App Service put app roles, short and mapped.
// https://learn.microsoft.com/azure/app-service/configure-authentication-user-identities#decoding-the-client-principal-header
const roleClaims = new Set(["roles", "http://schemas.microsoft.com/ws/2008/06/identity/claims/role"]);

/**
 * Throws `blocked` unless the caller has the role, or a higher one. Where a function key is all that is known of callers, it
 * stands for every role.
 */
export function requireRole({ callers }: Pick<App, "callers">, request: HttpRequest, role: Role): void {
  if (callers === "keyed") return;
  const principal = request.headers.get("x-ms-client-principal");
  if (principal === null) {
    throw new Failure("blocked", `Sign in first: this needs the app role ${role}, and nobody is signed in`);
  }
  const has = rolesOf(principal);
  if (roles.slice(roles.indexOf(role)).some((each) => has.includes(each))) return;
  const known = has.filter((each) => roles.some((name) => name === each));
  throw new Failure(
    "blocked",
    `This needs the app role ${role}, and you have ${known.length === 0 ? "none" : known.join(", ")}: have it assigned to you in the Entra ID application`,
  );
}

/** App Service sets the header itself and removes a caller's own: base64 of JSON with the token's claims. */
function rolesOf(principal: string): readonly string[] {
  try {
    const { claims } = JSON.parse(Buffer.from(principal, "base64").toString("utf8")) as { claims?: unknown };
    if (!Array.isArray(claims)) return [];
    return claims.flatMap((claim: unknown) => {
      const { typ, val } = (claim ?? {}) as { readonly typ?: unknown; readonly val?: unknown };
      return typeof typ === "string" && roleClaims.has(typ) && typeof val === "string" ? [val] : [];
    });
  } catch {
    return [];
  }
}
