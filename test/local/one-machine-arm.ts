import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { getCACertificates, setDefaultCACertificates } from "node:tls";
import { type ArmServer, startArm } from "../../local/arm/arm.ts";
import { type ArmCache, openArmCache } from "../../local/arm/cache.ts";
import { startIdentity } from "../../local/identity.ts";
import { createAcr } from "../../shared/azure/acr.ts";
import type { Acr } from "../../shared/azure/acr-port.ts";
import { createCredential } from "../../shared/azure/identity.ts";
import { createMemoryTransfer, type MemoryTransfer } from "./memory-transfer.ts";

export const resourceId =
  "/subscriptions/00000000-0000-0000-0000-000000000000/resourceGroups/myResourceGroup/providers/Microsoft.ContainerRegistry/registries/myregistry";
export const loginServer = "myregistry.azurecr.io";

/** The stand-ins, and the real SDK with the real identity library pointed at them. */
export interface OneMachineArm extends AsyncDisposable {
  readonly arm: ArmServer;
  readonly acr: Acr;
  readonly transfer: MemoryTransfer;
  readonly cache: ArmCache;
  /** What the identities of credential sets may read, by secret identifier. */
  readonly secrets: Map<string, string>;
  /** Operations answered so far, `Registries_Get 200`. */
  readonly answered: string[];
  tokenFor(audience: string): Promise<string>;
  /** Forgets faults, images and answers, between two tests. */
  clear(): void;
}

export async function startOneMachineArm(): Promise<OneMachineArm> {
  const dir = await mkdtemp(join(tmpdir(), "wharfgate-arm-"));
  const identity = await startIdentity();
  // What the app's process finds in its environment; each test file is a process of its own.
  Object.assign(process.env, identity.environment);
  const transfer = createMemoryTransfer();
  const answered: string[] = [];
  const secrets = new Map<string, string>();
  const cache = await openArmCache({ secret: async (identifier) => secrets.get(identifier) });
  const arm = await startArm({
    dir,
    registry: { resourceId, loginServer, location: "westeurope" },
    transfer,
    cache,
    pools: { pool: 1, empty: 0 },
    accepts: identity.accepts,
    retryAfterSeconds: 0,
    log: (_level, _message, facts) => answered.push(`${facts?.operation} ${facts?.status}`),
  });
  setDefaultCACertificates([...getCACertificates("default"), arm.caPem]);
  const credential = createCredential({ source: "managed-identity" });
  return {
    arm,
    acr: createAcr({ resourceId, credential, armEndpoint: arm.url }),
    transfer,
    cache,
    secrets,
    answered,
    async tokenFor(audience) {
      return (await credential.getToken(`${audience}/.default`))?.token ?? "";
    },
    clear() {
      for (const fault of Object.keys(arm.faults)) delete arm.faults[fault as "import"];
      transfer.upstream.clear();
      transfer.target.clear();
      for (const kept of [cache.rules, cache.sets, secrets]) kept.clear();
      answered.length = 0;
    },
    async [Symbol.asyncDispose]() {
      await arm.close();
      await identity.close();
      await rm(dir, { recursive: true });
    },
  };
}
