import { randomBytes } from "node:crypto";
import { toFailure } from "../../shared/model/failure.ts";
import { formatReference } from "../../shared/model/reference.ts";
import type { Agents } from "./agents.ts";
import { type ArmCache, ruleFor } from "./cache.ts";
import type { ArmFaults } from "./faults.ts";
import { toolWords } from "./service-words.ts";
import type { EncodedTaskRunRequest } from "./shapes.ts";
import { parseCopyTask, readValues } from "./task.ts";
import type { Transfer } from "./transfer.ts";
import { atWork, type Work } from "./work.ts";

type RunStatus = "Queued" | "Running" | "Succeeded" | "Failed" | "Canceled" | "Timeout";

export interface Run {
  readonly id: string;
  readonly pool: string;
  readonly createTime: string;
  status: RunStatus;
  startTime?: string;
  finishTime?: string;
  readonly log: string[];
  /** What the log's URL must carry. */
  readonly logSignature: string;
}

export interface Runs {
  schedule(pool: string, request: EncodedTaskRunRequest): Run;
  find(id: string): Run | undefined;
  /** Newest first. */
  list(): readonly Run[];
  /** False when the run has ended already. */
  cancel(run: Run): boolean;
}

export interface RunsOptions {
  readonly transfer: Transfer;
  readonly agents: Agents;
  readonly faults: ArmFaults;
  readonly cache: Pick<ArmCache, "rules">;
  readonly work: Work;
}

/** Task runs: queued at a pool, then performed by the same transfer as imports, with a log as the agent writes it. */
export function createRuns(options: RunsOptions): Runs {
  const runs = new Map<string, Run>();
  const cancels = new Map<string, () => void>();
  return {
    schedule(pool, request) {
      const run: Run = {
        id: `ca${randomBytes(6).toString("hex")}`,
        pool,
        createTime: new Date().toISOString(),
        status: "Queued",
        log: [],
        logSignature: randomBytes(16).toString("hex"),
      };
      const canceled = new AbortController();
      const withdraw = options.agents.submit(pool, () =>
        options.work.run((closing) =>
          perform(run, request, options, AbortSignal.any([closing, canceled.signal])),
        ),
      );
      runs.set(run.id, run);
      cancels.set(run.id, () => {
        withdraw();
        canceled.abort();
      });
      return run;
    },
    find: (id) => runs.get(id),
    list: () => [...runs.values()].reverse(),
    cancel(run) {
      if (run.finishTime !== undefined) return false;
      cancels.get(run.id)?.();
      finish(run, "Canceled");
      return true;
    },
  };
}

async function perform(
  run: Run,
  request: EncodedTaskRunRequest,
  { transfer, faults, cache }: RunsOptions,
  stop: AbortSignal,
): Promise<void> {
  run.status = "Running";
  run.startTime = new Date().toISOString();
  const late = AbortSignal.timeout(request.timeout * 1000);
  const signal = AbortSignal.any([stop, late]);
  try {
    await atWork(faults.run, signal, (text) => new ToolError(text));
    await copy(run, request, { transfer, cache, signal });
    finish(run, "Succeeded");
  } catch (error) {
    if (late.aborted) return finish(run, "Timeout");
    run.log.push(error instanceof ToolError ? error.message : toFailure(error, "Error").message);
    run.log.push("failed to run step ID: acb_step_0: exit status 1");
    finish(run, "Failed");
  }
}

/** What the copy tool wrote last, before it left with status 1. */
class ToolError extends Error {
  override readonly name = "ToolError";
}

async function copy(
  run: Run,
  request: EncodedTaskRunRequest,
  { transfer, cache, signal }: Pick<RunsOptions, "transfer" | "cache"> & { readonly signal: AbortSignal },
): Promise<void> {
  const task = parseCopyTask(Buffer.from(request.encodedTaskContent, "base64").toString("utf8"));
  if (task === undefined) throw new ToolError("Error: this machine runs only the pinned copy task");
  const { source, target } = readValues(request.values);
  const login = request.credentials?.customRegistries?.[source.host];
  const from = {
    host: source.host,
    repository: source.path,
    reference: source.digest ?? source.tag ?? "latest",
    ...(login === undefined
      ? {}
      : { credential: { username: login.userName?.value ?? "", password: login.password?.value ?? "" } }),
  };
  run.log.push(`Executing step ID: acb_step_0. Timeout(sec): ${task.stepTimeoutSeconds}`);
  const image = formatReference(source);
  try {
    const { repository, tag } = target;
    if (ruleFor(cache, repository) !== undefined) {
      throw new ToolError(
        `Error: pushing ${repository}: DENIED: the repository is the target of a cache rule`,
      );
    }
    // As crane does: a digest clobbers nothing.
    const found =
      tag === undefined || task.existing === "replace"
        ? undefined
        : await transfer.targetDigest({ repository, tag }, signal);
    if (found !== undefined) {
      throw new ToolError(`Error: refusing to clobber existing tag ${repository}:${tag}@${found}`);
    }
    run.log.push(
      `Copying from ${image} to ${repository}${tag === undefined ? `@${source.digest}` : `:${tag}`}`,
    );
    await transfer.copy(from, target, signal);
  } catch (error) {
    throw error instanceof ToolError ? error : new ToolError(toolWords(error, image));
  }
}

/** Only the first end counts: a canceled run stays canceled. */
function finish(run: Run, status: RunStatus): void {
  if (run.finishTime !== undefined) return;
  run.status = status;
  run.finishTime = new Date().toISOString();
  run.log.push(`Run ID: ${run.id} ${status === "Succeeded" ? "was successful" : status.toLowerCase()}`);
}
