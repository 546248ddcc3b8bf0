import { printable } from "../../shared/model/digest.ts";
import { Failure } from "../../shared/model/failure.ts";
import type { RegisteredFunction } from "./functions-core.ts";
import { parseRoute, type RoutePattern } from "./routes.ts";
import type { FunctionCallback, FunctionMetadata, RpcBinding } from "./rpc.ts";
import { parseTimerSchedule, type TimerSchedule } from "./timer-schedule.ts";

export type AuthLevel = "anonymous" | "function" | "admin";

export type Trigger =
  | {
      readonly kind: "http";
      readonly route: RoutePattern;
      readonly methods: readonly string[];
      readonly authLevel: AuthLevel;
    }
  | {
      readonly kind: "timer";
      readonly schedule: TimerSchedule;
      readonly runOnStartup: boolean;
      /** Whether its state outlives the process. */
      readonly monitored: boolean;
    }
  | { readonly kind: "queue"; readonly queue: QueueAddress };

export interface QueueAddress {
  readonly name: string;
  readonly connectionString: string;
}

/** A registered function whose bindings this host can serve. */
export interface HostedFunction<T extends Trigger = Trigger> {
  readonly name: string;
  readonly metadata: FunctionMetadata;
  readonly callback: FunctionCallback;
  /** Name of the trigger's binding. */
  readonly input: string;
  readonly trigger: T;
  /** Queue outputs by binding name; `$return` is the function's result. */
  readonly queueOutputs: ReadonlyMap<string, QueueAddress>;
}

export type Environment = Readonly<Record<string, string | undefined>>;

const namePattern = /^[a-z][a-z0-9_-]{0,127}$/i;
// https://learn.microsoft.com/rest/api/storageservices/naming-queues-and-metadata
const queueNamePattern = /^(?=.{3,63}$)[a-z0-9]+(?:-[a-z0-9]+)*$/;

/** Checks what the app registered. Throws for anything that this host would serve otherwise than production does. */
export function parseFunction({ metadata, callback }: RegisteredFunction, env: Environment): HostedFunction {
  const { name, bindings } = metadata;
  if (!namePattern.test(name)) {
    throw new Failure(
      "invalid",
      `"${printable(name)}" is not a function name: a letter, then letters, digits, _ and -, at most 128 characters`,
    );
  }
  if (metadata.retryOptions !== undefined)
    throw unsupported(name, "a retry policy", "leave retries to the queue");
  let trigger: { readonly input: string; readonly trigger: Trigger } | undefined;
  const queueOutputs = new Map<string, QueueAddress>();
  for (const [bindingName, binding] of Object.entries(bindings)) {
    const type = String(binding.type);
    if (binding.direction === "out") {
      if (type === "queue") queueOutputs.set(bindingName, queueOf(name, binding, env));
      else if (type !== "http" || bindingName !== "$return") {
        throw unsupported(
          name,
          `the output binding "${printable(type)}"`,
          "use queue or http, or the service's SDK",
        );
      }
    } else if (/trigger$/i.test(type)) {
      trigger = { input: bindingName, trigger: parseTrigger(name, binding, env) };
    } else {
      throw unsupported(name, `the input binding "${printable(type)}"`, "use the service's SDK");
    }
  }
  if (trigger === undefined) throw new Failure("invalid", `Function ${name} has no trigger`);
  return { name, metadata, callback, ...trigger, queueOutputs };
}

export function isTriggeredBy<K extends Trigger["kind"]>(
  kind: K,
): (hosted: HostedFunction) => hosted is HostedFunction<Extract<Trigger, { readonly kind: K }>> {
  return (hosted): hosted is HostedFunction<Extract<Trigger, { readonly kind: K }>> =>
    hosted.trigger.kind === kind;
}

function parseTrigger(name: string, binding: RpcBinding, env: Environment): Trigger {
  switch (binding.type) {
    case "httpTrigger":
      return parseHttpTrigger(name, binding);
    case "timerTrigger": {
      const schedule = parseTimerSchedule(expand(name, binding.schedule, env));
      return {
        kind: "timer",
        schedule,
        runOnStartup: binding.runOnStartup === true,
        monitored: binding.useMonitor !== false && !schedule.belowAMinute,
      };
    }
    case "queueTrigger":
      return { kind: "queue", queue: queueOf(name, binding, env) };
    default:
      throw unsupported(name, `the trigger "${printable(String(binding.type))}"`, "use http, timer or queue");
  }
}

function parseHttpTrigger(name: string, binding: RpcBinding): Trigger {
  const { authLevel, methods, route = name } = binding;
  if (authLevel !== "anonymous" && authLevel !== "function" && authLevel !== "admin") {
    throw new Failure("invalid", `Function ${name}: authLevel must be "anonymous", "function" or "admin"`);
  }
  if (!Array.isArray(methods) || !methods.every((method) => typeof method === "string")) {
    throw new Failure("invalid", `Function ${name}: methods must be a list of HTTP methods`);
  }
  return {
    kind: "http",
    authLevel,
    methods: methods.map((method: string) => method.toUpperCase()),
    route: parseRoute(name, String(route)),
  };
}

function queueOf(name: string, binding: RpcBinding, env: Environment): QueueAddress {
  const queue = expand(name, binding.queueName, env);
  if (!queueNamePattern.test(queue)) {
    throw new Failure(
      "invalid",
      `Function ${name}: "${printable(queue)}" is not a queue name (3–63 of a-z, 0-9, -)`,
    );
  }
  const setting = String(binding.connection || "AzureWebJobsStorage");
  const connectionString = env[`AzureWebJobs${setting}`] ?? env[setting];
  if (connectionString === undefined || connectionString === "") {
    throw new Failure(
      "invalid",
      `Function ${name}: the setting ${setting} is missing: set it to a storage connection string (an identity works in Azure only)`,
    );
  }
  return { name: queue, connectionString };
}

/** Replaces each `%NAME%` by the setting of that name. */
function expand(name: string, value: unknown, env: Environment): string {
  if (typeof value !== "string" || value === "") {
    throw new Failure("invalid", `Function ${name}: the trigger's schedule or queue name is missing`);
  }
  return value.replace(/%([^%]+)%/g, (_, setting: string) => {
    const found = env[setting];
    if (found !== undefined) return found;
    throw new Failure("invalid", `Function ${name}: the setting ${printable(setting)} is missing`);
  });
}

function unsupported(name: string, what: string, instead: string): Failure {
  return new Failure(
    "unsupported",
    `Function ${name} uses ${what}, which the local host does not support: ${instead}`,
  );
}
