import { readFile, stat } from "node:fs/promises";
import type { Command } from "commander";
import { largestReport } from "../shared/gates/read-scan-report.ts";
import { Failure } from "../shared/model/failure.ts";
import type { AddedScanReport } from "../shared/steps/scan/add-scan-report.ts";
import { run } from "./command.ts";
import { exitCodes } from "./exit-codes.ts";
import { counted, table } from "./output.ts";

interface Options {
  readonly digest?: string;
  readonly createdAt?: string;
}

/** `wharfgate scan add <report.json>`. */
export function addScanCommands(program: Command): void {
  program
    .command("scan")
    .description("reports of vulnerability scanners")
    .command("add <report>")
    .description("hand in a report, Trivy JSON or SARIF, for the gate scan")
    .option(
      "--digest <digest>",
      "the image that it is of, for reports that do not say; refused when the report says another one",
    )
    .option("--created-at <time>", "when it was made, for reports that do not say: 2026-11-24T12:00:00Z")
    .action(
      run(async ({ app, output, signal, actor }, path: string, options: Options) => {
        const added = await app.addScanReport({ bytes: await readReport(path), actor, ...options }, signal);
        if (added.unchecked !== undefined) output.note(`Note: ${added.unchecked}`);
        output.result(added, () => toLines(added));
        return exitCodes.ok;
      }),
    );
}

async function readReport(path: string): Promise<Uint8Array> {
  const size = await stat(path).then(
    (found) => (found.isFile() ? found.size : undefined),
    () => undefined,
  );
  if (size === undefined) throw new Failure("invalid", `${path} is not a file`);
  if (size <= largestReport) return await readFile(path);
  throw new Failure("invalid", `${path} has ${size} bytes: at most ${largestReport} are read`);
}

function toLines({ report, digests, createdAt, findings, woken }: AddedScanReport): string[] {
  const counts = Object.entries(findings).map(([severity, count]) => `${count} ${severity}`);
  return table([
    ["report", report],
    ...digests.map((digest) => ["image", digest]),
    ["made at", createdAt],
    ["findings", counts.reverse().join(", ") || "none"],
    ["woken", `${counted(woken, "import")} that ${woken === 1 ? "waits" : "wait"} for a report`],
  ]);
}
