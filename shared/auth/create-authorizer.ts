import type { Challenge } from "../http/challenge.ts";
import { Failure } from "../model/failure.ts";
import type { Authorizer } from "../registry/authorizer.ts";
import type { AuthMember, AuthPorts, Responder } from "./auth-member.ts";
import { authMembers } from "./members.ts";

/** Chooses a member by the registry's first challenge, and stays with it until another kind of challenge comes. */
export function createAuthorizer(ports: AuthPorts): Authorizer {
  let current: { readonly member: AuthMember; readonly responder: Responder } | undefined;

  return {
    authorization: async (scopes, signal) => current?.responder.authorization(scopes, signal),
    async answer(challenges, options) {
      const { member, challenge } = choose(challenges);
      if (current?.member !== member) current = { member, responder: member.create(challenge, ports) };
      return current.responder.renew(challenge, options);
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
