import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { getCACertificates, setDefaultCACertificates } from "node:tls";
import { startArm } from "../../local/arm/arm.ts";
import { openArmCache } from "../../local/arm/cache.ts";
import { createCachePulls } from "../../local/arm/cache-pulls.ts";
import { createRegistryTransfer } from "../../local/arm/registry-transfer.ts";
import { startIdentity } from "../../local/identity.ts";
import { startRegistry } from "../../local/registry/registry.ts";
import { createAcr } from "../../shared/azure/acr.ts";
import { createCredential } from "../../shared/azure/identity.ts";
import { parseAgentPoolConfig } from "../../shared/methods/agent-pool-config.ts";
import { createMethods, type Methods } from "../../shared/methods/members.ts";
import type { Receipts } from "../../shared/methods/receipts.ts";
import { digestOf } from "../../shared/model/digest.ts";
import type { Registries } from "../../shared/registry/registry.ts";
import { type RegistryUnderTest, startRegistryUnderTest } from "./local-registry.ts";
import { createOciClient, type OciClient } from "./oci-client.ts";
import { loopbackRegistries } from "./registries.ts";

const resourceId =
  "/subscriptions/00000000-0000-0000-0000-000000000000/resourceGroups/group/providers/Microsoft.ContainerRegistry/registries/myregistry";
const noCredentials = {
  resolve: async () => {
    throw new Error("nothing here asks for a credential");
  },
};

/** Every method as it is in the product, between an upstream, the ARM stand-in and a registry that cache rules fill. */
export interface AzureSide extends AsyncDisposable {
  readonly upstream: RegistryUnderTest;
  readonly target: { readonly host: string; readonly client: OciClient };
  readonly registries: Registries;
  readonly methods: Methods;
  /** Each request that ARM or the target has got. */
  readonly asked: string[];
}

export async function startAzureSide(receipts: Receipts): Promise<AzureSide> {
  const dir = await mkdtemp(join(tmpdir(), "wharfgate-azure-"));
  const root = join(dir, "target");
  const asked: string[] = [];
  const registries = loopbackRegistries();
  const upstream = await startRegistryUnderTest({ kind: "anonymous" });
  const cache = await openArmCache({ secret: async () => undefined });
  const cachePulls = createCachePulls(cache);
  const access = { kind: "anonymous" } as const;
  const target = await startRegistry({
    root,
    access,
    pullThrough: cachePulls,
    onRequest: ({ method, url }) => asked.push(`${method} ${url}`),
  });
  // The service's own way into its registry, where cache rules keep nobody out.
  const inner = await startRegistry({ root, access });
  const identity = await startIdentity();
  Object.assign(process.env, identity.environment);
  const arm = await startArm({
    dir,
    registry: { resourceId, loginServer: target.host },
    transfer: createRegistryTransfer({
      upstreams: () => loopbackRegistries(),
      target: registries.open(inner.host),
    }),
    cache,
    cachePulls,
    pools: { pool: 2 },
    accepts: identity.accepts,
    retryAfterSeconds: 0,
    log: (line) => asked.push(`ARM ${line}`),
  });
  setDefaultCACertificates([...getCACertificates("default"), arm.caPem]);
  const methods = createMethods({
    registries,
    credentials: noCredentials,
    now: () => new Date(),
    acr: createAcr({
      resourceId,
      credential: createCredential({ source: "managed-identity" }),
      armEndpoint: arm.url,
    }),
    agentPool: parseAgentPoolConfig({ pool: "pool", copyTool: `tools/crane@${digestOf("crane")}` }),
    receipts,
  });
  return {
    upstream,
    target: { host: target.host, client: createOciClient(`http://${inner.host}`) },
    registries,
    methods,
    asked,
    [Symbol.asyncDispose]: async () => {
      await registries.close();
      for (const server of [arm, identity, upstream, inner, target]) await server.close();
      await rm(dir, { recursive: true, force: true });
    },
  };
}
