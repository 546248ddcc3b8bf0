import type { Command } from "commander";
import { parseColumnChange } from "../shared/documents/plan-request.ts";
import { parseWatchPath } from "../shared/documents/watch-id.ts";
import { Failure, toFailure } from "../shared/model/failure.ts";
import { formatRepository, parseRepository } from "../shared/model/reference.ts";
import type { Plan } from "../shared/steps/plan/plan.ts";
import type { ChangePlan } from "../shared/steps/plan/plan-change.ts";
import type { WatchRow } from "../shared/stores/watches.ts";
import { type CommandContext, run } from "./command.ts";
import { exitCodes } from "./exit-codes.ts";
import { changeLines, type Detail, planLines } from "./plan-lines.ts";

interface Options {
  readonly explain?: boolean;
  readonly all?: boolean;
  readonly check?: boolean;
  readonly with?: readonly string[];
  readonly reads?: number;
}

type PlanResult = Plan | ChangePlan | { readonly watch: string; readonly problem: string };

/** `wharfgate plan [watch] [--explain] [--with column=value] [--check]`. */
export function addPlanCommand(program: Command): void {
  program
    .command("plan [watch]")
    .description("what the next poll would import, or what a changed or new row would; changes nothing")
    .option("--explain", "every tag of the upstream list, taken or not, and why")
    .option(
      "--with <column=value>",
      "as if this column were changed; repeatable; <watch> may be a source that is not followed yet",
      (text, before: readonly string[] = []) => [...before, text],
    )
    .option(
      "--reads <n>",
      "with --with: manifests to read upstream for the bytes to move, at most",
      parseReads,
    )
    .option("--all", "do not cut long lists short")
    .option("--check", `exit with ${exitCodes.pending} when something would be imported`)
    .action(
      run(async (context, name: string | undefined, options: Options) => {
        const results =
          options.with === undefined
            ? await plansOf(context, name)
            : [await changed(context, name, { ...options, with: options.with })];
        const detail: Detail = {
          show: options.explain ? "every" : "taken",
          most: options.all ? Number.POSITIVE_INFINITY : 20,
        };
        context.output.result(results, () => results.flatMap((result) => toLines(result, detail)));
        if (results.some((result) => "problem" in result)) return exitCodes.failed;
        return options.check && results.some(wouldImport) ? exitCodes.pending : exitCodes.ok;
      }),
    );
}

function parseReads(text: string): number {
  if (/^\d{1,4}$/.test(text)) return Number(text);
  throw new Failure("invalid", `--reads must be a whole number from 0 to 9999, not "${text}"`);
}

/** The plans of one watch or of all. */
async function plansOf(context: CommandContext, name: string | undefined): Promise<PlanResult[]> {
  const results: PlanResult[] = [];
  for (const row of await chosen(context, name)) results.push(await planOf(row, context));
  return results;
}

async function chosen(
  { app, signal }: CommandContext,
  name: string | undefined,
): Promise<readonly WatchRow[]> {
  if (name === undefined) return app.stores.watches.all(signal);
  const row = await app.stores.watches.get(parseWatchPath(name), signal);
  if (row === undefined)
    throw new Failure("not-found", `There is no watch ${name}: see wharfgate watch list`);
  return [row];
}

/** One watch's trouble must not hide the others' plans. */
async function planOf(row: WatchRow, { app, signal }: CommandContext): Promise<PlanResult> {
  if (row.kind === "rejected") return { watch: `${row.group}/${row.name}`, problem: row.reason };
  try {
    return await app.plan(row.watch, signal);
  } catch (error) {
    const failure = toFailure(error, "planning");
    if (failure.code === "internal" || failure.code === "canceled") throw failure;
    return { watch: `${row.watch.group}/${row.watch.name}`, problem: failure.message };
  }
}

async function changed(
  { app, signal }: CommandContext,
  name: string | undefined,
  options: Options & { readonly with: readonly string[] },
): Promise<PlanResult> {
  if (name === undefined)
    throw new Failure(
      "invalid",
      "--with needs a watch, or a source that is not followed yet: wharfgate plan <watch> --with …",
    );
  const change = Object.fromEntries(options.with.map(parseColumnChange));
  const reads = options.reads === undefined ? {} : { reads: options.reads };
  const request = isSource(name)
    ? { columns: { Source: formatRepository(parseRepository(name)), ...change } }
    : { watch: parseWatchPath(name), with: change };
  return app.planRow({ ...request, ...reads }, signal);
}

/** A watch's name has neither dots nor colons, and at most one slash. */
function isSource(name: string): boolean {
  return /[.:]/.test(name) || name.split("/").length > 2;
}

function toLines(result: PlanResult, detail: Detail): string[] {
  if ("problem" in result) return [`${result.watch}: ${result.problem}`, ""];
  return "cost" in result ? changeLines(result, detail) : planLines(result, detail);
}

function wouldImport(result: PlanResult): boolean {
  if ("problem" in result) return false;
  if (!("cost" in result)) return result.tags.some(({ verdict }) => verdict === "import");
  return result.tags.some((tag) => tag.verdict === "enters" && tag.arrival.fate === "import");
}
