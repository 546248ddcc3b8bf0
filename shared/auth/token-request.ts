import type { HttpAnswer } from "../http/client.ts";
import { type Credential, sameCredential } from "../model/credential.ts";
import { Failure } from "../model/failure.ts";
import type { Scope } from "../registry/authorizer.ts";
import type { AuthPorts } from "./auth-member.ts";
import { basicHeader } from "./basic-header.ts";
import type { Realm } from "./realm.ts";
import { largestTokenAnswer, parseTokenAnswer } from "./token-answer.ts";
import type { Token } from "./token-cache.ts";

interface Wanted {
  readonly realm: Realm;
  readonly scopes: readonly Scope[];
  readonly signal: AbortSignal;
}

/** How a token service that knows OAuth 2 alone answers a GET. */
const notByGet: readonly number[] = [404, 405, 501];

/**
 * Asks one registry's token services: by GET, which all of them know but few that speak OAuth 2 alone; a refresh token by
 * POST. A credential that is refused is read anew once: it may have been rotated.
 * Sources: distribution, spec/auth/token and spec/auth/oauth.
 */
export function createTokenRequest(ports: AuthPorts): (wanted: Wanted) => Promise<Token> {
  const { identity, http, now } = ports;
  let byGet: "yes" | "no" = "yes";

  return async (wanted) => {
    const credential = await credentialFor(ports, wanted.realm);
    try {
      return await ask(wanted, credential);
    } catch (error) {
      const turnedAway = error instanceof Failure && error.code === "unauthorized";
      if (!turnedAway || credential === undefined || identity.kind !== "password") throw error;
      const present = await identity.credential(credential);
      if (sameCredential(present, credential)) throw error;
      return ask(wanted, present);
    }
  };

  async function ask(wanted: Wanted, credential: Credential | undefined): Promise<Token> {
    const login = credential !== undefined && credential.grant === undefined;
    if (credential === undefined || (login && byGet === "yes")) {
      const answer = await get(wanted, credential);
      if (!login || !notByGet.includes(answer.status)) return tokenOf(answer, "GET");
      byGet = "no";
    }
    return tokenOf(await post(wanted, credential), "POST");
  }

  function get({ realm, scopes, signal }: Wanted, credential: Credential | undefined): Promise<HttpAnswer> {
    const url = new URL(realm.url);
    if (realm.service !== undefined) url.searchParams.append("service", realm.service);
    for (const scope of scopes) url.searchParams.append("scope", scope);
    const authorization = credential === undefined ? {} : { authorization: basicHeader(credential) };
    const headers = { accept: "application/json", ...authorization };
    return http.read({ method: "GET", url, headers, maxBytes: largestTokenAnswer, signal });
  }

  function post({ realm, scopes, signal }: Wanted, credential: Credential): Promise<HttpAnswer> {
    const { username, password, grant = "password" } = credential;
    const form = new URLSearchParams({
      grant_type: grant,
      client_id: "wharfgate",
      access_type: "online",
      scope: scopes.join(" "),
      ...(realm.service === undefined ? {} : { service: realm.service }),
      ...(grant === "password" ? { username, password } : { refresh_token: password }),
    });
    const headers = { accept: "application/json", "content-type": "application/x-www-form-urlencoded" };
    const body = form.toString();
    return http.read({ method: "POST", url: realm.url, headers, body, maxBytes: largestTokenAnswer, signal });
  }

  /** Both names are in use: https://distribution.github.io/distribution/spec/auth/token/ */
  function tokenOf(answer: HttpAnswer, method: "GET" | "POST"): Token {
    return parseTokenAnswer(answer, { names: ["token", "access_token"], method, now });
  }
}

async function credentialFor({ identity, host }: AuthPorts, realm: Realm): Promise<Credential | undefined> {
  if (identity.kind !== "password") return undefined;
  if (realm.trust === "credentials") return identity.credential();
  throw new Failure(
    "blocked",
    `${host} wants its credential to be sent to ${realm.url.host}, which is not pinned for it: use it without a credential, or, if that is its token service, set WHARFGATE_TOKEN_HOSTS="${host}=${realm.url.host}"`,
    { context: { host, realm: realm.url.host } },
  );
}
