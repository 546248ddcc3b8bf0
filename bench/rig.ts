import { execFileSync, spawn } from "node:child_process";
import { accessSync, constants } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { delimiter, join, resolve } from "node:path";
import { median } from "./figures.ts";

/** Servers stand on one core and contestants on another, so that CPU time is theirs alone. */
const cores = { server: "0", client: "1" };
const root = resolve(import.meta.dirname, "..");

export interface Server {
  readonly host: string;
  readonly port: number;
  stop(): void;
}

/** A script of this folder that prints its port, as a process of its own. */
export async function startServer(script: string, ...args: readonly string[]): Promise<Server> {
  const path = join(import.meta.dirname, script);
  const child = spawn("taskset", ["-c", cores.server, process.execPath, path, ...args], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  for await (const chunk of child.stdout) {
    const port = Number(chunk);
    return { host: `127.0.0.1:${port}`, port, stop: () => void child.kill() };
  }
  throw new Error(`${script} ended before it had a port`);
}

export interface Run {
  /** User and system, children included. */
  readonly cpuSeconds: number;
  readonly wallSeconds: number;
  /** What the program printed. */
  readonly output: string;
}

/** Runs a program on the contestants' core; its CPU time is what the shell says, so that it holds for any program. */
export function runPinned(command: string, ...args: readonly string[]): Promise<Run> {
  return runTimed("taskset", "-c", cores.client, command, ...args);
}

/** Runs a program on whatever cores there are. */
export async function runTimed(command: string, ...args: readonly string[]): Promise<Run> {
  const script = 'TIMEFORMAT="%R %U %S"; time "$@"';
  const child = spawn("bash", ["-c", script, "bash", command, ...args], {
    cwd: root,
    stdio: ["ignore", "pipe", "pipe"],
  });
  const [output, errors] = await Promise.all([textOf(child.stdout), textOf(child.stderr)]);
  const [wallSeconds, user, system] = (errors.trim().split("\n").at(-1) ?? "").split(" ").map(Number);
  if (child.exitCode !== null && child.exitCode !== 0) throw new Error(`${command} failed: ${errors}`);
  if (wallSeconds === undefined || user === undefined || system === undefined || Number.isNaN(system))
    throw new Error(`${command} failed: ${errors}`);
  return { cpuSeconds: user + system, wallSeconds, output };
}

/** A contestant of `bench/peers`; what it prints is JSON. */
export function runPeer(script: string, ...args: readonly (string | number)[]): Promise<Run> {
  return runPinned(process.execPath, join(import.meta.dirname, "peers", script), ...args.map(String));
}

/** Wharfgate with the flags of `npm start`, which are for little memory: MiB at most. */
export async function memoryOf(...args: readonly (string | number)[]): Promise<number> {
  const flags = ["--max-semi-space-size=1", "--optimize-for-size"];
  const script = join(import.meta.dirname, "peers/wharfgate.mjs");
  const run = await runPinned(process.execPath, ...flags, script, ...args.map(String));
  return reportsOf({ outputs: [run.output] })[0]?.maxRssMib ?? Number.NaN;
}

type Contestants = Readonly<Record<string, (() => Promise<Run>) | undefined>>;
type Results<C extends Contestants> = {
  readonly [Name in keyof C]: undefined extends C[Name] ? Medians | undefined : Medians;
};

/** Runs contestants in turns, since the machine's speed drifts; leaves out those that are undefined. */
export async function inTurns<C extends Contestants>(rounds: number, contestants: C): Promise<Results<C>> {
  const running = Object.entries(contestants).flatMap(([name, run]) =>
    run === undefined ? [] : [{ name, run, runs: [] as Run[] }],
  );
  for (let round = 0; round < rounds; round++) for (const { run, runs } of running) runs.push(await run());
  return Object.fromEntries(running.map(({ name, runs }) => [name, mediansOf(runs)])) as Results<C>;
}

function mediansOf(runs: readonly Run[]): Medians {
  return {
    cpuSeconds: median(runs.map(({ cpuSeconds }) => cpuSeconds)),
    wallSeconds: median(runs.map(({ wallSeconds }) => wallSeconds)),
    outputs: runs.map(({ output }) => output),
  };
}

export interface Medians {
  readonly cpuSeconds: number;
  readonly wallSeconds: number;
  readonly outputs: readonly string[];
}

/** What a contestant under `bench/peers` tells of itself. */
export interface Report {
  readonly hash: string;
  readonly cpuSeconds: number;
  readonly maxRssMib: number;
  /** CPU time of the longest turn of the event loop. */
  readonly busyMs: number;
  /** The longest delay of the event loop, for whatever reason. */
  readonly delayMs: number;
}

export function reportsOf({ outputs }: Pick<Medians, "outputs">): readonly Report[] {
  return outputs.map((output) => JSON.parse(output) as Report);
}

/** A wrong answer is no measurement. */
export function verify(what: string, right: boolean): void {
  if (!right) throw new Error(`${what} got a wrong answer`);
}

export interface Counts {
  readonly requests: number;
  readonly connections: number;
  readonly bytes: number;
}

/** What the upstream was asked since the last time, without this question itself. */
export async function countsOf(host: string): Promise<Counts> {
  const answer = await fetch(`http://${host}/-/counts`, { headers: { connection: "close" } });
  const { requests, connections, bytes } = (await answer.json()) as Counts;
  return { requests, bytes, connections: connections - 1 };
}

/** The path of a program, or undefined where it is not installed. */
export function program(name: string): string | undefined {
  const folders = [...(process.env.PATH ?? "").split(delimiter), "/usr/local/go/bin"];
  return folders.map((folder) => join(folder, name)).find(isExecutable);
}

/** Programs of one Go module among the peers, by their names; undefined where Go is missing. */
export function buildGoTools(
  module: string,
  { folder, packages }: { readonly folder: string; readonly packages: Readonly<Record<string, string>> },
): Readonly<Record<string, string>> | undefined {
  const go = program("go");
  if (go === undefined) return undefined;
  const env = { ...process.env, GOFLAGS: "-mod=readonly", GOTOOLCHAIN: "local" };
  const cwd = join(import.meta.dirname, "peers", module);
  return Object.fromEntries(
    Object.entries(packages).map(([name, path]) => {
      const built = join(folder, name);
      execFileSync(go, ["build", "-o", built, path], { cwd, env, stdio: ["ignore", "inherit", "inherit"] });
      return [name, built];
    }),
  );
}

/** The Go programs among the peers, built into a folder of their own; none where Go is missing. */
export async function buildGoPeers(): Promise<GoPeers> {
  const go = program("go");
  if (go === undefined) return { paths: undefined, remove: async () => {} };
  const folder = await mkdtemp(join(tmpdir(), "wharfgate-bench-"));
  const cwd = join(import.meta.dirname, "peers/go-containerregistry");
  const env = { ...process.env, GOFLAGS: "-mod=readonly", GOTOOLCHAIN: "local" };
  const [list, crane] = [join(folder, "list"), join(folder, "crane")];
  execFileSync(go, ["build", "-o", list, "."], { cwd, env, stdio: ["ignore", "inherit", "inherit"] });
  execFileSync(go, ["build", "-o", crane, "github.com/google/go-containerregistry/cmd/crane"], {
    cwd,
    env,
    stdio: ["ignore", "inherit", "inherit"],
  });
  return { paths: { list, crane }, remove: () => rm(folder, { recursive: true, force: true }) };
}

export interface GoPeers {
  readonly paths: { readonly list: string; readonly crane: string } | undefined;
  remove(): Promise<void>;
}

async function textOf(stream: AsyncIterable<Uint8Array>): Promise<string> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of stream) chunks.push(chunk);
  return Buffer.concat(chunks).toString();
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
