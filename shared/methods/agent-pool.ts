import type { Acr, AcrRun, AcrRunRequest } from "../azure/acr-port.ts";
import type { Clock } from "../model/clock.ts";
import { type Credentials, requireLogin } from "../model/credential.ts";
import { Failure } from "../model/failure.ts";
import { formatReference } from "../model/reference.ts";
import type { AgentPoolConfig } from "./agent-pool-config.ts";
import { cancelRun, type Look, progressOf } from "./agent-pool-progress.ts";
import { copyTask, copyTaskSeconds } from "./agent-pool-task.ts";
import type { ImportOrder, Method, Operation, Progress } from "./method.ts";
import type { MethodMember, MethodPorts } from "./method-member.ts";
import { requireOwnTarget } from "./own-registry.ts";
import { refuseLasting } from "./refuse.ts";
import { requireWhole } from "./require-whole.ts";

/** An ACR Task run on a dedicated agent pool copies the image: the bytes leave through the customer's own network. */
export const agentPool = {
  kind: "agent-pool",
  pulls:
    "a run on the agent pool pulls each image whole, against the credential's quota, or without one against that of the pool's outgoing address",
  create({ acr, agentPool: config, credentials, now }: MethodPorts) {
    if (acr === undefined || config === undefined) {
      throw new Failure(
        "invalid",
        "the method agent-pool needs a registry with an agent pool: set WHARFGATE_ACR_ID, WHARFGATE_AGENT_POOL " +
          "and WHARFGATE_COPY_TOOL (a pinned crane in that registry, tools/crane@sha256:…)",
      );
    }
    return createAgentPool({ acr, config, credentials, now });
  },
} as const satisfies MethodMember;

interface Ports {
  readonly acr: Acr;
  readonly config: AgentPoolConfig;
  readonly credentials: Credentials;
  readonly now: Clock;
}

function createAgentPool(ports: Ports): Method {
  const { acr } = ports;
  return {
    start: (order, signal) =>
      refuseLasting(async () => {
        requireWhole(order, "a run on the agent pool");
        await requireOwnTarget(acr, order, signal);
        return start(ports, order, signal);
      }),

    check: (_order, operation, signal) =>
      refuseLasting(async () => {
        const { runId, ...times } = readOperation(operation);
        const run = await acr.getRun(runId, signal);
        return progressOf(ports, { run, ...times, signal });
      }),

    async cancel(_order, operation, signal) {
      await cancelRun(acr, readOperation(operation).runId, signal);
    },
  };
}

async function start(ports: Ports, order: ImportOrder, signal: AbortSignal): Promise<Progress> {
  const { acr, config, credentials, now } = ports;
  const { host, path, digest } = order.source;
  const credential =
    order.credential === undefined
      ? undefined
      : requireLogin(await credentials.resolve(order.credential, host), host);
  const run = await schedule(
    acr,
    {
      pool: config.pool,
      task: copyTask(config.copyTool, order.existing),
      values: {
        source: formatReference({ host, path, digest }),
        target:
          order.target.tag === undefined
            ? `${order.target.path}@${digest}`
            : `${order.target.path}:${order.target.tag}`,
      },
      timeoutSeconds: copyTaskSeconds,
      ...(credential === undefined ? {} : { login: { host, credential } }),
    },
    signal,
  );
  return progressOf(ports, { run, scheduledAt: now().getTime(), signal });
}

/** A pool that is not there is no matter of the image: another method may bring it in. */
async function schedule(acr: Acr, request: AcrRunRequest, signal: AbortSignal): Promise<AcrRun> {
  try {
    return await acr.scheduleRun(request, signal);
  } catch (error) {
    if (!(error instanceof Failure) || error.code !== "not-found") throw error;
    throw new Failure("unsupported", `${error.message}; is there an agent pool ${request.pool}?`, {
      cause: error,
    });
  }
}

function readOperation(
  operation: Operation,
): Pick<Look, "scheduledAt" | "busyAt"> & { readonly runId: string } {
  const { runId, scheduledAt, busyAt } = operation;
  if (typeof runId === "string" && typeof scheduledAt === "number")
    return { runId, scheduledAt, ...(typeof busyAt === "number" && { busyAt }) };
  throw new Failure("internal", "an import's record holds no run id");
}
