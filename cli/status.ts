import type { Command } from "commander";
import { run } from "./command.ts";
import { exitCodes } from "./exit-codes.ts";
import { statusLines } from "./status-lines.ts";

/** `wharfgate status [--check]`. */
export function addStatusCommand(program: Command): void {
  program
    .command("status")
    .description("watches, imports, queues, and what needs attention")
    .option("--check", `exit with ${exitCodes.attention} when something needs attention`)
    .action(
      run(async ({ app, output, signal }, { check }: { readonly check?: boolean }) => {
        const status = await app.status(signal);
        output.result(status, () => statusLines(status));
        return check && status.overall === "attention" ? exitCodes.attention : exitCodes.ok;
      }),
    );
}
