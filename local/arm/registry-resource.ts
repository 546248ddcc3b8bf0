import { type ArmOperation, registryVersion } from "./arm-call.ts";

/** The registry that the stand-in plays: an ARM resource in front of a registry on this machine. */
export interface LocalRegistry {
  readonly resourceId: string;
  /** `127.0.0.1:5000` */
  readonly loginServer: string;
  readonly location?: string;
  readonly sku?: "Basic" | "Standard" | "Premium";
}

/** Registries_Get. */
export function getRegistry({
  resourceId,
  loginServer,
  location,
  sku = "Premium",
}: LocalRegistry): ArmOperation {
  return {
    id: "Registries_Get",
    method: "GET",
    apiVersion: registryVersion,
    path: /^$/,
    handle: () => ({
      status: 200,
      body: {
        id: resourceId,
        name: resourceId.split("/").at(-1),
        type: "Microsoft.ContainerRegistry/registries",
        location: location ?? "local",
        sku: { name: sku, tier: sku },
        properties: {
          loginServer,
          provisioningState: "Succeeded",
          adminUserEnabled: false,
          dataEndpointEnabled: false,
          dataEndpointHostNames: [],
          publicNetworkAccess: "Enabled",
        },
      },
    }),
  };
}
