import { Failure } from "../model/failure.ts";
import type { Scope } from "../registry/authorizer.ts";
import type { AuthMember } from "./auth-member.ts";
import { parseRealm } from "./realm.ts";
import { createScopeGroups } from "./scope-groups.ts";
import { createTokenCache } from "./token-cache.ts";
import { createTokenRequest } from "./token-request.ts";

/**
 * Tokens of a token service, with or without a credential. A token for several repositories at once saves as many
 * requests; where a service does not grant that, it is asked for one at a time.
 * Source: distribution, spec/auth/token.
 */
export const bearer: AuthMember = {
  kind: "bearer",
  accepts: (challenge, identity) => challenge.scheme === "bearer" && identity.kind !== "entra",
  create(challenge, ports) {
    const { quirks } = ports;
    let realm = parseRealm(challenge, ports);
    const cache = createTokenCache(ports.now);
    const requestToken = createTokenRequest(ports);
    const groups = createScopeGroups();

    return {
      prepare(scopes) {
        if (quirks.scopesPerToken === undefined) groups.add(scopes);
      },
      // Also for repositories that were never challenged: one request instead of a 401 first.
      authorization,
      renew(renewed, { scopes, refused, signal }) {
        const latest = parseRealm(renewed, ports);
        realm = quirks.laterRealms === undefined ? latest : { ...realm, scopes: latest.scopes };
        const asked = [...new Set([...scopes, ...realm.scopes])];
        const more = asked.length > scopes.length;
        // What has run out was no worse for being one for many.
        const tooLittle = refused !== undefined && renewed.parameters.get("error") !== "invalid_token";
        if (more || tooLittle) groups.part(scopes, "refused");
        cache.forget(keyOf(groups.of(scopes)), more ? undefined : refused?.slice("Bearer ".length));
        return more ? tokenFor(scopes, { asked, signal }) : authorization(scopes, signal);
      },
      narrow: (scopes, why) => groups.part(scopes, why),
    };

    async function authorization(scopes: readonly Scope[], signal: AbortSignal): Promise<string> {
      const group = groups.of(scopes);
      try {
        return await tokenFor(group, { asked: group, signal });
      } catch (error) {
        if (group.length === scopes.length || !isRefusal(error)) throw error;
        groups.split(group);
        return authorization(scopes, signal);
      }
    }

    async function tokenFor(
      scopes: readonly Scope[],
      { asked, signal }: { asked: readonly Scope[]; signal: AbortSignal },
    ): Promise<string> {
      const fetch = (fetchSignal: AbortSignal) => {
        const token = requestToken({ realm, scopes: asked, signal: fetchSignal });
        const next = groups.after(scopes);
        // Whoever needs that one will not have to wait for it; should it fail, they are told by asking again.
        if (next !== undefined) void tokenFor(next, { asked: next, signal: fetchSignal }).catch(() => {});
        return token;
      };
      return `Bearer ${await cache.get(keyOf(scopes), { fetch, signal })}`;
    }

    function keyOf(scopes: readonly Scope[]): string {
      return [realm.url.href, realm.service ?? "", ...scopes].join("\n");
    }
  },
};

/** Whether another set of scopes may fare better: not when nobody answers, nor where nothing may be sent. */
function isRefusal(error: unknown): boolean {
  return error instanceof Failure && !error.transient && error.code !== "blocked";
}
