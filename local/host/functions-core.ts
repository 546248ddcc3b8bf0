import { registerHooks } from "node:module";
import { Failure } from "../../shared/model/failure.ts";
import type {
  FunctionCallback,
  FunctionMetadata,
  ProgrammingModel,
  RpcLogCategory,
  RpcLogLevel,
} from "./rpc.ts";

export interface RegisteredFunction {
  readonly metadata: FunctionMetadata;
  readonly callback: FunctionCallback;
}

export type HookName = "appStart" | "appTerminate" | "preInvocation" | "postInvocation" | "log";
export type HookCallback = (context: unknown) => unknown;

/** What one app has registered through the library while it was loaded. */
export interface Registrations {
  readonly functions: RegisteredFunction[];
  readonly hooks: Readonly<Record<HookName, HookCallback[]>>;
  /** Shared by all hooks of the app. */
  readonly appHookData: Record<string, unknown>;
  model?: ProgrammingModel;
  /** Closed once the app is loaded: later registrations are errors, as in production. */
  open: boolean;
  systemLog(level: RpcLogLevel, category: RpcLogCategory, message: string): void;
}

const specifier = "@azure/functions-core";
const apiKey = Symbol.for("wharfgate.functions-core");
let current: Registrations | undefined;
let model: ProgrammingModel | undefined;

/**
 * Serves `@azure/functions-core`, which in production the worker supplies, from memory and directs all registrations to
 * the result. The library keeps its one copy of it per process, so one app is loaded at a time.
 */
export function installFunctionsCore(systemLog: Registrations["systemLog"]): Registrations {
  if (!(apiKey in globalThis)) {
    Object.assign(globalThis, { [apiKey]: coreApi });
    registerHooks({
      resolve: (name, context, next) =>
        name === specifier
          ? { url: "wharfgate:functions-core", format: "commonjs", shortCircuit: true }
          : next(name, context),
      load: (url, context, next) =>
        url === "wharfgate:functions-core"
          ? {
              format: "commonjs",
              source: `module.exports = globalThis[Symbol.for("wharfgate.functions-core")];`,
              shortCircuit: true,
            }
          : next(url, context),
    });
  }
  const hooks = { appStart: [], appTerminate: [], preInvocation: [], postInvocation: [], log: [] };
  current = { functions: [], hooks, appHookData: {}, open: true, systemLog };
  // The library announces its model once per process, at the first registration.
  if (model !== undefined) current.model = model;
  return current;
}

class Disposable {
  readonly #onDispose: () => unknown;
  constructor(onDispose: () => unknown) {
    this.#onDispose = onDispose;
  }
  static from(...parts: readonly { dispose(): unknown }[]): Disposable {
    return new Disposable(() => {
      for (const part of parts) part.dispose();
    });
  }
  dispose(): unknown {
    return this.#onDispose();
  }
}

// The releases of worker and host whose contract this follows.
const coreApi = {
  version: "3.12.0",
  hostVersion: "4.1044.400",
  Disposable,
  registerFunction(metadata: FunctionMetadata, callback: FunctionCallback): Disposable {
    const { functions, open } = registrations();
    if (!open)
      throw new Failure("invalid", `Function ${metadata.name} is registered after the app has started`);
    const registered = { metadata, callback };
    functions.push(registered);
    return new Disposable(() => remove(functions, registered));
  },
  registerHook(name: string, callback: HookCallback): Disposable {
    const list = (registrations().hooks as Readonly<Record<string, HookCallback[]>>)[name];
    if (list === undefined) {
      throw Object.assign(new RangeError(`Unrecognized hook "${name}"`), {
        isAzureFunctionsSystemError: true,
      });
    }
    list.push(callback);
    return new Disposable(() => remove(list, callback));
  },
  setProgrammingModel(value: ProgrammingModel): void {
    model = value;
    registrations().model = value;
  },
  getProgrammingModel(): ProgrammingModel | undefined {
    return registrations().model;
  },
  log(level: RpcLogLevel, category: RpcLogCategory, message: string): void {
    registrations().systemLog(level, category, message);
  },
};

function registrations(): Registrations {
  if (current === undefined) throw new Failure("internal", "no app is being loaded");
  return current;
}

function remove<T>(list: T[], item: T): void {
  const at = list.indexOf(item);
  if (at >= 0) list.splice(at, 1);
}
