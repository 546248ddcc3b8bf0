import { readFileSync } from "node:fs";
import { join } from "node:path";
import { Command } from "commander";
import { projectRoot } from "../local/project-root.ts";
import { Failure } from "../shared/model/failure.ts";
import { usualDataFolder } from "./data-folder.ts";
import { exitCodes } from "./exit-codes.ts";

// A reader that has seen enough, such as head, is no failure.
process.stdout.on("error", (error: NodeJS.ErrnoException) => {
  if (error.code !== "EPIPE") throw error;
});

type AddCommand = (program: Command) => void;

// Only the command that is asked for is loaded: `up` stays small for as long as it runs.
const commands: Readonly<Record<string, () => Promise<AddCommand>>> = {
  up: async () => (await import("./up.ts")).addUpCommand,
  watch: async () => (await import("./watch.ts")).addWatchCommands,
  plan: async () => (await import("./plan.ts")).addPlanCommand,
  import: async () => (await import("./import.ts")).addImportCommand,
  ...Object.fromEntries(
    ["approve", "refuse", "accept", "skip-cooldown", "retry"].map((name) => [
      name,
      async () => (await import("./decide.ts")).addDecideCommands,
    ]),
  ),
  evidence: async () => (await import("./evidence.ts")).addEvidenceCommands,
  scan: async () => (await import("./scan.ts")).addScanCommands,
  retention: async () => (await import("./retention.ts")).addRetentionCommands,
  unlock: async () => (await import("./unlock.ts")).addUnlockCommand,
  bundle: async () => (await import("./bundle.ts")).addBundleCommands,
  site: async () => (await import("./site.ts")).addSiteCommands,
  sweep: async () => (await import("./sweep.ts")).addSweepCommand,
  status: async () => (await import("./status.ts")).addStatusCommand,
};

const program = new Command("wharfgate")
  .description(
    "Brings the upstream images you chose, proven by digest, into your private registry, and tells you.",
  )
  .version(JSON.parse(readFileSync(join(projectRoot, "package.json"), "utf8")).version)
  .option("--json", "results as JSON on stdout")
  .option("--data <folder>", "data folder of `wharfgate up`", usualDataFolder)
  .exitOverride((error) => {
    process.exit(error.exitCode === 0 ? exitCodes.ok : exitCodes.invalid);
  })
  .addHelpText(
    "after",
    `
Exit codes: ${exitCodes.ok} done, ${exitCodes.failed} failed, ${exitCodes.invalid} arguments or settings to mend, ${exitCodes.pending} plan --check found imports, ${exitCodes.attention} status or sweep --check found something, ${exitCodes.unclear} watch suggest is unclear, ${exitCodes.waiting} the import waits at a gate.`,
  );

const asked = process.argv.slice(2).find((word) => Object.hasOwn(commands, word));
const wanted = process.argv.includes("help") ? undefined : asked;
// One file may add several commands.
const adding = new Set<AddCommand>();
for (const [name, load] of Object.entries(commands)) {
  if (wanted === undefined || wanted === name) adding.add(await load());
}
for (const add of adding) add(program);
try {
  await program.parseAsync();
} catch (error) {
  // Thrown by what reads an option's value, before any command runs.
  if (!(error instanceof Failure)) throw error;
  process.stderr.write(`wharfgate: ${error.message}\n`);
  process.exitCode = exitCodes.invalid;
}
