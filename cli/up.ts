import { join, resolve } from "node:path";
import type { Command } from "commander";
import { startAzurite } from "../local/azurite.ts";
import { type ChildExit, startChild } from "../local/child-process.ts";
import { claimFolder, emptyFolder, folderFailure } from "../local/claim-folder.ts";
import { type FunctionsProcess, startFunctions } from "../local/functions-process.ts";
import { createLiveLog } from "../local/live-log.ts";
import type { Log } from "../local/log.ts";
import type { OneMachine } from "../local/one-machine.ts";
import { clearRunning, writeRunning } from "../local/running.ts";
import { unproxied } from "../local/unproxied.ts";
import { createSettingReader } from "../shared/auth/setting-reader.ts";
import { toFailure } from "../shared/model/failure.ts";
import { usualDataFolder } from "./data-folder.ts";
import { exitCodes } from "./exit-codes.ts";
import { table } from "./output.ts";

interface Options {
  readonly data: string;
  readonly reset?: boolean;
  readonly demo: boolean;
}

const usualPort = 7071;
// Short, so that a message whose worker was killed comes back soon.
const queueLeaseMs = 30_000;
const releaseAfterMs = 15_000;

/** `wharfgate up`, which is `npm start`. */
export function addUpCommand(program: Command): void {
  program
    .command("up")
    .description("run everything on this machine: storage, registries, the functions, an inbox")
    .option("--reset", "forget all data first")
    .option("--no-demo", "without the demo's watches")
    .action(async (_options: unknown, command: Command) => {
      const options = command.optsWithGlobals<Options>();
      try {
        await up(options);
      } catch (error) {
        const failure = folderFailure(error, resolve(options.data)) ?? toFailure(error, "starting");
        say(`wharfgate: ${failure.message}`);
        process.exit(failure.code === "invalid" ? exitCodes.invalid : exitCodes.failed);
      }
    });
}

async function up({ data, reset, demo }: Options): Promise<void> {
  const started = performance.now();
  const dir = resolve(data);
  await claimFolder(dir);
  if (reset === true) await emptyFolder(dir);
  Object.assign(process.env, unproxied(process.env));
  const log = createLiveLog(say);
  const storage = startAzurite({ data: { location: join(dir, "storage") }, log });
  // Loaded while storage starts, which takes as long.
  const [{ startOneMachine }, { readRegistryAccess }, { readSettings }] = await Promise.all([
    import("../local/one-machine.ts"),
    import("../shared/auth/registry-access.ts"),
    import("../shared/settings.ts"),
  ]);
  const { WHARFGATE_UPSTREAMS: upstreams } = process.env;
  const machine = await startOneMachine({
    dir,
    log,
    storage,
    ...(upstreams === undefined ? {} : { upstreams }),
    // The app tells what is wrong with its settings.
    access: readRegistryAccess(createSettingReader(process.env)),
  });
  let environment = { ...ownSettings(process.env), ...machine.environment };
  try {
    // The functions would tell it with each invocation, and do nothing else.
    const { credentials } = readSettings({ ...process.env, ...environment });
    // Other commands may name credentials without having them.
    const names = [...credentials].map(([name, { host }]) => `${name}=${host}`).join(" ");
    if (names !== "") environment = { ...environment, WHARFGATE_APP_CREDENTIALS: names };
  } catch (error) {
    await clearRunning(dir);
    await machine.close();
    throw error;
  }
  let functions: FunctionsProcess | undefined;
  const stop = onceOnly(async (code: number) => {
    say("Stopping …");
    await clearRunning(dir);
    await functions?.stop();
    await machine.close();
    say("Stopped. The data is kept; `npm start` goes on with it, `npm start -- --reset` begins anew.");
    process.exit(code);
  });
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(signal, () => stop(exitCodes.ok));

  const stopsWith = (name: string) => (end: ChildExit) => {
    if (!stop.called())
      say(
        `The ${name} ended unasked (${end.signal ?? `code ${end.code}`}): everything else is stopped too. Start again: nothing is lost.`,
      );
    stop(exitCodes.failed);
  };
  void machine.azurite.exited.then(stopsWith("storage (Azurite)"));

  const watching = demo ? addDemoWatches(machine, log) : undefined;
  functions = await startFunctions({
    port: { usual: usualPort },
    keysFile: join(dir, "function-keys.json"),
    environment,
    leaseMs: queueLeaseMs,
    log,
  });
  void functions.exited.then(stopsWith("functions' process"));
  const functionKey = functions.keys.functionKeys.default ?? "";
  const api = `${functions.url}/api`;
  await writeRunning(dir, { pid: process.pid, environment, api, functionKey });
  const seconds = (performance.now() - started) / 1000;
  greet(machine, { functions, seconds, data, demo });
  await watching;
  await functions.trigger("schedule").catch(() => {
    if (!stop.called()) say("The first poll comes with the next full minute.");
  });
  if (demo) setTimeout(() => void release(machine), releaseAfterMs).unref();
}

