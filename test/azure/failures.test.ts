import { describe, expect, it } from "vitest";
import { azureFailure } from "../../shared/azure/failures.ts";

const refusal = (statusCode: number, code: string) => Object.assign(new Error("no"), { statusCode, code });

describe("what storage refuses", () => {
  it.each([
    ["tables", "Storage Table Data Contributor"],
    ["queues", "Storage Queue Data Contributor"],
    ["blobs", "Storage Blob Data Contributor"],
  ] as const)("for want of a role names it: %s", (service, role) => {
    const failure = azureFailure(refusal(403, "AuthorizationPermissionMismatch"), "writing", service);
    expect(failure.code).toBe("forbidden");
    expect(failure.message).toBe(
      `writing: storage answered 403 AuthorizationPermissionMismatch: give whoever runs this the role "${role}" on the storage account`,
    );
  });

  it.each([
    ["by a rule of the network, or for another reason", "AuthorizationFailure", "network rules"],
    ["because it takes no keys", "KeyBasedAuthenticationNotPermitted", "AzureWebJobsStorage__accountName"],
  ])("%s says what to look at", (_name, code, words) => {
    expect(azureFailure(refusal(403, code), "writing", "blobs").message).toContain(words);
  });

  it("for other reasons gets no advice on roles", () => {
    const { message } = azureFailure(refusal(409, "EntityAlreadyExists"), "writing", "tables");
    expect(message).toBe("writing: storage answered 409 EntityAlreadyExists");
  });
});
