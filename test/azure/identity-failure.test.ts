import { CredentialUnavailableError } from "@azure/identity";
import { describe, expect, it } from "vitest";
import { createAcr } from "../../shared/azure/acr.ts";
import { registryToken } from "../../shared/azure/registry-token.ts";
import { resourceId } from "../local/one-machine-arm.ts";
import { failureOf } from "../support/failures.ts";
import { never } from "../support/registries.ts";

/** As ManagedIdentityCredential of @azure/identity 4.14 wraps what MSAL throws. */
function unavailable(cause?: object): Error {
  return new CredentialUnavailableError(
    "ManagedIdentityCredential: …",
    cause && { cause: Object.assign(new Error("msal"), cause) },
  );
}

describe("no token of the app's identity, for ARM and for a registry:", () => {
  it.each([
    ["there is no identity", unavailable(), "unauthorized", false],
    ["none is assigned", unavailable({ status: 400 }), "unauthorized", false],
    ["its endpoint is down", unavailable({ status: 503 }), "unavailable", true],
    ["its endpoint wants to be asked less often", unavailable({ status: 429 }), "rate-limited", true],
    ["its endpoint cannot be reached", unavailable({ errorCode: "network_error" }), "network", true],
  ] as const)("%s", async (_name, error, code, transient) => {
    const credential = { getToken: () => Promise.reject(error) };
    const acr = createAcr({ resourceId, credential, armEndpoint: "https://127.0.0.1:1" });
    for (const ask of [() => acr.describe(never), () => registryToken(credential, never)])
      expect(await failureOf(ask, code)).toMatchObject({ transient });
  });
});
