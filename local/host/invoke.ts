import { randomBytes, randomUUID } from "node:crypto";
import { Failure } from "../../shared/model/failure.ts";
import type { Log, LogLevel } from "../log.ts";
import type { HostedFunction } from "./bindings.ts";
import type { HookCallback, Registrations } from "./functions-core.ts";
import type {
  CoreInvocationContext,
  ProgrammingModel,
  RpcInvocationResponse,
  RpcLogLevel,
  RpcTypedData,
} from "./rpc.ts";

/** What a trigger hands to its function. */
export interface Invocation {
  readonly data: RpcTypedData;
  readonly triggerMetadata: Readonly<Record<string, RpcTypedData>>;
  /** Why it runs, for the log: `timer`, `queue poll`, `GET`. */
  readonly reason: string;
}

export interface Invoker {
  /** Runs the function with its hooks and writes its outputs. Throws what the function threw, or `timeout`. */
  invoke(hosted: HostedFunction, invocation: Invocation): Promise<RpcInvocationResponse>;
}

export interface InvokerOptions {
  readonly model: ProgrammingModel;
  readonly registrations: Registrations;
  readonly functionTimeoutMs: number;
  readonly writeOutputs: (hosted: HostedFunction, response: RpcInvocationResponse) => Promise<void>;
  readonly log: Log;
}

/** Drives invocations by the library's own model, in the order of the Node worker's invocation handler. */
export function createInvoker(options: InvokerOptions): Invoker {
  const { functionTimeoutMs, writeOutputs, log } = options;
  const invoke = async (hosted: HostedFunction, invocation: Invocation): Promise<RpcInvocationResponse> => {
    const startedAt = performance.now();
    const end = (outcome: string, level: LogLevel, why = ""): void => {
      const ms = Math.round(performance.now() - startedAt);
      log(level, `${hosted.name} ${outcome} in ${ms} ms (${invocation.reason})${why}`, {
        function: hosted.name,
        outcome,
        ms,
      });
    };
    try {
      const response = await within(functionTimeoutMs, hosted.name, runModel(hosted, invocation, options));
      await writeOutputs(hosted, response);
      end("succeeded", "info");
      return response;
    } catch (error) {
      end("failed", "error", `: ${error instanceof Error ? error.message : String(error)}`);
      throw error;
    }
  };
  return { invoke };
}

/** Runs the hooks of one name in the order of their registration. */
export async function runHooks(hooks: readonly HookCallback[], context: unknown): Promise<void> {
  for (const hook of hooks) await hook(context);
}

const levels: Readonly<Record<RpcLogLevel, LogLevel>> = {
  trace: "debug",
  debug: "debug",
  information: "info",
  warning: "warn",
  error: "error",
  critical: "error",
  none: "debug",
};

export function levelOf(level: RpcLogLevel): LogLevel {
  return levels[level];
}

async function runModel(
  hosted: HostedFunction,
  { data, triggerMetadata }: Invocation,
  { model, registrations, log }: InvokerOptions,
): Promise<RpcInvocationResponse> {
  const { hooks, appHookData } = registrations;
  const invocationId = randomUUID();
  let invocationContext: unknown;
  const core: CoreInvocationContext = {
    invocationId,
    request: {
      invocationId,
      inputData: [{ name: hosted.input, data }],
      triggerMetadata,
      traceContext: {
        traceParent: `00-${randomBytes(16).toString("hex")}-${randomBytes(8).toString("hex")}-00`,
        traceState: "",
      },
    },
    metadata: hosted.metadata,
    log: (level, category, message) => {
      const entry = { level, message, category, invocationContext, hookData: {}, appHookData };
      for (const hook of hooks.log) hook(entry);
      log(levelOf(entry.level), `${hosted.name}: ${entry.message}`, { function: hosted.name, invocationId });
    },
  };
  const invocation = model.getInvocationModel(core);
  const { context, inputs } = await invocation.getArguments();
  invocationContext = context;
  const shared = { hookData: {}, appHookData, invocationContext };
  const before = { ...shared, inputs, functionCallback: hosted.callback };
  core.state = "preInvocationHooks";
  await runHooks(hooks.preInvocation, before);
  const after: { inputs: unknown[]; result: unknown; error: unknown } = {
    ...shared,
    inputs: before.inputs,
    result: null,
    error: null,
  };
  core.state = "invocation";
  try {
    after.result = await invocation.invokeFunction(context, before.inputs, before.functionCallback);
  } catch (error) {
    after.error = error ?? new Failure("internal", "the function threw nothing");
  }
  core.state = "postInvocationHooks";
  await runHooks(hooks.postInvocation, after);
  core.state = undefined;
  if (after.error !== null) throw after.error;
  return invocation.getResponse(context, after.result);
}

async function within<T>(timeoutMs: number, name: string, run: Promise<T>): Promise<T> {
  if (timeoutMs === Infinity) return run;
  let timer: NodeJS.Timeout | undefined;
  const timeout = new Promise<never>((_, reject) => {
    const fail = (): void =>
      reject(
        new Failure("timeout", `Function ${name} ran longer than the functionTimeout of ${timeoutMs} ms`),
      );
    timer = setTimeout(fail, timeoutMs);
  });
  try {
    return await Promise.race([run, timeout]);
  } finally {
    clearTimeout(timer);
  }
}