const secretSettings = /^WHARFGATE_(?:CREDENTIAL_|CLIENT_CERT_|PROXY$|SIGNING_KEY$)/;

/** What somebody has set beside what one-machine mode sets; what may hold a secret stays in the environment, out of the file. */
function ownSettings(environment: NodeJS.ProcessEnv): Record<string, string> {
  const own = Object.entries(environment).filter(
    ([name]) => name.startsWith("WHARFGATE_") && !secretSettings.test(name),
  );
  return Object.fromEntries(own.flatMap(([name, value]) => (value === undefined ? [] : [[name, value]])));
}

/** In a process of its own: this one stays small. */
async function addDemoWatches(machine: OneMachine, log: Log): Promise<void> {
  const { exited } = await startChild({
    name: "demo watches",
    script: join(import.meta.dirname, "../local/demo/add-watches.js"),
    args: [machine.azurite.connectionString, machine.upstream.host],
    ready: (line) => (line === "added" ? line : undefined),
    log,
  });
  await exited;
}

async function release(machine: OneMachine): Promise<void> {
  const outcome = await machine.upstream.publish("1.5.0");
  if (outcome === "published")
    say(`${clock()}  demo    upstream publishes demo/web:1.5.0; the next poll, within a minute, finds it`);
}

function greet(
  { places, azurite, registryHost }: OneMachine,
  ready: {
    readonly functions: FunctionsProcess;
    readonly seconds: number;
    readonly data: string;
    readonly demo: boolean;
  },
): void {
  const { functions, seconds, data, demo } = ready;
  const command = data === usualDataFolder ? "npx wharfgate" : `npx wharfgate --data ${data}`;
  const taken = (port: number | undefined) => (port === undefined ? "" : `(port ${port} is taken)`);
  say(`Wharfgate runs on this machine, ready after ${seconds.toFixed(1)} s. Ctrl-C stops it.`);
  say("");
  const rows = [
    ["functions", `${functions.url}/api`, functions.port === usualPort ? "" : taken(usualPort)],
    ...places.map(({ name, url, usualPort: port }) => [name, url, taken(port)]),
    ["storage", azurite.tableEndpoint, ""],
  ];
  for (const line of table(rows)) say(`  ${line}`);
  say("");
  say("In another terminal:");
  say(`  ${command} status`);
  if (demo) {
    say(`  ${command} plan demo/web --explain`);
    say(`  skopeo inspect --tls-verify=false docker://${registryHost}/mirror/demo/web:1.4.2`);
  } else say(`  ${command} watch suggest docker.io/library/nginx`);
  say("");
}

function clock(): string {
  return new Date().toISOString().slice(11, 19);
}

function say(line: string): void {
  process.stdout.write(`${line}\n`);
}

function onceOnly(call: (code: number) => Promise<void>): { (code: number): void; called(): boolean } {
  let called = false;
  const once = (code: number) => {
    if (called) return;
    called = true;
    void call(code);
  };
  return Object.assign(once, { called: () => called });
}
