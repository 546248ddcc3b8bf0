import type { Challenge } from "../http/challenge.ts";

/** What a request needs to be allowed: `repository:library/nginx:pull`. Source: distribution, spec/auth/scope. */
export type Scope = string;

/** The last three are ACR's own: https://learn.microsoft.com/azure/container-registry/container-registry-token-based-repository-permissions */
export type Access = "pull" | "pull,push" | "delete" | "metadata_read" | "metadata_write,metadata_read";

export function repositoryScope(repository: string, access: Access): Scope {
  return `repository:${repository}:${access}`;
}

/** Gives the Authorization header for requests to one registry; the families' `auth` members implement it. */
export interface Authorizer {
  /** Scopes that will soon be asked for, one by one: where it can, it gets them many at a time. */
  prepare(scopes: readonly Scope[]): void;
  /**
   * What is known to fit without asking the registry; undefined means try without. The first request to a registry goes
   * alone, and what it is told serves those that wait here until `settle`.
   */
  authorization(scopes: readonly Scope[], signal: AbortSignal): Promise<string | undefined>;
  /**
   * Answers a 401: a new header to try once. Throws `unauthorized` when there is no way to answer, `blocked` when
   * answering would send a credential where it does not belong.
   */
  answer(challenges: readonly Challenge[], options: Refused): Promise<string>;
  /**
   * Where a header did not do: whether it was for more than these scopes, which may be why. From now on they are asked for
   * alone. `refused` is a 401, `forbidden` a 403.
   */
  narrow(scopes: readonly Scope[], why: "refused" | "forbidden"): boolean;
  /** To be called once for each `authorization`, when the registry has answered, or could not be asked. */
  settle(outcome: "answered" | "failed"): void;
}

export interface Refused {
  readonly scopes: readonly Scope[];
  /** The header that was refused, if one was sent. */
  readonly refused: string | undefined;
  readonly signal: AbortSignal;
}
