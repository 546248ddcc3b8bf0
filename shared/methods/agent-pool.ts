import type { Acr, AcrRun } from "../azure/acr-port.ts";
import { serviceText } from "../azure/service-text.ts";
import type { Clock } from "../model/clock.ts";
import type { Credentials } from "../model/credential.ts";
import { Failure, type FailureCode, toFailure } from "../model/failure.ts";
import { formatReference } from "../model/reference.ts";
import type { AgentPoolConfig } from "./agent-pool-config.ts";
import { copyTask, copyTaskSeconds } from "./agent-pool-task.ts";
import type { ImportOrder, Method, Operation, Progress } from "./method.ts";
import type { MethodMember, MethodPorts } from "./method-member.ts";
import { requireOwnTarget } from "./own-registry.ts";
import { refuseLasting } from "./refuse.ts";
import { refusalFrom } from "./service-refusal.ts";

/** An ACR Task run on a dedicated agent pool copies the image: the bytes leave through the customer's own network. */
export const agentPool = {
  kind: "agent-pool",
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
        await requireOwnTarget(acr, order, signal);
        return start(ports, order, signal);
      }),

    check: (_order, operation, signal) =>
      refuseLasting(async () => {
        const { runId, scheduledAt } = readOperation(operation);
        const run = await acr.getRun(runId, signal);
        return progressOf(ports, { run, scheduledAt, signal });
      }),

    async cancel(_order, operation, signal) {
      await cancel(acr, readOperation(operation).runId, signal);
    },
  };
}

async function start(ports: Ports, order: ImportOrder, signal: AbortSignal): Promise<Progress> {
  const { acr, config, credentials, now } = ports;
  const { host, path, digest } = order.source;
  const credential =
    order.credential === undefined ? undefined : await credentials.resolve(order.credential, host);
  const run = await acr.scheduleRun(
    {
      pool: config.pool,
      task: copyTask(config.copyTool, order.existing),
      values: {
        source: formatReference({ host, path, digest }),
        target: `${order.target.path}:${order.target.tag}`,
      },
      timeoutSeconds: copyTaskSeconds,
      ...(credential === undefined ? {} : { login: { host, credential } }),
    },
    signal,
  );
  return progressOf(ports, { run, scheduledAt: now().getTime(), signal });
}

interface Look {
  readonly run: AcrRun;
  /** Epoch milliseconds by our clock. */
  readonly scheduledAt: number;
  readonly signal: AbortSignal;
}

async function progressOf(ports: Ports, look: Look): Promise<Progress> {
  const { run, scheduledAt } = look;
  const { link } = run;
  switch (run.status) {
    case "Queued":
      if (ports.now().getTime() - scheduledAt >= ports.config.queuedLimitMs) return giveUpQueued(ports, look);
      return running(ports, look);
    case "Started":
    case "Running":
      return running(ports, look);
    case "Succeeded":
      return { kind: "done", ...(link === undefined ? {} : { link }) };
    case "Failed":
      return refusalFrom(await explain(ports, look), link);
    case "Canceled":
      return refused(look, { code: "canceled", reason: `run ${run.id} was canceled` });
    case "Timeout":
      return refused(look, {
        code: "timeout",
        reason: `run ${run.id} took longer than ${copyTaskSeconds} s: ${await explain(ports, look)}`,
      });
    case "Error":
      return refused(look, { code: "unavailable", reason: await explain(ports, look) });
  }
}

function running({ config }: Ports, { run: { id, link }, scheduledAt }: Look): Progress {
  return {
    kind: "running",
    operation: { runId: id, scheduledAt },
    checkAfterMs: config.checkAfterMs,
    ...(link === undefined ? {} : { link }),
  };
}

/** A pool without agents, or one that cannot reach Storage, leaves its runs queued for ever and says nothing. */
async function giveUpQueued({ acr, config }: Ports, look: Look): Promise<Progress> {
  const queue = await queueOf(acr, config.pool, look.signal);
  await cancel(acr, look.run.id, look.signal);
  const minutes = Math.round(config.queuedLimitMs / 60_000);
  return refused(look, {
    code: "unavailable",
    reason:
      `run ${look.run.id} was canceled: agent pool ${config.pool} did not start it in ${minutes} min ` +
      `(queue: ${queue}). Check that the pool has an agent (it may be scaled to 0) and that its ` +
      "subnet may reach the service tags Storage, AzureKeyVault, EventHub, AzureActiveDirectory and AzureMonitor",
  });
}

/** A run that has ended meanwhile, or is gone, is as good as canceled. */
async function cancel(acr: Acr, runId: string, signal: AbortSignal): Promise<void> {
  try {
    await acr.cancelRun(runId, signal);
  } catch (error) {
    const { code } = toFailure(error, "canceling a run");
    if (code !== "conflict" && code !== "not-found") throw error;
  }
}

async function queueOf(acr: Acr, pool: string, signal: AbortSignal): Promise<string> {
  try {
    return `${await acr.queueLength(pool, signal)} runs`;
  } catch (error) {
    return `unknown, ${toFailure(error, "reading it").code}`;
  }
}

/** The service's error and the end of the log: what the copy tool said last. */
async function explain({ acr }: Ports, { run, signal }: Look): Promise<string> {
  const parts = [`run ${run.id} ended as ${run.status}`, run.error, await lastWords(acr, run.id, signal)];
  return parts.filter((part) => part !== undefined && part !== "").join(": ");
}

async function lastWords(acr: Acr, runId: string, signal: AbortSignal): Promise<string> {
  try {
    return serviceText(await acr.readRunLog(runId, signal));
  } catch (error) {
    // The run's end must be recorded also when its log is out of reach, as behind a storage firewall.
    return `its log could not be read (${toFailure(error, "reading it").code})`;
  }
}

function refused(
  { run: { link } }: Look,
  { code, reason }: { readonly code: FailureCode; readonly reason: string },
): Progress {
  return { kind: "refused", code, reason, ...(link === undefined ? {} : { link }) };
}

function readOperation(operation: Operation): { readonly runId: string; readonly scheduledAt: number } {
  const { runId, scheduledAt } = operation;
  if (typeof runId === "string" && typeof scheduledAt === "number") return { runId, scheduledAt };
  throw new Failure("internal", "an import's record holds no run id");
}
