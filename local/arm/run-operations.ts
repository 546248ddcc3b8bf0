import type { Agents } from "./agents.ts";
import { type ArmAnswer, type ArmOperation, runVersion } from "./arm-call.ts";
import { ArmError } from "./arm-error.ts";
import type { Run, Runs } from "./runs.ts";
import { encodedTaskRunRequest } from "./shapes.ts";

export interface RunOperationsOptions {
  readonly runs: Runs;
  readonly agents: Agents;
  readonly resourceId: string;
  readonly location: string;
}

/** The operations on runs and agent pools, in the api-version that the SDK pins for them. */
export function runOperations({
  runs,
  agents,
  resourceId,
  location,
}: RunOperationsOptions): readonly ArmOperation[] {
  const runOf = (id = ""): Run => {
    const run = runs.find(id);
    if (run === undefined) throw new ArmError(404, "RunNotFound", `the run ${id} was not found`);
    return run;
  };
  const poolOf = (name = ""): { readonly name: string; readonly count: number } => {
    const count = agents.count(name);
    if (count === undefined)
      throw new ArmError(404, "ResourceNotFound", `the agent pool ${name} was not found`);
    return { name, count };
  };
  const apiVersion = runVersion;
  return [
    {
      id: "Registries_ScheduleRun",
      method: "POST",
      apiVersion,
      path: /^\/scheduleRun$/i,
      handle: ({ body }) => ({
        status: 200,
        body: describeRun(schedule(body, { runs, agents }), resourceId),
      }),
    },
    {
      id: "Runs_List",
      method: "GET",
      apiVersion,
      path: /^\/runs$/i,
      handle({ query }) {
        const statuses = wantedStatuses(query.get("$filter"));
        const found = runs.list().filter(({ status }) => statuses === "all" || statuses.has(status));
        const value = found
          .slice(0, Number(query.get("$top") ?? 100))
          .map((run) => describeRun(run, resourceId));
        return { status: 200, body: { value } };
      },
    },
    {
      id: "Runs_Get",
      method: "GET",
      apiVersion,
      path: /^\/runs\/([^/]+)$/i,
      handle: ({ parameters }) => ({ status: 200, body: describeRun(runOf(parameters[0]), resourceId) }),
    },
    {
      id: "Runs_Cancel",
      method: "POST",
      apiVersion,
      path: /^\/runs\/([^/]+)\/cancel$/i,
      handle({ parameters }) {
        const run = runOf(parameters[0]);
        if (!runs.cancel(run)) throw new ArmError(409, "RunNotActive", `the run ${run.id} has ended already`);
        return { status: 200 };
      },
    },
    {
      id: "Runs_GetLogSasUrl",
      method: "POST",
      apiVersion,
      path: /^\/runs\/([^/]+)\/listLogSasUrl$/i,
      handle({ parameters, origin }): ArmAnswer {
        const { id, logSignature } = runOf(parameters[0]);
        const query = new URLSearchParams({ sv: "2015-04-05", sr: "b", sp: "r", sig: logSignature });
        return { status: 200, body: { logLink: `${origin}/logs/${id}/rawtext.log?${query}` } };
      },
    },
    {
      id: "AgentPools_Get",
      method: "GET",
      apiVersion,
      path: /^\/agentPools\/([^/]+)$/i,
      handle({ parameters }) {
        const { name, count } = poolOf(parameters[0]);
        return {
          status: 200,
          body: {
            type: "Microsoft.ContainerRegistry/registries/agentPools",
            id: `${resourceId}/agentPools/${name}`,
            name,
            location,
            properties: { count, tier: "S1", os: "Linux", provisioningState: "Succeeded" },
          },
        };
      },
    },
    {
      id: "AgentPools_GetQueueStatus",
      method: "POST",
      apiVersion,
      path: /^\/agentPools\/([^/]+)\/listQueueStatus$/i,
      handle: ({ parameters }) => ({
        status: 200,
        body: { count: agents.queueLength(poolOf(parameters[0]).name) },
      }),
    },
  ];
}

/** Reads `Status eq 'Running' or Status eq 'Failed'`, which is all of the filters that this machine knows. */
function wantedStatuses(filter: string | null): "all" | ReadonlySet<string> {
  if (filter === null) return "all";
  const terms = filter.split(" or ").map((term) => /^Status eq '([A-Za-z]+)'$/.exec(term)?.[1]);
  const known = terms.filter((term) => term !== undefined);
  if (known.length === terms.length) return new Set(known);
  throw new ArmError(400, "InvalidFilter", `this machine does not know the filter ${filter.slice(0, 200)}`);
}

function schedule(body: unknown, { runs, agents }: Pick<RunOperationsOptions, "runs" | "agents">): Run {
  const parsed = encodedTaskRunRequest.safeParse(body);
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    throw new ArmError(400, "InvalidRequestContent", `the body: ${issue?.path.join(".")}: ${issue?.message}`);
  }
  const { agentPoolName } = parsed.data;
  if (agentPoolName === undefined || agents.count(agentPoolName) === undefined) {
    throw new ArmError(400, "AgentPoolNotFound", `the agent pool ${agentPoolName ?? "(none)"} was not found`);
  }
  return runs.schedule(agentPoolName, parsed.data);
}

function describeRun(run: Run, resourceId: string) {
  return {
    type: "Microsoft.ContainerRegistry/registries/runs",
    id: `${resourceId}/runs/${run.id}`,
    name: run.id,
    properties: {
      runId: run.id,
      status: run.status,
      provisioningState: "Succeeded",
      runType: "QuickRun",
      agentPoolName: run.pool,
      createTime: run.createTime,
      lastUpdatedTime: run.finishTime ?? run.startTime ?? run.createTime,
      ...(run.startTime === undefined ? {} : { startTime: run.startTime }),
      ...(run.finishTime === undefined ? {} : { finishTime: run.finishTime }),
      platform: { os: "linux", architecture: "amd64" },
      isArchiveEnabled: false,
    },
  };
}
