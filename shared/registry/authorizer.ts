import type { Challenge } from "../http/challenge.ts";

/** What a request needs to be allowed: `repository:library/nginx:pull`. Source: distribution, spec/auth/scope. */
export type Scope = string;

export type Access = "pull" | "pull,push";

export function repositoryScope(repository: string, access: Access): Scope {
  return `repository:${repository}:${access}`;
}

/** Gives the Authorization header for requests to one registry; the families' `auth` members implement it. */
export interface Authorizer {
  /** What is known to fit without asking the registry; undefined means try without. */
  authorization(scopes: readonly Scope[], signal: AbortSignal): Promise<string | undefined>;
  /**
   * Answers a 401: a new header to try once. Throws `unauthorized` when there is no way to answer, `blocked` when
   * answering would send a credential where it does not belong.
   */
  answer(
    challenges: readonly Challenge[],
    options: { readonly scopes: readonly Scope[]; readonly signal: AbortSignal },
  ): Promise<string>;
}
