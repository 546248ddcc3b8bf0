import { open, rename, rm } from "node:fs/promises";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import type { Command } from "commander";
import { type Evidence, writeEvidence } from "../shared/documents/evidence.ts";
import { Failure } from "../shared/model/failure.ts";
import { run } from "./command.ts";
import { evidenceLines } from "./evidence-lines.ts";
import { exitCodes } from "./exit-codes.ts";

interface ExportOptions {
  readonly since?: string;
  readonly watch?: string;
  readonly out?: string;
}

const usualColumns = 80;

/** `wharfgate evidence <image>` and what goes with it. */
export function addEvidenceCommands(program: Command): void {
  const evidence = program
    .command("evidence [image]")
    .description(
      "where an image in the registry came from, by whom, how and when: repo:tag, repo@digest or a digest",
    )
    .action(
      run(async ({ app, output, signal }, image?: string) => {
        if (image === undefined)
          throw new Failure(
            "invalid",
            "Name an image, such as mirror/nginx:1.27.1, or see `evidence --help`",
          );
        const answer = await app.evidence.find(image, signal);
        output.result(answer, () => evidenceLines(answer, process.stdout.columns ?? usualColumns));
        return answer.complete ? exitCodes.ok : exitCodes.failed;
      }),
    );
  evidence
    .command("export")
    .description("everything on record, as JSON lines")
    .option("--since <time>", "what ended on this day or later: 2026-11-01, or a moment in UTC")
    .option("--watch <group/name>", "of one watch, or `manual`")
    .option("--out <file>", "into a file, which is there only once it is whole")
    .action(
      run(async ({ app, output, signal }, { out, ...filter }: ExportOptions) => {
        const count = await write(app.evidence.export(filter, signal), out, signal);
        output.note(`${count} rows${out === undefined ? "" : ` in ${out}`}`);
        return exitCodes.ok;
      }),
    );
}

/** Streams, so that its memory does not grow with the record. */
async function write(
  rows: AsyncIterable<Evidence>,
  out: string | undefined,
  signal: AbortSignal,
): Promise<number> {
  let count = 0;
  async function* lines() {
    for await (const row of rows) {
      count += 1;
      yield `${writeEvidence(row)}\n`;
    }
  }
  const source = Readable.from(lines());
  if (out === undefined) {
    await pipeline(source, process.stdout, { signal, end: false });
    return count;
  }
  const part = `${out}.part`;
  const file = await open(part, "w").catch((cause: unknown) => {
    throw new Failure("invalid", `${part} cannot be written`, { cause });
  });
  try {
    await pipeline(source, file.createWriteStream(), { signal });
    await rename(part, out);
  } catch (error) {
    await rm(part, { force: true });
    throw error;
  }
  return count;
}
