import { stat } from "node:fs/promises";
import type { Command } from "commander";
import { parseSite } from "../shared/documents/handling.ts";
import { receiptType, type SiteReceipt } from "../shared/documents/site-receipt.ts";
import { printable } from "../shared/model/digest.ts";
import { Failure, toFailure } from "../shared/model/failure.ts";
import type { LayoutFiles } from "../shared/registry/layout/layout-files.ts";
import { openFolder } from "../shared/registry/layout/read-folder.ts";
import { openTar } from "../shared/registry/layout/read-tar.ts";
import { writeWhole } from "../shared/registry/layout/whole-file.ts";
import { signStatement } from "../shared/signing/envelope.ts";
import { readSigningKey, readVerifyingKey, type SigningKey } from "../shared/signing/signing-key.ts";
import { type BundleImport, importBundle } from "../shared/steps/bundle/import-bundle.ts";
import { readBundle } from "../shared/steps/bundle/read-bundle.ts";
import { readForeignLayout } from "../shared/steps/bundle/read-foreign-layout.ts";
import { bundleLines, receiptLines, toldLine } from "./bundle-lines.ts";
import { type AloneContext, runAlone } from "./command.ts";
import { exitCodes } from "./exit-codes.ts";
import { openSiteState, requireNewer, requireRegistry, type SiteState } from "./site-state.ts";

interface Options {
  readonly site: string;
  readonly registry: string;
  readonly credential?: string;
  readonly key?: string;
  readonly trust?: readonly string[];
  readonly receipt?: string;
  readonly state: string;
  readonly force?: boolean;
  readonly allowUnsigned?: boolean;
  readonly repository?: string;
  readonly replace?: boolean;
}

/** `wharfgate bundle import`: runs at the site, with nothing but the file, keys and the registry. */
export function addBundleImportCommand(bundle: Command): void {
  bundle
    .command("import <file>")
    .description("at the site: verify a bundle, push it to the site's registry, write a signed receipt")
    .requiredOption("--site <name>", "this site's name: a bundle for another one is refused")
    .requiredOption("--registry <host>", "the site's registry: registry.corp:5443, http://127.0.0.1:5000")
    .option("--credential <reference>", "its login: env:NAME, as WHARFGATE_CREDENTIAL_NAME")
    .option("--trust <file...>", "public key that bundles are signed with; several while keys change")
    .option("--key <file>", "this site's private key, which signs the receipt (or WHARFGATE_SIGNING_KEY)")
    .option("--receipt <file>", "where the receipt goes, to be carried back")
    .option("--state <folder>", "where this site remembers what it imported", ".wharfgate-site")
    .option("--force", "import a bundle that is older than the last, or was made for another registry")
    .option("--allow-unsigned", "take an OCI layout (tar file or folder) that nobody has signed")
    .option("--repository <path>", "for an unsigned layout: where its images go")
    .option("--replace", "for an unsigned layout: move tags that have another digest")
    .action(runAlone((context, path: string, options: Options) => importFile(path, options, context)));
}

async function importFile(path: string, options: Options, context: AloneContext): Promise<number> {
  const { output, signal, environment } = context;
  const site = parseSite(options.site);
  const key = signingKeyOf(options, environment);
  if (options.receipt !== undefined && key === undefined) {
    throw new Failure("invalid", "A receipt is signed: name this site's private key by --key");
  }
  // Loaded only now, so that `--help` is quick.
  const { openSiteRegistry } = await import("./site-registry.ts");
  const { registries, host } = openSiteRegistry(options.registry, environment);
  const files = await openLayoutAt(path, signal);
  const state = options.allowUnsigned ? undefined : openSiteState(options.state);
  const release = await state?.claim();
  try {
    const order =
      state === undefined
        ? await readForeignLayout(files, {
            site,
            existing: options.replace ? "replace" : "keep",
            ...(options.repository !== undefined && { repository: options.repository }),
            signal,
          })
        : await openSigned(files, { site, host, options, state, context });
    const registry = registries.open(host, options.credential);
    const now = () => new Date();
    const told = (image: SiteReceipt["images"][number]) => output.note(toldLine(image));
    const receipt = await importBundle(order, { registry, now, told }, signal);
    if (options.receipt !== undefined && key !== undefined) await writeReceipt(options.receipt, receipt, key);
    const written = options.receipt ?? "none: without --receipt nobody learns of this import";
    output.result({ receipt: options.receipt, ...receipt }, () => receiptLines(receipt, written));
    return receipt.images.some(({ outcome }) => outcome === "refused") ? exitCodes.failed : exitCodes.ok;
  } finally {
    await release?.();
    await files.close();
    await registries.close();
  }
}

/** Verifies all that can be verified before anything is sent, then notes that this bundle was begun. */
async function openSigned(
  files: LayoutFiles,
  {
    site,
    host,
    options: { trust = [], force },
    state,
    context: { output, signal },
  }: { site: string; host: string; options: Options; state: SiteState; context: AloneContext },
): Promise<BundleImport> {
  if (trust.length === 0) {
    throw new Failure(
      "invalid",
      "Whose bundles are trusted? Name the public key that came to this site by a trusted way: --trust hub.pub.pem",
    );
  }
  const trusted = trust.map(readVerifyingKey);
  const { manifest, order, key } = await readBundle(files, { site, trusted, signal });
  const of = `${site} ${host}`;
  if (force !== true) {
    requireNewer(manifest, await state.last(of));
    requireRegistry(manifest, host);
  }
  for (const line of bundleLines(manifest, key.id)) output.note(line);
  await state.remember(of, { id: manifest.id, sequence: manifest.sequence });
  return order;
}

function signingKeyOf({ key }: Options, environment: NodeJS.ProcessEnv): SigningKey | undefined {
  const reference = key ?? environment.WHARFGATE_SIGNING_KEY;
  return reference === undefined || reference === "" ? undefined : readSigningKey(reference);
}

async function openLayoutAt(path: string, signal: AbortSignal): Promise<LayoutFiles> {
  const found = await stat(path).catch((error: unknown) => {
    throw new Failure("invalid", `the file "${printable(path)}" cannot be read`, { cause: error });
  });
  if (found.isDirectory()) return openFolder(path);
  if (found.isFile()) return openTar(path, signal);
  throw new Failure("invalid", `"${printable(path)}" is neither a file nor a folder`);
}

async function writeReceipt(path: string, receipt: SiteReceipt, key: SigningKey): Promise<void> {
  try {
    await writeWhole(path, `${JSON.stringify(signStatement(receipt, { payloadType: receiptType, key }))}\n`);
  } catch (error) {
    const { message } = toFailure(error, "writing the receipt");
    throw new Failure("invalid", `What could be brought in is in, but ${message}`, { cause: error });
  }
}
