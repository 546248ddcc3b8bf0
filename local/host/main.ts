import { parseArgs } from "node:util";
import { Failure } from "../../shared/model/failure.ts";
import type { WantedPort } from "../listen.ts";
import type { LogLevel } from "../log.ts";
import { startHost } from "./start-host.ts";

const usage =
  "node local/host/main.js --app <root> [--main <glob>] [--port <n> | --usual-port <n>] [--keys <file>] [--lease <ms>] [--grace <ms>] [--quiet]";

/** Runs the host as a process: logs on stderr, one JSON line on stdout once it is ready, ends on SIGTERM or SIGINT. */
async function main(): Promise<void> {
  const options = parseOptions(process.argv.slice(2));
  const host = await startHost({ ...options, env: process.env, log: write(options.quiet) });
  const stop = (): void => {
    host.close(options.graceMs).then(
      () => process.exit(0),
      () => process.exit(1),
    );
  };
  for (const signal of ["SIGTERM", "SIGINT"] as const) process.on(signal, stop);
  const { url, functions, coldStartMs } = host;
  process.stdout.write(`${JSON.stringify({ ready: true, url, functions, coldStartMs })}\n`);
}

function parseOptions(args: readonly string[]) {
  const text = { type: "string" } as const;
  const options = {
    app: text,
    main: text,
    port: text,
    "usual-port": text,
    keys: text,
    lease: text,
    grace: text,
    quiet: { type: "boolean" },
  } as const;
  try {
    const { values } = parseArgs({ args: [...args], options, strict: true });
    return {
      root: values.app ?? ".",
      ...(values.main === undefined ? {} : { main: values.main }),
      ...(values.keys === undefined ? {} : { keysFile: values.keys }),
      ...(values.lease === undefined ? {} : { leaseMs: numberOf("--lease", values.lease, 1_000) }),
      port: portOf(values.port, values["usual-port"]),
      graceMs: numberOf("--grace", values.grace ?? "2000", 0),
      quiet: values.quiet ?? false,
    };
  } catch (error) {
    if (error instanceof Failure) throw error;
    throw new Failure("invalid", `${(error as Error).message}. Usage: ${usage}`);
  }
}

/** The usual one gives way to a free one when it is taken. */
function portOf(port: string | undefined, usual: string | undefined): WantedPort {
  if (usual !== undefined) return { usual: numberOf("--usual-port", usual, 1) };
  return numberOf("--port", port ?? "7071", 0);
}

function numberOf(name: string, text: string, least: number): number {
  const value = Number(text);
  if (Number.isInteger(value) && value >= least) return value;
  throw new Failure("invalid", `${name} must be a whole number, ${least} or more. Usage: ${usage}`);
}

function write(quiet: boolean): (level: LogLevel, message: string) => void {
  return (level, message) => {
    if (level === "debug" || (quiet && level === "info")) return;
    process.stderr.write(`${new Date().toISOString()} ${level} ${message}\n`);
  };
}

main().catch((error: unknown) => {
  // The app's modules may already hold the process open.
  const message = error instanceof Error ? error.message : String(error);
  process.stderr.write(`${message}\n`, () => process.exit(1));
});
