import type { TokenCredential } from "@azure/identity";
import { Failure } from "../model/failure.ts";
import { identityFailureCode } from "./identity-failure.ts";

// The audience that Azure Container Registry takes in every cloud.
// https://learn.microsoft.com/azure/container-registry/container-registry-disable-authentication-as-arm
const registryScope = "https://containerregistry.azure.net/.default";

/** The app's Entra ID token for its registries. Throws `unauthorized` where there is none to be had. */
export async function registryToken(
  identity: Pick<TokenCredential, "getToken">,
  signal: AbortSignal,
): Promise<string> {
  const question = "the app's Entra ID identity gave no token: is a managed identity assigned to the app?";
  try {
    const token = await identity.getToken(registryScope, { abortSignal: signal });
    if (token !== null) return token.token;
  } catch (cause) {
    if (signal.aborted) throw cause;
    const code = identityFailureCode(cause);
    if (code === "unauthorized") throw new Failure(code, question, { cause });
    throw new Failure(code, "the app's Entra ID identity gives no token at this moment", { cause });
  }
  throw new Failure("unauthorized", question);
}
