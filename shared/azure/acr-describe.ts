import { Failure } from "../model/failure.ts";
import type { AcrClient } from "./acr-client.ts";
import type { AcrDescription } from "./acr-port.ts";

/** Registries_Get. */
export async function describeRegistry(client: AcrClient, signal: AbortSignal): Promise<AcrDescription> {
  const { resourceGroup, name } = client.resource;
  const registry = await client.call(
    { doing: "reading the registry's properties", right: "import", signal },
    (sdk) => sdk.registries.get(resourceGroup, name, { abortSignal: signal }),
  );
  if (registry.loginServer === undefined) {
    throw new Failure(
      "protocol",
      `registry ${name}: ARM tells no loginServer; is the registry still being made?`,
    );
  }
  return {
    loginServer: registry.loginServer.toLowerCase(),
    dataEndpointHostNames: registry.dataEndpointHostNames ?? [],
    sku: registry.sku.name,
    location: registry.location,
  };
}
