import { Failure } from "../model/failure.ts";
import { azureAdvice } from "../registry/azure-advice.ts";
import type { AuthMember, AuthPorts } from "./auth-member.ts";
import { scopesOf, serviceOf } from "./realm.ts";
import { largestTokenAnswer, parseTokenAnswer } from "./token-answer.ts";
import { createTokenCache, type Token } from "./token-cache.ts";

/**
 * Entra ID at Azure Container Registry: an Entra token is exchanged for the registry's refresh token, and that for
 * access tokens. Both go to the registry's own origin, whatever realm its challenge names.
 * Source: https://github.com/Azure/acr/blob/main/docs/AAD-OAuth.md
 */
export const acr: AuthMember = {
  kind: "acr",
  accepts: (challenge, identity) => challenge.scheme === "bearer" && identity.kind === "entra",
  create(challenge, ports) {
    const service = serviceOf(challenge) ?? ports.host;
    const cache = createTokenCache(ports.now);
    const accessKey = (scopes: readonly string[]) => ["access", ...scopes].join("\n");

    const refreshToken = (scopes: readonly string[], signal: AbortSignal) =>
      cache.get("refresh", { fetch: (fetchSignal) => exchange(scopes, fetchSignal), signal });

    return {
      authorization: (scopes, signal) => accessToken(scopes, { asked: scopes, signal }),
      renew(renewed, { scopes, signal }) {
        cache.forget(accessKey(scopes));
        return accessToken(scopes, { asked: [...new Set([...scopes, ...scopesOf(renewed)])], signal });
      },
    };

    async function accessToken(
      scopes: readonly string[],
      { asked, signal }: { asked: readonly string[]; signal: AbortSignal },
    ): Promise<string> {
      const fetch = (fetchSignal: AbortSignal) => access(asked, fetchSignal);
      return `Bearer ${await cache.get(accessKey(scopes), { fetch, signal })}`;
    }

    /** Whoever has no role at the registry at all gets none; `scopes` are for the message. */
    async function exchange(scopes: readonly string[], signal: AbortSignal): Promise<Token> {
      const form = new URLSearchParams({ grant_type: "access_token", service });
      form.set("access_token", await entraToken(ports, signal));
      const request = { path: "/oauth2/exchange", form, name: "refresh_token", scopes, signal };
      const token = await post(ports, request);
      return { ...token, expiresInSeconds: refreshLifeSeconds };
    }

    async function access(scopes: readonly string[], signal: AbortSignal): Promise<Token> {
      const form = new URLSearchParams({ grant_type: "refresh_token", service, scope: scopes.join(" ") });
      form.set("refresh_token", await refreshToken(scopes, signal));
      try {
        return await post(ports, { path: "/oauth2/token", form, name: "access_token", scopes, signal });
      } catch (error) {
        if (error instanceof Failure && error.code === "unauthorized") cache.forget("refresh");
        throw error;
      }
    }
  },
};

/** They live for three hours; the answer does not say. */
const refreshLifeSeconds = 3600;

async function post(
  { host, origin, http, now }: AuthPorts,
  request: {
    path: string;
    form: URLSearchParams;
    name: string;
    scopes: readonly string[];
    signal: AbortSignal;
  },
): Promise<Token> {
  const answer = await http.read({
    method: "POST",
    url: new URL(request.path, origin),
    headers: { accept: "application/json", "content-type": "application/x-www-form-urlencoded" },
    body: request.form.toString(),
    maxBytes: largestTokenAnswer,
    signal: request.signal,
  });
  return parseTokenAnswer(answer, {
    names: [request.name],
    method: "POST",
    now,
    refused: azureAdvice(host, request.scopes),
  });
}

function entraToken({ identity, host }: AuthPorts, signal: AbortSignal): Promise<string> {
  if (identity.kind === "entra") return identity.getToken(signal);
  throw new Failure("unauthorized", `${host} needs an Entra ID token`);
}
