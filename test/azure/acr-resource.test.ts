import { describe, expect, it } from "vitest";
import { parseAcrResourceId } from "../../shared/azure/acr-resource.ts";
import { resourceId } from "../local/one-machine-arm.ts";

describe("parseAcrResourceId", () => {
  it("takes the id apart", () => {
    expect(parseAcrResourceId(resourceId)).toEqual({
      id: resourceId,
      subscriptionId: "00000000-0000-0000-0000-000000000000",
      resourceGroup: "myResourceGroup",
      name: "myregistry",
    });
  });

  it("spells the segments as ARM does", () => {
    expect(parseAcrResourceId(resourceId.replace("resourceGroups", "resourcegroups")).id).toBe(resourceId);
  });

  it.each([
    ["nothing", ""],
    ["a login server", "myregistry.azurecr.io"],
    ["something below the registry", `${resourceId}/runs/ca1`],
    ["a trailing slash", `${resourceId}/`],
    ["another provider", resourceId.replace("ContainerRegistry", "Storage")],
    ["a subscription that is no GUID", resourceId.replace("00000000-", "x-")],
    ["a name with a dash", resourceId.replace("myregistry", "my-registry")],
    ["a way up", resourceId.replace("myResourceGroup", "..")],
  ])("refuses %s", (_name, text) => {
    expect(() => parseAcrResourceId(text)).toThrow(expect.objectContaining({ code: "invalid" }));
  });
});
