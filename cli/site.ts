import type { Command } from "commander";
import { readVerifyingKey } from "../shared/signing/signing-key.ts";
import type { Site } from "../shared/stores/sites.ts";
import { run } from "./command.ts";
import { exitCodes } from "./exit-codes.ts";
import { table } from "./output.ts";

/** `wharfgate site add|list`. */
export function addSiteCommands(program: Command): void {
  const site = program.command("site").description("disconnected sites, and whose receipts are believed");

  site
    .command("add <name>")
    .description("trust a site's key: its receipts are verified with it")
    .requiredOption("--key <file>", "the site's public key, .pub.pem")
    .option("--replace", "give a known site another key")
    .action(
      run(
        async ({ app, output, signal, actor }, name: string, options: { key: string; replace?: boolean }) => {
          const existing = options.replace ? "replace" : "keep";
          const added = await app.sites.add({ name, key: options.key, actor, existing }, signal);
          output.result(toJson(added), () => [
            `${added.name} is known by the key ${keyOf(added)}. What it lacks: wharfgate bundle export --site ${added.name} …`,
          ]);
          return exitCodes.ok;
        },
      ),
    );

  site
    .command("list")
    .description("sites, their last bundle and their last receipt")
    .action(
      run(async ({ app, output, signal }) => {
        const sites = await app.sites.list(signal);
        output.result(sites.map(toJson), () =>
          sites.length === 0
            ? ["No sites yet. Add one: wharfgate site add factory-7 --key factory-7.pub.pem"]
            : table([["SITE", "KEY", "LAST BUNDLE", "LAST RECEIPT"], ...sites.map(toLine)]),
        );
        return exitCodes.ok;
      }),
    );
}

function toJson({
  name,
  publicKey,
  addedBy,
  addedAt,
  sequence,
  receipt,
}: Site): Readonly<Record<string, unknown>> {
  const key = readVerifyingKey(publicKey).id;
  return { site: name, key, addedBy, addedAt, lastBundle: sequence, ...(receipt && { receipt }) };
}

function toLine(site: Site): string[] {
  const { name, sequence, receipt } = site;
  const of = receipt?.sequence === undefined ? "" : ` of bundle ${receipt.sequence}`;
  return [name, keyOf(site), String(sequence), receipt === undefined ? "none" : `${receipt.endedAt}${of}`];
}

function keyOf({ publicKey }: Site): string {
  return readVerifyingKey(publicKey).id;
}
