import type { IncomingMessage, ServerResponse } from "node:http";
import type { RepositoryName } from "../names.ts";

/** Who may do what. */
export type AccessOptions =
  | { readonly kind: "anonymous" }
  | { readonly kind: "basic"; readonly username: string; readonly password: string }
  | AcrAccessOptions;

/**
 * Behaves as Azure Container Registry: bearer tokens from `/oauth2/exchange` and `/oauth2/token`, anonymous pull as with
 * `anonymousPullEnabled`, never anonymous push.
 */
export interface AcrAccessOptions {
  readonly kind: "acr";
  /** Whether an Entra access token is to be exchanged for the registry's own; it then may do all. */
  acceptsEntraToken(token: string): boolean | Promise<boolean>;
  /** The admin user, who may do all. Without it there is none. */
  readonly admin?: { readonly username: string; readonly password: string };
}

export type Action = "pull" | "push" | "delete" | "metadata_read" | "metadata_write";

/** What a request needs to be allowed. */
export type Need =
  | { readonly kind: "identity" }
  | { readonly kind: "catalog" }
  | { readonly kind: "repository"; readonly repository: RepositoryName; readonly action: Action };

export type Verdict =
  | { readonly kind: "granted" }
  /** 401, with the value of WWW-Authenticate. */
  | { readonly kind: "challenge"; readonly header: string };

export interface Access {
  authorize(request: IncomingMessage, need: Need): Verdict;
  /** Answers a path of its own, such as a token endpoint; false when it is not one. */
  answer(request: IncomingMessage, response: ServerResponse): Promise<boolean>;
}
