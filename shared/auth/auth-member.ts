import type { Challenge } from "../http/challenge.ts";
import type { HttpClient } from "../http/client.ts";
import type { Clock } from "../model/clock.ts";
import type { Credential } from "../model/credential.ts";
import type { Refused, Scope } from "../registry/authorizer.ts";

/** Who we are to one registry. Secrets are fetched when a challenge needs them, and kept nowhere else. */
export type Identity =
  | { readonly kind: "anonymous" }
  | { readonly kind: "password"; credential(refused?: Credential): Promise<Credential> }
  | { readonly kind: "entra"; getToken(signal: AbortSignal): Promise<string> };

/** The ways in which known registries depart from the token specification. */
export interface Quirks {
  readonly laterRealms?: "ignored";
  readonly challengeScope?: "ignored";
  readonly scopesPerToken?: "one";
}

export interface AuthPorts {
  /** As in references. */
  readonly host: string;
  /** Of the registry's API: `https://registry-1.docker.io`. */
  readonly origin: string;
  readonly http: HttpClient;
  readonly identity: Identity;
  /** Hosts beside the registry's own whose token service may be given its credentials, as URLs have them. */
  readonly tokenHosts: readonly string[];
  /** What is special about its challenges and tokens, as known of its host. */
  readonly quirks: Quirks;
  readonly now: Clock;
}

/** Answers the challenges of one registry in one way. */
export interface Responder {
  /** Scopes that will soon be asked for, one by one. */
  prepare?(scopes: readonly Scope[]): void;
  /** As `Authorizer.narrow`. */
  narrow?(scopes: readonly Scope[], why: "refused" | "forbidden"): boolean;
  /** The Authorization header for these scopes, from memory where it still holds. */
  authorization(scopes: readonly Scope[], signal: AbortSignal): Promise<string>;
  /** After a 401: forgets what was refused and takes in what the new challenge says. */
  renew(challenge: Challenge, options: Refused): Promise<string>;
}

/** A way to sign in at registries. */
export interface AuthMember {
  readonly kind: string;
  accepts(challenge: Challenge, identity: Identity): boolean;
  /** Throws `blocked` when the challenge leads where it must not. */
  create(challenge: Challenge, ports: AuthPorts): Responder;
}
