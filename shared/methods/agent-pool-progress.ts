import type { Acr, AcrRun } from "../azure/acr-port.ts";
import { serviceText } from "../azure/service-text.ts";
import type { Clock } from "../model/clock.ts";
import { type FailureCode, toFailure } from "../model/failure.ts";
import type { AgentPoolConfig } from "./agent-pool-config.ts";
import { copyTaskSeconds } from "./agent-pool-task.ts";
import type { Progress } from "./method.ts";
import { refusalFrom } from "./service-refusal.ts";

interface Ports {
  readonly acr: Acr;
  readonly config: AgentPoolConfig;
  readonly now: Clock;
}

/** A run as the service describes it just now. */
export interface Look {
  readonly run: AcrRun;
  /** Epoch milliseconds by our clock. */
  readonly scheduledAt: number;
  /** When its pool was last seen at work, while it waited for its turn. */
  readonly busyAt?: number;
  readonly signal: AbortSignal;
}

/** What a run's status means for the import, with the reason and what to do where it went wrong. */
export async function progressOf(ports: Ports, look: Look): Promise<Progress> {
  const { run } = look;
  const { link } = run;
  switch (run.status) {
    case "Queued":
      return queued(ports, look);
    case "Started":
    case "Running":
      return running(ports, look);
    case "Succeeded":
      return { kind: "done", ...(link === undefined ? {} : { link }) };
    case "Failed":
      return withOwnAccess(refusalFrom(await explain(ports, look), link));
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

/** A run pushes with an access of its own, which is not the app's, and which some registries do not give. */
function withOwnAccess(progress: Progress): Progress {
  if (progress.kind !== "refused" || !(progress.code === "unauthorized" || progress.code === "forbidden"))
    return progress;
  // https://learn.microsoft.com/azure/container-registry/container-registry-rbac-abac-repository-permissions
  const hint =
    "if it was refused at its own registry: runs may not push where that has repository permissions (ABAC)";
  return { ...progress, reason: `${progress.reason}; ${hint}` };
}

// Small images take seconds, large ones minutes: the next look comes after as long again as the run has taken, so that an end is
// seen by twice its time, and a thousand runs do not use up what ARM answers.
const soonestMs = 2_000;
const latestMs = 10_000;

function running({ now }: Ports, { run: { id, link }, scheduledAt, busyAt }: Look): Progress {
  const ageMs = now().getTime() - scheduledAt;
  return {
    kind: "running",
    operation: { runId: id, scheduledAt, ...(busyAt !== undefined && { busyAt }) },
    checkAfterMs: Math.min(latestMs, Math.max(soonestMs, ageMs)),
    ...(link === undefined ? {} : { link }),
  };
}

/** Others may stand before it, since a pool does as many runs at a time as it has agents: it waits while they get on. */
async function queued(ports: Ports, look: Look): Promise<Progress> {
  const at = ports.now().getTime();
  const idleSince = look.busyAt ?? look.scheduledAt;
  if (at - idleSince < ports.config.queuedLimitMs) return running(ports, look);
  if (await poolWorks(ports, new Date(idleSince), look.signal))
    return running(ports, { ...look, busyAt: at });
  return giveUpQueued(ports, look);
}

async function poolWorks({ acr, config }: Ports, since: Date, signal: AbortSignal): Promise<boolean> {
  try {
    return await acr.hasWorkedSince(config.pool, since, signal);
  } catch (error) {
    const failure = toFailure(error, "listing runs");
    if (failure.transient) throw failure;
    // Who may not list runs has the run's own wait to go by.
    return false;
  }
}

/** A pool without agents, or one that cannot reach Storage, leaves its runs queued for ever and says nothing. */
async function giveUpQueued({ acr, config }: Ports, look: Look): Promise<Progress> {
  const queue = await queueOf(acr, config.pool, look.signal);
  await cancelRun(acr, look.run.id, look.signal);
  const minutes = Math.round(config.queuedLimitMs / 60_000);
  return refused(look, {
    code: "unavailable",
    reason:
      `run ${look.run.id} was canceled: agent pool ${config.pool} did not start it, nor did any other run, in ${minutes} min ` +
      `(queue: ${queue}). Check that the pool has an agent (it may be scaled to 0) and that its ` +
      "subnet may reach the service tags Storage, AzureKeyVault, EventHub, AzureActiveDirectory and AzureMonitor",
  });
}

/** A run that has ended meanwhile, or is gone, is as good as canceled. */
export async function cancelRun(acr: Acr, runId: string, signal: AbortSignal): Promise<void> {
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

// The service's own lines about a step, before and after the tool's: they would be taken for the reason, or for its place.
const runnersLines =
  /^.*(?:Executing step ID:|Launching container|Container failed during run:|failed to run step ID:|Run ID: \S+ failed).*$/gm;

async function lastWords(acr: Acr, runId: string, signal: AbortSignal): Promise<string> {
  try {
    return serviceText((await acr.readRunLog(runId, signal)).replace(runnersLines, ""));
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
