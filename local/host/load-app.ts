import { glob } from "node:fs/promises";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { Failure } from "../../shared/model/failure.ts";
import type { Log } from "../log.ts";
import { type Environment, type HostedFunction, parseFunction } from "./bindings.ts";
import { installFunctionsCore, type Registrations } from "./functions-core.ts";
import { levelOf } from "./invoke.ts";
import type { ProgrammingModel } from "./rpc.ts";

export interface App {
  readonly functions: readonly HostedFunction[];
  readonly model: ProgrammingModel;
  readonly registrations: Registrations;
}

export interface LoadOptions {
  readonly root: string;
  /** Glob below `root` of the modules to import. */
  readonly main: string;
  readonly env: Environment;
  readonly log: Log;
}

let loads = 0;

/** Imports the app's modules, in order of name, and checks what they registered. Throws `invalid` when that is nothing. */
export async function loadApp({ root, main, env, log }: LoadOptions): Promise<App> {
  const registrations = installFunctionsCore((level, _category, message) => log(levelOf(level), message));
  const files = await matching(root, main);
  if (files.length === 0)
    throw new Failure("not-found", `No file matches ${join(root, main)}: build the app first`);
  // A module runs once per process, so a second load in the same one needs other URLs to register again.
  const version = loads === 0 ? "" : `?load=${loads}`;
  loads += 1;
  for (const file of files) await importModule(join(root, file), version, log);
  registrations.open = false;
  const functions = registrations.functions.map((registered) => parseFunction(registered, env));
  const { model } = registrations;
  if (functions.length === 0 || model === undefined) {
    throw new Failure(
      "invalid",
      `No functions were found in ${join(root, main)}: each file registers some by app.*()`,
    );
  }
  refuseDuplicates(functions);
  await refuseStreaming(model);
  return { functions, model, registrations };
}

async function matching(root: string, main: string): Promise<readonly string[]> {
  const files: string[] = [];
  for await (const file of glob(main, { cwd: root })) files.push(file);
  return files.sort();
}

async function importModule(file: string, version: string, log: Log): Promise<void> {
  try {
    await import(`${pathToFileURL(file).href}${version}`);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    if (error instanceof Error) log("error", error.stack ?? reason);
    throw new Failure("invalid", `${file} could not be loaded: ${reason}`, { cause: error });
  }
}

function refuseDuplicates(functions: readonly HostedFunction[]): void {
  const seen = new Set<string>();
  for (const { name } of functions) {
    if (seen.has(name.toLowerCase())) throw new Failure("invalid", `Two functions have the name ${name}`);
    seen.add(name.toLowerCase());
  }
}

/** Asking for the capabilities also closes the library's setup, as the worker does after the app has started. */
async function refuseStreaming(model: ProgrammingModel): Promise<void> {
  const capabilities = await model.getCapabilities({});
  if ("HttpUri" in capabilities) {
    throw new Failure(
      "unsupported",
      "app.setup({ enableHttpStream: true }) is not supported by the local host",
    );
  }
}
