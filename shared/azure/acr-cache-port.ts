/** What a registry fills by itself from upstream: cache rules, and the credential sets that they log in with. */
export interface AcrCache {
  /** Undefined when there is no rule of that name. */
  getCacheRule(name: string, signal: AbortSignal): Promise<AcrCacheRule | undefined>;

  /** All of them: 1,000 at most. */
  listCacheRules(signal: AbortSignal): Promise<readonly AcrCacheRule[]>;

  /** Begins to make a rule; `getCacheRule` tells when it is there. Throws what the service refuses. */
  createCacheRule(rule: NewCacheRule, signal: AbortSignal): Promise<void>;

  /** Gives a rule another credential set, the only thing of it that can change. */
  changeCacheRule(rule: Pick<NewCacheRule, "name" | "credentialSet">, signal: AbortSignal): Promise<void>;

  getCredentialSet(name: string, signal: AbortSignal): Promise<AcrCredentialSet | undefined>;

  /** Begins to make a credential set with an identity of its own. */
  createCredentialSet(set: NewCredentialSet, signal: AbortSignal): Promise<void>;

  /** Gives a credential set other secrets; its registry cannot change. */
  changeCredentialSet(set: NewCredentialSet, signal: AbortSignal): Promise<void>;
}

export interface NewCacheRule {
  /** 5 to 50 letters, digits or hyphens. */
  readonly name: string;
  /** `docker.io/library/nginx`. */
  readonly source: string;
  /** `mirror/nginx`. */
  readonly target: string;
  /** Name of a credential set of the same registry. */
  readonly credentialSet?: string;
}

/** `source` and `target` may end in `*`, where people made the rule. */
export interface AcrCacheRule extends NewCacheRule {
  readonly state: AcrResourceState;
}

export interface NewCredentialSet {
  /** 5 to 50 letters, digits or hyphens. */
  readonly name: string;
  /** `docker.io`. */
  readonly loginServer: string;
  /** Identifiers of Key Vault secrets: `https://myvault.vault.azure.net/secrets/name`. */
  readonly usernameSecret: string;
  readonly passwordSecret: string;
}

export interface AcrCredentialSet extends NewCredentialSet {
  readonly state: AcrResourceState;
  /** Object id of its own identity, which reads the secrets. */
  readonly principalId?: string;
  /** What the service says of the credentials, made printable; absent as long as it has nothing against them. */
  readonly unhealthy?: string;
}

/** `changing`: being made, changed or removed. */
export type AcrResourceState = "changing" | "ready" | "failed";
