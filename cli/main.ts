#!/usr/bin/env node
import { Command } from "commander";
import { exitCodes } from "./exit-codes.ts";
import { addImportCommand } from "./import.ts";
import { addPlanCommand } from "./plan.ts";
import { addStatusCommand } from "./status.ts";
import { addUpCommand } from "./up.ts";
import { addWatchCommands } from "./watch.ts";

const program = new Command("wharfgate")
  .description(
    "Brings the upstream images you chose, proven by digest, into your private registry, and tells you.",
  )
  .option("--json", "results as JSON on stdout")
  .option("--data <folder>", "data folder of `wharfgate up`", ".wharfgate")
  .exitOverride((error) => {
    process.exit(error.exitCode === 0 ? exitCodes.ok : exitCodes.invalid);
  })
  .addHelpText(
    "after",
    `
Exit codes: ${exitCodes.ok} done, ${exitCodes.failed} failed, ${exitCodes.invalid} arguments or settings to mend, ${exitCodes.pending} plan --check found imports, ${exitCodes.attention} status --check found something.`,
  );

addUpCommand(program);
addWatchCommands(program);
addPlanCommand(program);
addImportCommand(program);
addStatusCommand(program);

await program.parseAsync();
