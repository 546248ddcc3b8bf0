import { open, readFile, stat } from "node:fs/promises";
import type { Command } from "commander";
import { parseSite } from "../shared/documents/handling.ts";
import { largestReceipt } from "../shared/documents/site-receipt.ts";
import { printable } from "../shared/model/digest.ts";
import { Failure } from "../shared/model/failure.ts";
import { cannotWrite } from "../shared/registry/layout/whole-file.ts";
import { generateKeyPair, readVerifyingKey } from "../shared/signing/signing-key.ts";
import { addBundleImportCommand } from "./bundle-import.ts";
import { acknowledgeLines, exportLines } from "./bundle-lines.ts";
import { run, runAlone } from "./command.ts";
import { exitCodes } from "./exit-codes.ts";

interface ExportOptions {
  readonly site: string;
  readonly watch?: readonly string[];
  readonly image?: readonly string[];
  readonly full?: boolean;
  readonly skipUnfit?: boolean;
  readonly out?: string;
  readonly toContainer?: boolean;
}

/** `wharfgate bundle keygen|export|import|acknowledge`. */
export function addBundleCommands(program: Command): void {
  const bundle = program.command("bundle").description("images for disconnected sites, as one signed file");

  bundle
    .command("keygen")
    .description("make a pair of keys: one signs, the other is given to those who verify")
    .requiredOption("--out <file>", "the private key's file; the public one is named beside it, .pub.pem")
    .action(
      runAlone(async ({ output }, { out }: { readonly out: string }) => {
        const { privatePem, publicPem } = generateKeyPair();
        const publicFile = `${out.replace(/\.pem$/, "")}.pub.pem`;
        await writeNew(out, privatePem, 0o600);
        await writeNew(publicFile, publicPem, 0o644);
        const { id } = readVerifyingKey(publicPem);
        output.result({ private: out, public: publicFile, id }, () => [
          `${out}: the private key, for WHARFGATE_SIGNING_KEY or --key. It stays here.`,
          `${publicFile}: the public key, ${id}. Carry it to the other side by a way that you trust.`,
        ]);
        return exitCodes.ok;
      }),
    );

  bundle
    .command("export")
    .description("write what a site lacks, by its last receipt, into one file")
    .requiredOption("--site <name>", "for whom, as added by wharfgate site add")
    .option(
      "--watch <name...>",
      "group/name or group/*; default: what waits for this site by the method bundle",
    )
    .option("--image <name...>", "repository:tag at the target, as imported")
    .option("--full", "leave nothing out")
    .option(
      "--skip-unfit",
      "export the rest when an image is gone from the target, or has another digest there",
    )
    .option("--out <file>", "the file to write")
    .option("--to-container", "write into the container bundles of the app's storage instead")
    .action(
      run(async ({ app, output, signal, actor }, options: ExportOptions) => {
        const { watch = [], image = [], out } = options;
        if ((out === undefined) === (options.toContainer !== true)) {
          throw new Failure("invalid", "Where to? Name a file by --out, or use --to-container");
        }
        const order = {
          site: parseSite(options.site),
          watches: watch,
          images: image,
          kind: options.full ? "full" : "delta",
          unfit: options.skipUnfit ? "skip" : "stop",
          actor,
        } as const;
        const to =
          out === undefined ? ({ kind: "container" } as const) : ({ kind: "file", path: out } as const);
        const result = await app.sites.export(order, to, signal);
        output.result(result, () => exportLines(result));
        return result.unfit.length > 0 ? exitCodes.attention : exitCodes.ok;
      }),
    );

  addBundleImportCommand(bundle);

  bundle
    .command("acknowledge <receipt>")
    .description("take a site's receipt back: its inventory, and the proof of what it imported")
    .option(
      "--force",
      "take one that is older than the last, of another registry, or of a bundle not known here",
    )
    .action(
      run(async ({ app, output, signal, actor }, path: string, { force }: { readonly force?: boolean }) => {
        const doubtful = force === true ? "anyway" : "refuse";
        const text = await readReceipt(path);
        const result = await app.sites.acknowledge({ text, actor, doubtful }, signal);
        output.result(result, () => acknowledgeLines(result));
        return result.refused.length > 0 ? exitCodes.attention : exitCodes.ok;
      }),
    );
}

/** Never over a file that is there: it may be the only copy of a key. */
async function writeNew(path: string, text: string, mode: number): Promise<void> {
  try {
    const file = await open(path, "wx", mode);
    await file.writeFile(text);
    await file.close();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw cannotWrite(path, error);
    throw new Failure("invalid", `${printable(path)} is there already: it is not overwritten`, {
      cause: error,
    });
  }
}

async function readReceipt(path: string): Promise<string> {
  try {
    const { size } = await stat(path);
    if (size <= largestReceipt) return await readFile(path, "utf8");
  } catch (error) {
    throw new Failure("invalid", `the receipt "${printable(path)}" cannot be read`, { cause: error });
  }
  throw new Failure("too-large", `the receipt "${printable(path)}" has more than ${largestReceipt} bytes`);
}
