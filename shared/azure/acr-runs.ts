import type { EncodedTaskRunRequest, Run } from "@azure/arm-containerregistry";
import { printable } from "../model/digest.ts";
import { Failure } from "../model/failure.ts";
import type { AcrClient } from "./acr-client.ts";
import type { AcrRun, AcrRunRequest, AcrRunStatus } from "./acr-port.ts";
import { serviceText } from "./service-text.ts";

/** Registries_ScheduleRun. The answer holds the run, so there is nothing to poll here. */
export async function scheduleRun(
  client: AcrClient,
  request: AcrRunRequest,
  signal: AbortSignal,
): Promise<AcrRun> {
  const { resourceGroup, name } = client.resource;
  const poller = await client.call(
    { doing: `scheduling a run on agent pool ${request.pool}`, right: "run", signal },
    (sdk) =>
      sdk.registries.beginScheduleRun(resourceGroup, name, toRunRequest(request), { abortSignal: signal }),
  );
  return toRun(client, poller.getResult());
}

/** Runs_Get. */
export async function getRun(client: AcrClient, runId: string, signal: AbortSignal): Promise<AcrRun> {
  const { resourceGroup, name } = client.resource;
  const run = await client.call({ doing: `reading run ${runId}`, right: "run", signal }, (sdk) =>
    sdk.runs.get(resourceGroup, name, runId, { abortSignal: signal }),
  );
  return toRun(client, run);
}

/** Runs_Cancel. */
export async function cancelRun(client: AcrClient, runId: string, signal: AbortSignal): Promise<void> {
  const { resourceGroup, name } = client.resource;
  await client.call({ doing: `canceling run ${runId}`, right: "run", signal }, (sdk) =>
    sdk.runs.beginCancel(resourceGroup, name, runId, { abortSignal: signal }),
  );
}

// Runs of all pools and tasks, newest first; those that still wait are left out.
const atWork = "Status eq 'Running' or Status eq 'Succeeded' or Status eq 'Failed'";
const mostRuns = 100;

/** Runs_List, its first page. */
export async function hasWorkedSince(
  client: AcrClient,
  pool: string,
  { since, signal }: { readonly since: Date; readonly signal: AbortSignal },
): Promise<boolean> {
  const { resourceGroup, name } = client.resource;
  const doing = `listing the runs of agent pool ${pool}`;
  const page = await client.call({ doing, right: "run", signal }, async (sdk) => {
    const options = { filter: atWork, top: mostRuns, abortSignal: signal };
    const first = await sdk.runs.list(resourceGroup, name, options).byPage().next();
    return first.done === true ? [] : first.value;
  });
  return page.some(
    ({ agentPoolName, status, finishTime }) =>
      agentPoolName?.toLowerCase() === pool.toLowerCase() &&
      (status === "Running" || (finishTime !== undefined && finishTime >= since)),
  );
}

/** AgentPools_GetQueueStatus. */
export async function queueLength(client: AcrClient, pool: string, signal: AbortSignal): Promise<number> {
  const { resourceGroup, name } = client.resource;
  const { count } = await client.call(
    { doing: `reading the queue of agent pool ${pool}`, right: "run", signal },
    (sdk) => sdk.agentPools.getQueueStatus(resourceGroup, name, pool, { abortSignal: signal }),
  );
  return count ?? 0;
}

function toRunRequest({ pool, task, values, timeoutSeconds, login }: AcrRunRequest): EncodedTaskRunRequest {
  return {
    type: "EncodedTaskRunRequest",
    agentPoolName: pool,
    encodedTaskContent: Buffer.from(task).toString("base64"),
    values: Object.entries(values).map(([key, value]) => ({ name: key, value, isSecret: false })),
    platform: { os: "Linux", architecture: "amd64" },
    timeout: timeoutSeconds,
    isArchiveEnabled: false,
    ...(login === undefined
      ? {}
      : {
          credentials: {
            customRegistries: {
              [login.host]: {
                userName: { type: "Opaque", value: login.credential.username },
                password: { type: "Opaque", value: login.credential.password },
              },
            },
          },
        }),
  };
}

const statuses: ReadonlySet<string> = new Set<AcrRunStatus>([
  "Queued",
  "Started",
  "Running",
  "Succeeded",
  "Failed",
  "Canceled",
  "Error",
  "Timeout",
]);

function toRun(client: AcrClient, run: Run | undefined): AcrRun {
  // Run ids go into URLs and into people's terminals.
  if (run?.runId === undefined || !/^[\w-]{1,64}$/.test(run.runId) || !isStatus(run.status)) {
    throw new Failure(
      "protocol",
      `registry ${client.resource.name}: ARM describes a run without a usable id or status (${printable(String(run?.status))})`,
    );
  }
  const portal = portals[client.origin];
  return {
    id: run.runId,
    status: run.status,
    ...(run.runErrorMessage === undefined ? {} : { error: serviceText(run.runErrorMessage) }),
    ...(portal === undefined ? {} : { link: `${portal}/#resource${client.resource.id}/tasks` }),
  };
}

function isStatus(status: string | undefined): status is AcrRunStatus {
  return status !== undefined && statuses.has(status);
}

// The log's own URL is a secret that expires within the hour; the portal's page of the registry's runs stays.
const portals: Readonly<Record<string, string>> = {
  "https://management.azure.com": "https://portal.azure.com",
  "https://management.usgovcloudapi.net": "https://portal.azure.us",
  "https://management.chinacloudapi.cn": "https://portal.azure.cn",
};
