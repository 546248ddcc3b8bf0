import { printable } from "../model/digest.ts";
import { Failure } from "../model/failure.ts";

/** The ARM resource of a registry, taken apart. `id` is canonical: provider and segment names as ARM spells them. */
export interface AcrResource {
  readonly id: string;
  readonly subscriptionId: string;
  readonly resourceGroup: string;
  readonly name: string;
}

// Segment names are case-insensitive in ARM; names follow the resource providers' own rules.
const pattern =
  /^\/subscriptions\/([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})\/resourceGroups\/([\w.()-]{0,89}[\w()-])\/providers\/Microsoft\.ContainerRegistry\/registries\/([a-z0-9]{5,50})$/i;

/** Throws `invalid` for anything but the whole resource id of one container registry. */
export function parseAcrResourceId(text: string): AcrResource {
  const [, subscriptionId, resourceGroup, name] = pattern.exec(text) ?? [];
  if (subscriptionId === undefined || resourceGroup === undefined || name === undefined) {
    throw new Failure(
      "invalid",
      `"${printable(text)}" is not a registry's resource id: expected ` +
        "/subscriptions/<id>/resourceGroups/<group>/providers/Microsoft.ContainerRegistry/registries/<name>",
    );
  }
  const id = `/subscriptions/${subscriptionId}/resourceGroups/${resourceGroup}/providers/Microsoft.ContainerRegistry/registries/${name}`;
  return { id, subscriptionId, resourceGroup, name };
}
