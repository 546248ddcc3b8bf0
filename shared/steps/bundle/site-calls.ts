import type { Blobs } from "../../azure/blobs.ts";
import { parseSite } from "../../documents/handling.ts";
import { Failure } from "../../model/failure.ts";
import { readVerifyingKey } from "../../signing/signing-key.ts";
import type { Site } from "../../stores/sites.ts";
import {
  type Acknowledgement,
  type AcknowledgePorts,
  type AcknowledgeResult,
  acknowledgeBundle,
} from "./acknowledge-bundle.ts";
import { containerDestination, fileDestination } from "./bundle-destination.ts";
import { type ExportOrder, type ExportPorts, type ExportResult, exportBundle } from "./export-bundle.ts";

/** What can be done about disconnected sites. */
export interface SiteCalls {
  /** Trusts a site's key from now on. Throws `conflict` when the site has another one and it is to be kept. */
  add(
    site: {
      readonly name: string;
      readonly key: string;
      readonly actor: string;
      readonly existing: "keep" | "replace";
    },
    signal: AbortSignal,
  ): Promise<Site>;
  list(signal: AbortSignal): Promise<readonly Site[]>;
  export(
    order: ExportOrder,
    to: { readonly kind: "file"; readonly path: string } | { readonly kind: "container" },
    signal: AbortSignal,
  ): Promise<ExportResult>;
  /** Takes a receipt's text back. */
  acknowledge(acknowledgement: Acknowledgement, signal: AbortSignal): Promise<AcknowledgeResult>;
}

export function createSiteCalls(
  ports: ExportPorts & AcknowledgePorts & { readonly bundles: Blobs },
): SiteCalls {
  return {
    add: async ({ name, key, actor, existing }, signal) => {
      const site = {
        name: parseSite(name),
        publicKey: readVerifyingKey(key).pem,
        addedBy: actor,
        addedAt: ports.now().toISOString(),
      };
      await ports.audit.record({ actor, action: "site-add", subject: site.name, at: ports.now() }, signal);
      if ((await ports.sites.put(site, { signal, existing })) === "exists") {
        throw new Failure("conflict", `There is a site ${site.name} already: --replace gives it this key`);
      }
      return (await ports.sites.get(site.name, signal)) ?? { ...site, sequence: 0 };
    },
    list: (signal) => ports.sites.all(signal),
    export: (order, to, signal) =>
      exportBundle(
        order,
        to.kind === "file" ? fileDestination(to.path) : containerDestination(ports.bundles, order.site),
        ports,
        signal,
      ),
    acknowledge: (acknowledgement, signal) => acknowledgeBundle(acknowledgement, ports, signal),
  };
}
