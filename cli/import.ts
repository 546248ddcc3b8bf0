import { setTimeout as delay } from "node:timers/promises";
import type { Command } from "commander";
import type { ImportView } from "../shared/steps/import-view.ts";
import { type CommandContext, run } from "./command.ts";
import { exitCodes } from "./exit-codes.ts";
import { table } from "./output.ts";

interface Options {
  readonly target?: string;
  readonly method?: string;
  readonly platforms?: string;
  readonly credential?: string;
  readonly referrers?: string;
  readonly wait: boolean;
}

const pauseMs = 500;

/** `wharfgate import <reference>`. */
export function addImportCommand(program: Command): void {
  program
    .command("import <reference>")
    .description("bring one image in, by tag or digest")
    .option("--target <repository:tag>", "where to, at the target registry")
    .option("--method <method>", "auto, acr-import, agent-pool, cache-rule or copy")
    .option("--platforms <list>", "platforms that it must offer: linux/amd64,linux/arm64")
    .option(
      "--credential <reference>",
      "credential for the upstream: env:NAME, keyvault:vault/secret or entra",
    )
    .option(
      "--referrers <list>",
      "what comes along of what refers to it: all, or of signatures,attestations,sboms",
    )
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
        output.result(view, () => toLines(view));
        return exitCodeOf(view, wait ? "waited" : "left");
      }),
    );
}

function listOf(text: string): readonly string[] {
  return text.split(",").map((item) => item.trim());
}

function exitCodeOf({ state }: ImportView, how: "waited" | "left"): number {
  if (state === "waiting") return exitCodes.waiting;
  const under = how === "left" && (state === "pending" || state === "running");
  return state === "done" || under ? exitCodes.ok : exitCodes.failed;
}

async function ended(importId: string, { app, output, signal }: CommandContext): Promise<ImportView> {
  let told: string | undefined;
  for (;;) {
    const view = await app.getImport(importId, signal);
    // A gate may stay shut for weeks: nobody waits for that here.
    if (view.state !== "pending" && view.state !== "running") return view;
    const more = view.reason ?? view.transfer;
    const now = more === undefined ? view.state : `${view.state}: ${more}`;
    if (now !== told) output.note(now);
    told = now;
    await delay(pauseMs, undefined, { signal });
  }
}

function toLines(view: ImportView): string[] {
  const { state, source, digest, target, method, reason, link, transfer } = view;
  const rows = [
    ["state", state === "done" ? "done: the target has this digest" : state],
    ["source", source],
    ["digest", digest],
    ["target", target],
    ["method", method],
    ...(transfer === undefined ? [] : [["moved", transfer]]),
    ...(view.gates ?? []).map(({ gate, verdict, reason: why }) => [gate, `${verdict}: ${why}`]),
    ...(reason === undefined ? [] : [["reason", reason]]),
    ...(link === undefined ? [] : [["log", link]]),
    ...(view.subject === undefined ? [] : [["came with", view.subject]]),
    ...(view.referrers ?? []).map((each) => ["refers to it", `${each.target} ${each.state}`]),
  ];
  return table(rows);
}
