import type { IncomingMessage, ServerResponse } from "node:http";
import type { Access, AcrAccessOptions, Need } from "./access.ts";
import { createAcrTokenEndpoints } from "./acr-token-endpoints.ts";
import { isSame, parseBasic } from "./basic.ts";
import { allows } from "./scope.ts";
import { createTokens, type Tokens } from "./token.ts";

/** See `AcrAccessOptions`. Source: azure/container-registry "Authentication protocol" (AAD-OAuth.md in Azure/acr). */
export function createAcrAccess(options: AcrAccessOptions): Access {
  const tokens = createTokens();
  const endpoints = createAcrTokenEndpoints(options, tokens);
  return {
    authorize(request, need) {
      const { authorization, host = "" } = request.headers;
      const basic = parseBasic(authorization);
      if (basic !== undefined && options.admin !== undefined && isSame(basic, options.admin)) {
        return { kind: "granted" };
      }
      const bearer = /^bearer +(\S+) *$/i.exec(authorization ?? "")?.[1];
      const problem = bearer === undefined ? undefined : problemOf(tokens, bearer, need);
      if (bearer !== undefined && problem === undefined) return { kind: "granted" };
      return { kind: "challenge", header: challenge(host, need, problem) };
    },
    async answer(request: IncomingMessage, response: ServerResponse) {
      return endpoints(request, response);
    },
  };
}

function problemOf(tokens: Tokens, bearer: string, need: Need): string | undefined {
  const claims = tokens.verify(bearer);
  if (claims?.use !== "access") return "invalid_token";
  if (need.kind === "identity") return undefined;
  return allows(claims.access, wantedBy(need)) ? undefined : "insufficient_scope";
}

function challenge(host: string, need: Need, problem: string | undefined): string {
  const parts = [`realm="http://${host}/oauth2/token"`, `service="${host}"`];
  if (need.kind !== "identity") {
    const { type, name, action } = wantedBy(need);
    parts.push(`scope="${type}:${name}:${withReading.get(action) ?? action}"`);
  }
  if (problem !== undefined) parts.push(`error="${problem}"`);
  return `Bearer ${parts.join(",")}`;
}

const withReading: ReadonlyMap<string, string> = new Map([
  ["push", "pull,push"],
  ["metadata_write", "metadata_write,metadata_read"],
]);

function wantedBy(need: Exclude<Need, { kind: "identity" }>): { type: string; name: string; action: string } {
  return need.kind === "catalog"
    ? { type: "registry", name: "catalog", action: "*" }
    : { type: "repository", name: need.repository, action: need.action };
}
