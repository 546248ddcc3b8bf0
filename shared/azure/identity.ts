import type { TokenCredential } from "@azure/identity";

/**
 * `managed-identity` where the host offers IDENTITY_ENDPOINT; `default` tries what a developer has signed in
 * with.
 */
export interface CredentialOptions {
  readonly source: "managed-identity" | "default";
  /** Client id of a user-assigned identity; the system-assigned one when absent. */
  readonly clientId?: string;
}

/**
 * The app's Entra identity. Nothing is loaded before the first token is asked for: @azure/identity costs more
 * start-up time than all of the app's own modules.
 */
export function createCredential(options: CredentialOptions): TokenCredential {
  let opening: Promise<TokenCredential> | undefined;
  return {
    async getToken(scopes, tokenOptions) {
      opening ??= open(options);
      return (await opening).getToken(scopes, tokenOptions);
    },
  };
}

async function open({ source, clientId }: CredentialOptions): Promise<TokenCredential> {
  const { DefaultAzureCredential, ManagedIdentityCredential } = await import("@azure/identity");
  if (source === "managed-identity") {
    return clientId === undefined
      ? new ManagedIdentityCredential()
      : new ManagedIdentityCredential({ clientId });
  }
  return clientId === undefined
    ? new DefaultAzureCredential()
    : new DefaultAzureCredential({ managedIdentityClientId: clientId });
}
