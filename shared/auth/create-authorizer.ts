import type { Challenge } from "../http/challenge.ts";
import { Failure } from "../model/failure.ts";
import type { Authorizer, Scope } from "../registry/authorizer.ts";
import type { AuthMember, AuthPorts, Responder } from "./auth-member.ts";
import { authMembers } from "./members.ts";
import { orAborted } from "./token-cache.ts";

/**
 * Chooses a member by the registry's first challenge, and stays with it until another kind of challenge comes. While the
 * first request is under way others wait for what it learns: one 401 for all, not one for each.
 */
export function createAuthorizer(ports: AuthPorts): Authorizer {
  let current: { readonly member: AuthMember; readonly responder: Responder } | undefined;
  let met = false;
  let first: PromiseWithResolvers<void> | undefined;
  let prepared: readonly Scope[] = [];

  return {
    prepare(scopes) {
      if (current === undefined) prepared = [...new Set([...prepared, ...scopes])];
      else current.responder.prepare?.(scopes);
    },

    async authorization(scopes, signal) {
      if (current === undefined && !met) {
        if (first === undefined) {
          first = Promise.withResolvers();
          return undefined;
        }
        await orAborted(first.promise, signal);
      }
      return current?.responder.authorization(scopes, signal);
    },

    async answer(challenges, options) {
      const { member, challenge } = choose(challenges);
      if (current?.member !== member) {
        current = { member, responder: member.create(challenge, ports) };
        current.responder.prepare?.(prepared);
        prepared = [];
      }
      return current.responder.renew(challenge, options);
    },

    narrow: (scopes, why) => current?.responder.narrow?.(scopes, why) ?? false,

    settle(outcome) {
      met ||= outcome === "answered";
      first?.resolve();
      first = undefined;
    },
  };

  function choose(challenges: readonly Challenge[]): { member: AuthMember; challenge: Challenge } {
    for (const member of authMembers) {
      const challenge = challenges.find((candidate) => member.accepts(candidate, ports.identity));
      if (challenge !== undefined) return { member, challenge };
    }
    const offered = challenges.map(({ scheme }) => scheme).join(", ") || "no way to sign in";
    throw new Failure(
      "unauthorized",
      ports.identity.kind === "anonymous"
        ? `${ports.host} cannot be read without a credential (it offers ${offered}): name one for it`
        : `${ports.host} offers ${offered}, which does not fit the credential given for it`,
      { context: { host: ports.host } },
    );
  }
}
