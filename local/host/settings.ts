import { readFileSync } from "node:fs";
import { join } from "node:path";
import { Failure } from "../../shared/model/failure.ts";
import { parseTimeSpan } from "./time-span.ts";

/** host.json as far as this host acts on it; times in milliseconds. */
export interface HostSettings {
  readonly routePrefix: string;
  /** `Infinity` for none. */
  readonly functionTimeoutMs: number;
  readonly queues: QueueSettings;
}

export interface QueueSettings {
  readonly batchSize: number;
  readonly newBatchThreshold: number;
  readonly maxDequeueCount: number;
  readonly maxPollingIntervalMs: number;
  /** Delay before a message whose function failed is seen again. */
  readonly visibilityTimeoutMs: number;
}

type Json = Readonly<Record<string, unknown>>;

/**
 * Reads `<root>/host.json`; defaults and limits: https://learn.microsoft.com/azure/azure-functions/functions-host-json.
 * The environment overrides single values by names such as `AzureFunctionsJobHost__extensions__queues__batchSize`:
 * https://learn.microsoft.com/azure/azure-functions/functions-host-json#override-hostjson-values
 */
export function readHostSettings(
  root: string,
  env: Readonly<Record<string, string | undefined>> = {},
): HostSettings {
  const file = join(root, "host.json");
  const written = readJson(file);
  const host = written && withOverrides(written, env);
  if (host === undefined) throw new Failure("not-found", `There is no ${file}: a functions app needs one`);
  if (host.version !== "2.0") throw new Failure("invalid", `${file}: "version" must be "2.0"`);
  for (const unsupported of ["customHandler", "retry"]) {
    if (unsupported in host) {
      throw new Failure(
        "unsupported",
        `${file}: "${unsupported}" is not supported by the local host: remove it`,
      );
    }
  }
  const at = (name: string, value: unknown): Json => objectAt(file, name, value);
  const extensions = at("extensions", host.extensions);
  const http = at("extensions.http", extensions.http);
  const queues = at("extensions.queues", extensions.queues);
  if ((queues.messageEncoding ?? "base64") !== "base64") {
    throw new Failure("unsupported", `${file}: extensions.queues.messageEncoding must be "base64"`);
  }
  const count = (name: string, fallback: number, [least, most]: readonly [number, number]): number => {
    const value = queues[name] ?? fallback;
    if (typeof value === "number" && Number.isInteger(value) && value >= least && value <= most) return value;
    throw new Failure(
      "invalid",
      `${file}: extensions.queues.${name} must be a number from ${least} to ${most}`,
    );
  };
  const duration = (name: string, fallback: string): number =>
    timeSpanAt(file, `extensions.queues.${name}`, queues[name] ?? fallback);
  const batchSize = count("batchSize", 16, [1, 32]);
  const timeout = host.functionTimeout ?? "00:30:00";
  return {
    routePrefix: routePrefixAt(file, http.routePrefix ?? "api"),
    functionTimeoutMs:
      timeout === "-1" || timeout === -1 ? Infinity : timeSpanAt(file, "functionTimeout", timeout),
    queues: {
      batchSize,
      newBatchThreshold: count("newBatchThreshold", Math.floor(batchSize / 2), [0, 1_000]),
      maxDequeueCount: count("maxDequeueCount", 5, [1, 1_000]),
      maxPollingIntervalMs: duration("maxPollingInterval", "00:01:00"),
      visibilityTimeoutMs: duration("visibilityTimeout", "00:00:00"),
    },
  };
}

const overridePrefix = "AzureFunctionsJobHost__";

function withOverrides(written: Json, env: Readonly<Record<string, string | undefined>>): Json {
  return Object.entries(env).reduce<Json>((host, [name, text]) => {
    if (!name.startsWith(overridePrefix) || text === undefined) return host;
    const path = name.slice(overridePrefix.length).split("__");
    return withValue(host, path, /^-?\d+$/.test(text) ? Number(text) : text);
  }, written);
}

function withValue(object: Json, [name = "", ...rest]: readonly string[], value: unknown): Json {
  const child = object[name];
  const inner = typeof child === "object" && child !== null ? (child as Json) : {};
  return { ...object, [name]: rest.length === 0 ? value : withValue(inner, rest, value) };
}

/** `Values` of `<root>/local.settings.json`, empty when there is none. */
export function readLocalValues(root: string): Readonly<Record<string, string>> {
  const file = join(root, "local.settings.json");
  const settings = readJson(file) ?? {};
  if (settings.IsEncrypted === true) {
    throw new Failure("unsupported", `${file} is encrypted: decrypt it with "func settings decrypt"`);
  }
  const values = objectAt(file, "Values", settings.Values);
  for (const [name, value] of Object.entries(values)) {
    if (typeof value !== "string") throw new Failure("invalid", `${file}: Values.${name} must be a string`);
  }
  return values as Readonly<Record<string, string>>;
}

/** `main` of `<root>/package.json`: a glob of the modules that register functions. */
export function readMainGlob(root: string): string {
  const file = join(root, "package.json");
  const main = readJson(file)?.main;
  if (typeof main === "string" && main !== "") return main;
  throw new Failure(
    "invalid",
    `${file} has no "main": set it to the compiled functions, as in "dist/functions/*.js"`,
  );
}

function readJson(file: string): Json | undefined {
  let text: string;
  try {
    text = readFileSync(file, "utf8");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw new Failure("invalid", `${file} cannot be read`, { cause: error });
  }
  try {
    return objectAt(file, "the document", JSON.parse(text));
  } catch (error) {
    if (error instanceof Failure) throw error;
    throw new Failure("invalid", `${file} is not JSON: ${(error as Error).message}`, { cause: error });
  }
}

function objectAt(file: string, name: string, value: unknown): Json {
  if (value === undefined) return {};
  if (typeof value === "object" && value !== null && !Array.isArray(value)) return value as Json;
  throw new Failure("invalid", `${file}: ${name} must be an object`);
}

function timeSpanAt(file: string, name: string, value: unknown): number {
  const span = typeof value === "string" ? parseTimeSpan(value) : undefined;
  if (span !== undefined) return span;
  throw new Failure("invalid", `${file}: ${name} must be a time as in "00:00:10" (hours:minutes:seconds)`);
}

function routePrefixAt(file: string, value: unknown): string {
  if (typeof value !== "string" || /[{}?#\s]/.test(value)) {
    throw new Failure("invalid", `${file}: extensions.http.routePrefix must be a path as in "api"`);
  }
  return value.replace(/^\/+|\/+$/g, "");
}
