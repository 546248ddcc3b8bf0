import { setTimeout as delay } from "node:timers/promises";
import type { Command } from "commander";
import type { ImportView } from "../shared/steps/import/import-view.ts";
import { type CommandContext, run } from "./command.ts";
import { exitCodeOf, goesByFile, importLines } from "./import-lines.ts";

interface Options {
  readonly target?: string;
  readonly method?: string;
  readonly platforms?: string;
  readonly credential?: string;
  readonly referrers?: string;
  readonly site?: string;
  readonly wait: boolean;
}

const pauseMs = 500;

/** `wharfgate import <reference>`. */
export function addImportCommand(program: Command): void {
  program
    .command("import <reference>")
    .description("bring one image in, by tag or digest")
    .option("--target <repository:tag>", "where to, at the target registry")
    .option("--method <method>", "auto, acr-import, agent-pool, cache-rule, copy or bundle (with --site)")
    .option("--platforms <list>", "platforms that it must offer: linux/amd64,linux/arm64")
    .option(
      "--credential <reference>",
      "credential for the upstream: env:NAME, keyvault:vault/secret or entra",
    )
    .option(
      "--referrers <list>",
      "what comes along of what refers to it: all, or of signatures,attestations,sboms",
    )
    .option("--site <name>", "for a disconnected site, by its next bundle: see wharfgate bundle")
    .option("--no-wait", "do not wait for its end")
    .action(
      run(async (context, reference: string, { wait, platforms, referrers, ...options }: Options) => {
        const body = {
          source: reference,
          ...options,
          ...(platforms === undefined ? {} : { platforms: listOf(platforms) }),
          ...(referrers === undefined ? {} : { referrers: listOf(referrers) }),
        };
        const { app, output, signal, actor } = context;
        const importId = await app.requestImport({ body, actor }, signal);
        output.note(`Import ${importId}`);
        const view = wait ? await ended(importId, context) : await app.getImport(importId, signal);
        output.result(view, () => importLines(view));
        return exitCodeOf(view, wait ? "waited" : "left");
      }),
    );
}

function listOf(text: string): readonly string[] {
  return text.split(",").map((item) => item.trim());
}

async function ended(importId: string, { app, output, signal }: CommandContext): Promise<ImportView> {
  let told: string | undefined;
  for (;;) {
    const view = await app.getImport(importId, signal);
    // A gate may stay shut for weeks, and so long may a file be on its way: nobody waits for that here.
    if (goesByFile(view)) return view;
    if (view.state !== "pending" && view.state !== "running") return view;
    const more = view.reason ?? view.transfer;
    const now = more === undefined ? view.state : `${view.state}: ${more}`;
    if (now !== told) output.note(now);
    told = now;
    await delay(pauseMs, undefined, { signal });
  }
}
