import type { RequestListener, ServerResponse } from "node:http";
import { join } from "node:path";
import { parseAcrResourceId } from "../../shared/azure/acr-resource.ts";
import type { WantedPort } from "../listen.ts";
import type { Log } from "../log.ts";
import { startLoopbackServer } from "../loopback-server.ts";
import { createAgents } from "./agents.ts";
import { type ArmAnswer, registryVersion } from "./arm-call.ts";
import { type ArmCache, openArmCache } from "./cache.ts";
import { cacheRuleOperations } from "./cache-operations.ts";
import type { CachePulls } from "./cache-pulls.ts";
import { openCertificate } from "./certificate.ts";
import { credentialSetOperations } from "./credential-set-operations.ts";
import type { ArmFaults } from "./faults.ts";
import { imports } from "./imports.ts";
import { getRegistry, type LocalRegistry } from "./registry-resource.ts";
import { createResourceChanges } from "./resource-changes.ts";
import { answer, type Routes } from "./router.ts";
import { serveRunLog } from "./run-log.ts";
import { runOperations } from "./run-operations.ts";
import { createRuns } from "./runs.ts";
import type { Transfer } from "./transfer.ts";
import { createWork } from "./work.ts";

/** Azure Resource Manager on this machine, for one registry: what the real SDK asks, it really does. */
export interface ArmServer {
  /** The app's ARM endpoint, `https://127.0.0.1:5443`. */
  readonly url: string;
  readonly caPem: string;
  /** For NODE_EXTRA_CA_CERTS of the app. */
  readonly caFile: string;
  /** Set and clear its fields at any time. */
  readonly faults: ArmFaults;
  /** Ends open connections and running work. */
  close(): Promise<void>;
}

export interface ArmOptions {
  /** Where the certificate is kept. */
  readonly dir: string;
  readonly registry: LocalRegistry;
  readonly transfer: Transfer;
  /** Agents of each pool by its name; 0 for a pool that never starts a run. */
  readonly pools: Readonly<Record<string, number>>;
  /** Its cache rules and credential sets; none to begin with when absent. */
  readonly cache?: ArmCache;
  /** Fills the registry of these rules. */
  readonly cachePulls?: CachePulls;
  readonly accepts: (token: string, audience: string) => boolean;
  readonly log: Log;
  readonly port?: WantedPort;
  /** Seconds between two questions about an import; default 1, where Azure says 10. */
  readonly retryAfterSeconds?: number;
}

export async function startArm(options: ArmOptions): Promise<ArmServer> {
  const { registry, log } = options;
  const certificate = await openCertificate(join(options.dir, "arm-tls"), new Date());
  const faults: ArmFaults = {};
  const work = createWork();
  const agents = createAgents(options.pools);
  const cache = options.cache ?? (await openArmCache());
  const runs = createRuns({ transfer: options.transfer, agents, faults, work, cache });
  options.cachePulls?.connect({ transfer: options.transfer, faults, work });
  const { resourceId } = registry;
  const changes = createResourceChanges({ resourceId, faults, work });
  const operationsPath = operationsPathOf(registry);
  const { start, result } = imports({
    transfer: options.transfer,
    cache,
    faults,
    work,
    operationsPath,
    retryAfterSeconds: options.retryAfterSeconds ?? 1,
  });
  const routes: Routes = {
    resourceId,
    operationsPath,
    registry: [
      getRegistry(registry),
      start,
      ...runOperations({
        runs,
        agents,
        resourceId,
        location: registry.location ?? "local",
      }),
      ...cacheRuleOperations({ resourceId, cache, changes, faults, transfer: options.transfer }),
      ...credentialSetOperations({ resourceId, cache, changes, faults }),
      changes.status,
    ],
    operations: {
      id: "OperationResults_Get",
      method: "GET",
      apiVersion: registryVersion,
      path: /^\/([^/]+)$/,
      handle: ({ parameters }) => result(parameters[0] ?? ""),
    },
  };
  const handler: RequestListener = (request, response) => {
    if (serveRunLog(runs, request, response)) return;
    const origin = `https://${request.headers.host}`;
    void answer(request, { routes, origin, faults, accepts: options.accepts }).then(
      ({ operation, ...sent }) => {
        log("debug", "ARM", { operation, status: sent.status });
        send(response, sent);
      },
    );
  };
  const server = await startLoopbackServer({
    handler,
    tls: certificate,
    ...(options.port === undefined ? {} : { port: options.port }),
  });
  return {
    url: server.origin,
    caPem: certificate.caPem,
    caFile: certificate.caFile,
    faults,
    async close() {
      await server.close();
      await work.close();
    },
  };
}

function operationsPathOf({ resourceId, location = "local" }: LocalRegistry): string {
  const { subscriptionId, resourceGroup } = parseAcrResourceId(resourceId);
  return (
    `/subscriptions/${subscriptionId}/resourceGroups/${resourceGroup}/providers/Microsoft.ContainerRegistry` +
    `/locations/${location}/operationResults/operationStatuses`
  );
}

function send(response: ServerResponse, { status, headers, body }: ArmAnswer): void {
  response.writeHead(status, {
    "Cache-Control": "no-cache",
    ...(body === undefined ? {} : { "Content-Type": "application/json; charset=utf-8" }),
    ...headers,
  });
  response.end(body === undefined ? undefined : JSON.stringify(body));
}
