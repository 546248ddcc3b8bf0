import { Failure } from "../model/failure.ts";
import type { Scope } from "../registry/authorizer.ts";
import type { AuthMember, AuthPorts } from "./auth-member.ts";
import { basicHeader } from "./basic-header.ts";
import { parseRealm, type Realm } from "./realm.ts";
import { largestTokenAnswer, parseTokenAnswer } from "./token-answer.ts";
import { createTokenCache, type Token } from "./token-cache.ts";

/** Tokens of a token service, by GET, with or without a credential. Source: distribution, spec/auth/token. */
export const bearer: AuthMember = {
  kind: "bearer",
  accepts: (challenge, identity) => challenge.scheme === "bearer" && identity.kind !== "entra",
  create(challenge, ports) {
    let realm = parseRealm(challenge, ports);
    const cache = createTokenCache(ports.now);

    return {
      // Also for repositories that were never challenged: one request instead of a 401 first.
      authorization: (scopes, signal) => tokenFor(scopes, { asked: scopes, signal }),
      renew(renewed, { scopes, signal }) {
        realm = parseRealm(renewed, ports);
        cache.forget(keyOf(scopes));
        return tokenFor(scopes, { asked: [...new Set([...scopes, ...realm.scopes])], signal });
      },
    };

    async function tokenFor(
      scopes: readonly Scope[],
      { asked, signal }: { asked: readonly Scope[]; signal: AbortSignal },
    ): Promise<string> {
      const fetch = (fetchSignal: AbortSignal) =>
        fetchToken(ports, { realm, scopes: asked, signal: fetchSignal });
      return `Bearer ${await cache.get(keyOf(scopes), { fetch, signal })}`;
    }

    function keyOf(scopes: readonly Scope[]): string {
      return [realm.url.href, realm.service ?? "", ...scopes].join("\n");
    }
  },
};

async function fetchToken(
  ports: AuthPorts,
  { realm, scopes, signal }: { realm: Realm; scopes: readonly Scope[]; signal: AbortSignal },
): Promise<Token> {
  const url = new URL(realm.url);
  if (realm.service !== undefined) url.searchParams.append("service", realm.service);
  for (const scope of scopes) url.searchParams.append("scope", scope);
  const authorization = await credentialFor(ports, realm);
  const answer = await ports.http.read({
    method: "GET",
    url,
    headers: { accept: "application/json", ...(authorization === undefined ? {} : { authorization }) },
    maxBytes: largestTokenAnswer,
    signal,
  });
  // Both names are in use: https://distribution.github.io/distribution/spec/auth/token/
  return parseTokenAnswer(answer, { names: ["token", "access_token"], method: "GET", now: ports.now });
}

async function credentialFor({ identity, host }: AuthPorts, realm: Realm): Promise<string | undefined> {
  if (identity.kind !== "password") return undefined;
  if (realm.trust === "credentials") return basicHeader(await identity.credential());
  throw new Failure(
    "blocked",
    `${host} wants its credential to be sent to ${realm.url.host}, which is not pinned for it: use it without a credential, or pin that host in shared/registry/hosts.ts`,
    { context: { host, realm: realm.url.host } },
  );
}
