import { parseFollowMessage, parseImportMessage } from "../../shared/documents/messages.ts";
import { createGates } from "../../shared/gates/members.ts";
import { openPolicy } from "../../shared/gates/policy.ts";
import type { MethodKind } from "../../shared/methods/members.ts";
import type { Method } from "../../shared/methods/method.ts";
import { defaultLimits } from "../../shared/registry/limits.ts";
import type { Registries, Registry } from "../../shared/registry/registry.ts";
import { createSeenQuotas } from "../../shared/registry/seen-quotas.ts";
import { importStep } from "../../shared/steps/import/import.ts";
import { requestImport } from "../../shared/steps/import/request-import.ts";
import { followReferrers } from "../../shared/steps/referrers/follow-referrers.ts";
import { createStores, type Stores } from "../../shared/stores/stores.ts";
import { createMemoryBlobs } from "./memory-blobs.ts";
import { createMemoryTable } from "./memory-table.ts";
import { never } from "./registries.ts";

export interface ImportBenchOptions {
  readonly registries: Registries;
  readonly target: Registry;
  readonly methodOf: (kind: MethodKind) => Method;
}

/** Imports and looks at referrers, between registries and methods that are real; only the storage is in memory. */
export interface ImportBench {
  readonly stores: Stores;
  /** Asks for an import as the HTTP API does, and sees it and all that follows from it to the end. Returns its id. */
  bring(body: unknown): Promise<string>;
  /** Processes messages until none is left, whatever they were to wait for. */
  drain(): Promise<void>;
}

export function createImportBench({ registries, target, methodOf }: ImportBenchOptions): ImportBench {
  const queued: { readonly queue: string; readonly body: object }[] = [];
  const stores = createStores({
    table: () => createMemoryTable(),
    blobs: (name) => createMemoryBlobs(name),
    queue: (queue) => ({
      send: async (body) => void queued.push({ queue, body }),
      length: async () => queued.length,
      oldestMs: async () => undefined,
    }),
    leaseMs: 300_000,
  });
  const now = () => new Date();
  const ports = {
    ...stores,
    registries,
    openTarget: () => target,
    methodOf,
    gates: createGates({ registries, policy: openPolicy, reports: { find: async () => undefined }, now }),
    channels: [],
    targetHost: target.host,
    defaultMethod: "copy",
    leaseMs: 300_000,
    deadlineMs: 7_200_000,
    random: () => 0.5,
    limits: defaultLimits,
    checkCredential: () => {},
    quotas: createSeenQuotas(),
    sleep: async () => {},
    now,
  } as const;
  const drain = async (): Promise<void> => {
    for (let next = queued.shift(); next !== undefined; next = queued.shift()) {
      if (next.queue === "import") await importStep(parseImportMessage(next.body), ports, never);
      if (next.queue === "follow") await followReferrers(parseFollowMessage(next.body), ports, never);
    }
  };
  return {
    stores,
    drain,
    bring: async (body) => {
      const id = await requestImport({ body, actor: "test" }, ports, never);
      await drain();
      return id;
    },
  };
}
