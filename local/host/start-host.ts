import { basename, resolve } from "node:path";
import type { Clock } from "../../shared/model/clock.ts";
import { Failure } from "../../shared/model/failure.ts";
import type { WantedPort } from "../listen.ts";
import type { Log } from "../log.ts";
import { type Environment, isTriggeredBy } from "./bindings.ts";
import { listenToHttp } from "./http-listener.ts";
import { createInvoker, type Invoker, runHooks } from "./invoke.ts";
import { createKeys, type HostKeys, readOrCreateKeys } from "./keys.ts";
import type { Listener } from "./listener.ts";
import { type App, loadApp } from "./load-app.ts";
import { type HostSettings, readHostSettings, readLocalValues, readMainGlob } from "./settings.ts";

export interface HostOptions {
  /** The app's folder, with host.json and package.json. */
  readonly root: string;
  /** Glob of the modules that register functions; `main` of package.json by default. */
  readonly main?: string;
  /** 0, the default, takes a free one. */
  readonly port?: WantedPort;
  /** The live environment, which the app reads: values of local.settings.json are added where it has none. */
  readonly env: Record<string, string | undefined>;
  /** Keys file, made when absent; random keys for this run by default. */
  readonly keysFile?: string;
  /** How long a queue message stays invisible while its function runs; 10 minutes by default, as in production. */
  readonly leaseMs?: number;
  readonly clock?: Clock;
  readonly log: Log;
}

export interface Host {
  readonly port: number;
  /** `http://127.0.0.1:7071` */
  readonly url: string;
  /** Names of the functions. */
  readonly functions: readonly string[];
  readonly keys: HostKeys;
  /** Milliseconds from the start of this process until all functions were registered. */
  readonly coldStartMs: number;
  /** Starts nothing new, waits for what runs up to `graceMs` (2 s by default); what is cut off comes again. */
  close(graceMs?: number): Promise<void>;
}

const defaultLeaseMs = 10 * 60_000;

/**
 * Runs a functions app in this process as Azure would. Throws what keeps it from running as in production: a wrong
 * host.json, an unsupported binding, no functions, a port that is taken, storage that cannot be reached.
 */
export async function startHost(options: HostOptions): Promise<Host> {
  const { env, log, port = 0, keysFile } = options;
  const root = resolve(options.root);
  for (const [name, value] of Object.entries(readLocalValues(root))) env[name] ??= value;
  const settings = readHostSettings(root, env);
  const app = await loadApp({ root, main: options.main ?? readMainGlob(root), env, log });
  const coldStartMs = Math.round(performance.now());
  const { functions, model, registrations } = app;
  const { hooks, appHookData } = registrations;
  await runHooks(hooks.appStart, { hookData: {}, appHookData, functionAppDirectory: root });
  // Storage SDKs are loaded only once the app is, so that they do not weigh on its cold start.
  const { writeQueueOutputs } = await import("./queue-outputs.ts");
  const invoker = createInvoker({
    model,
    registrations,
    functionTimeoutMs: settings.functionTimeoutMs,
    writeOutputs: writeQueueOutputs,
    log,
  });
  const keys = keysFile === undefined ? createKeys() : readOrCreateKeys(keysFile);
  const { routePrefix } = settings;
  const http = await listenToHttp({ functions, routePrefix, port, keys, invoker, log });
  let listeners: readonly Listener[];
  try {
    listeners = [http, ...(await listenToStorage({ ...options, root }, settings, { app, invoker }))];
  } catch (error) {
    await http.close();
    throw error;
  }
  let closing: Promise<void> | undefined;
  const close = async (graceMs: number): Promise<void> => {
    await Promise.race([Promise.all(listeners.map((listener) => listener.stop())), afterwards(graceMs)]);
    const left = listeners.reduce((sum, { running }) => sum + running, 0);
    if (left > 0) log("warn", `Cut off while running: ${left}; their messages come again`);
    await http.close();
    await runHooks(hooks.appTerminate, { hookData: {}, appHookData });
  };
  return {
    port: http.port,
    url: http.url,
    functions: functions.map(({ name }) => name),
    keys,
    coldStartMs,
    close: (graceMs = 2_000) => {
      closing ??= close(graceMs);
      return closing;
    },
  };
}

async function listenToStorage(
  { root, env, leaseMs = defaultLeaseMs, clock = () => new Date(), log }: HostOptions,
  { queues }: HostSettings,
  { app, invoker }: { readonly app: App; readonly invoker: Invoker },
): Promise<readonly Listener[]> {
  const timers = app.functions.filter(isTriggeredBy("timer"));
  const stateOf = timers.some(({ trigger }) => trigger.monitored) ? await timerStates(root, env) : undefined;
  const { listenToTimer } = await import("./timer-listener.ts");
  const { listenToQueue } = await import("./queue-listener.ts");
  const timerListeners = await Promise.all(
    timers.map((hosted) => {
      const state = hosted.trigger.monitored ? stateOf?.(hosted.name) : undefined;
      return listenToTimer({ hosted, state, invoker, clock, log });
    }),
  );
  const queueListeners = app.functions
    .filter(isTriggeredBy("queue"))
    .map((hosted) => listenToQueue({ hosted, settings: queues, leaseMs, invoker, log }));
  return [...timerListeners, ...queueListeners];
}

async function timerStates(
  root: string,
  env: Environment,
): Promise<ReturnType<typeof import("./timer-state.ts").createTimerStates>> {
  const storage = env.AzureWebJobsStorage;
  if (storage === undefined || storage === "") {
    throw new Failure(
      "invalid",
      "The setting AzureWebJobsStorage is missing: timers keep their state in that storage",
    );
  }
  const { createTimerStates } = await import("./timer-state.ts");
  return createTimerStates(storage, env.AzureFunctionsWebHost__hostid ?? hostIdOf(root));
}

/** At most 32 characters of a-z, 0-9 and -, as the real host's. */
function hostIdOf(root: string): string {
  const name = basename(root)
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, "-")
    .slice(0, 32)
    .replace(/^-+|-+$/g, "");
  return name === "" ? "app" : name;
}

function afterwards(ms: number): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, ms).unref();
  });
}
