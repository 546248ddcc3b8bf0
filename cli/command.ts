import { userInfo } from "node:os";
import type { Command } from "commander";
import type { App } from "../shared/app.ts";
import { type Failure, toFailure } from "../shared/model/failure.ts";
import { connect } from "./connect.ts";
import { exitCodes } from "./exit-codes.ts";
import { createOutput, type Output } from "./output.ts";

export interface CommandContext {
  readonly app: App;
  readonly output: Output;
  readonly signal: AbortSignal;
  /** For the audit: who types. */
  readonly actor: string;
}

/**
 * Wraps a command: opens the app, closes it, turns failures into a message and an exit code. The call may return an exit
 * code of its own.
 */
export function run<Arguments extends unknown[]>(
  call: (context: CommandContext, ...args: Arguments) => Promise<number | undefined>,
) {
  return runAlone(async ({ data, environment, ...context }, ...args: Arguments) => {
    const app = await connect(data, environment);
    try {
      return await call({ ...context, app, actor: `${userInfo().username} (command line)` }, ...args);
    } finally {
      await app.close();
    }
  });
}

/** What a command has that needs neither storage nor the app's settings. */
export interface AloneContext extends Pick<CommandContext, "output" | "signal"> {
  readonly data: string;
  readonly environment: NodeJS.ProcessEnv;
}

/** As `run`, without the app. */
export function runAlone<Arguments extends unknown[]>(
  call: (context: AloneContext, ...args: Arguments) => Promise<number | undefined>,
) {
  return async (...args: [...Arguments, Command] | unknown[]): Promise<void> => {
    const command = args.at(-1) as Command;
    const { json, data } = command.optsWithGlobals<{ json?: boolean; data: string }>();
    const output = createOutput(json === true ? "json" : "text");
    const interrupt = new AbortController();
    process.once("SIGINT", () => interrupt.abort());
    try {
      const context = { output, signal: interrupt.signal, data, environment: process.env };
      process.exitCode = (await call(context, ...(args.slice(0, -1) as Arguments))) ?? exitCodes.ok;
    } catch (error) {
      const failure = toFailure(error, command.name());
      output.note(`wharfgate: ${failure.message}`);
      if (failure.code === "internal" && failure.cause instanceof Error)
        output.note(failure.cause.stack ?? "");
      process.exitCode = exitCodeOf(failure);
    }
  };
}

function exitCodeOf({ code }: Failure): number {
  return code === "invalid" ? exitCodes.invalid : exitCodes.failed;
}
