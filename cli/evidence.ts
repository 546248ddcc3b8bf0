import { existsSync } from "node:fs";
import { open, readFile, rename, rm } from "node:fs/promises";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import type { Command } from "commander";
import { type Attestation, verifyAttestation } from "../shared/documents/attestation.ts";
import { type Evidence, targetOf, writeEvidence } from "../shared/documents/evidence.ts";
import { printable } from "../shared/model/digest.ts";
import { Failure } from "../shared/model/failure.ts";
import { cannotWrite, writeWhole } from "../shared/registry/layout/whole-file.ts";
import { readVerifyingKey } from "../shared/signing/signing-key.ts";
import { run, runAlone } from "./command.ts";
import { evidenceLines } from "./evidence-lines.ts";
import { exitCodes } from "./exit-codes.ts";
import type { Output } from "./output.ts";

interface ExportOptions {
  readonly since?: string;
  readonly watch?: string;
  readonly out?: string;
}

interface AttestOptions {
  readonly attach?: boolean;
  readonly out?: string;
}

const usualColumns = 80;
const largestFile = 1024 * 1024;

/** `wharfgate evidence <image>` and what goes with it. */
export function addEvidenceCommands(program: Command): void {
  const evidence = program
    .command("evidence [image]")
    .description(
      "where an image in the registry came from, by whom, how and when, or where its import stands: repo:tag, repo@digest, a digest, or group/name:tag of an import",
    )
    .action(
      run(async ({ app, output, signal }, image?: string) => {
        if (image === undefined)
          throw new Failure(
            "invalid",
            "Name an image, such as mirror/nginx:1.27.1, or see wharfgate evidence --help",
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
  evidence
    .command("attest <image>")
    .description("sign what is on record of an image, as an in-toto attestation that cosign reads")
    .option("--attach", "push it to the registry, as a referrer of the image")
    .option("--out <file>", "write it into a file")
    .action(
      run(async ({ app, output, signal, actor }, image: string, options: AttestOptions) => {
        const attach = options.attach === true ? "attach" : "keep";
        const attested = await app.evidence.attest(image, { attach, actor }, signal);
        if (options.out !== undefined) await writeWhole(options.out, `${attested.bundle}\n`);
        output.result(attested, () => [
          ...(options.out === undefined && attach === "keep"
            ? [attested.bundle]
            : [`Signed: ${attested.image}`]),
          ...(attested.attachedAs === undefined ? [] : [`Attached as ${attested.attachedAs}`]),
        ]);
      }),
    );
  evidence
    .command("verify <file-or-image>")
    .description("check an attestation: in a file, or attached to an image")
    .requiredOption("--key <file>", "public key (PEM) that must have signed it")
    .action((what: string, options: VerifyOptions, command: Command) =>
      existsSync(what) || !/[:@]/.test(what)
        ? verifyFile(what, options, command)
        : verifyAttached(what, options, command),
    );
}

interface VerifyOptions {
  readonly key: string;
}

/** Whoever has the public key can check a file, without the app. */
const verifyFile = runAlone(async ({ output }, file: string, { key }: VerifyOptions) => {
  const trusted = [readVerifyingKey(key)];
  if (!existsSync(file))
    throw new Failure("invalid", `${printable(file)} is no file, and names no image: add its tag or digest`);
  const bytes = await readFile(file);
  if (bytes.length > largestFile)
    throw new Failure("invalid", `${file} has ${bytes.length} bytes: it is no attestation`);
  show(verifyAttestation(bytes.toString("utf8"), trusted, file), output);
  return exitCodes.ok;
});

const verifyAttached = run(async ({ app, output, signal }, image: string, { key }: VerifyOptions) => {
  show(await app.evidence.verify(image, [readVerifyingKey(key)], signal), output);
  return exitCodes.ok;
});

function show({ evidence, key }: Attestation, output: Output): void {
  output.result(evidence, () => {
    const image = targetOf(evidence);
    const summary = `Signed by ${key.id}.`;
    const told = {
      image,
      verdict: "on-record",
      summary,
      record: evidence,
      history: [],
      referrers: [],
    } as const;
    return evidenceLines(
      { asked: image, complete: true, images: [told] },
      process.stdout.columns ?? usualColumns,
    );
  });
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
    try {
      await pipeline(source, process.stdout, { signal, end: false });
    } catch (error) {
      // A reader that has seen enough, such as head, is no failure.
      if (!(error instanceof Error) || !("code" in error) || error.code !== "EPIPE") throw error;
    }
    return count;
  }
  // Of a name of its own, so that two exports into one file do not write into each other's half.
  const part = `${out}.${process.pid}.part`;
  const file = await open(part, "w").catch((error: unknown) => {
    throw cannotWrite(out, error);
  });
  try {
    await pipeline(source, file.createWriteStream(), { signal });
    await rename(part, out);
  } catch (error) {
    await rm(part, { force: true });
    throw error instanceof Error && "syscall" in error ? cannotWrite(out, error) : error;
  }
  return count;
}
