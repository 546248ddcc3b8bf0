import type { Command } from "commander";
import { parseWatchPath } from "../shared/documents/watch-id.ts";
import { Failure, toFailure } from "../shared/model/failure.ts";
import type { Plan, PlannedTag } from "../shared/steps/plan.ts";
import type { WatchRow } from "../shared/stores/watches.ts";
import { type CommandContext, run } from "./command.ts";
import { exitCodes } from "./exit-codes.ts";
import { table } from "./output.ts";

interface Options {
  readonly explain?: boolean;
  readonly check?: boolean;
}

type PlanResult = Plan | { readonly watch: string; readonly problem: string };

/** `wharfgate plan [watch] [--explain] [--check]`. */
export function addPlanCommand(program: Command): void {
  program
    .command("plan [watch]")
    .description("what the next poll would import; changes nothing")
    .option("--explain", "every tag of the upstream list, taken or not, and why")
    .option("--check", `exit with ${exitCodes.pending} when something would be imported`)
    .action(
      run(async (context, name: string | undefined, { explain, check }: Options) => {
        const rows = await chosen(context, name);
        const results: PlanResult[] = [];
        for (const row of rows) results.push(await planRow(row, context));
        context.output.result(results, () =>
          results.flatMap((result) => toLines(result, explain ? "every" : "taken")),
        );
        if (results.some((result) => "problem" in result)) return exitCodes.failed;
        const pending = results.some(
          (result) => "tags" in result && result.tags.some(({ verdict }) => verdict === "import"),
        );
        return check && pending ? exitCodes.pending : exitCodes.ok;
      }),
    );
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
async function planRow(row: WatchRow, { app, signal }: CommandContext): Promise<PlanResult> {
  if (row.kind === "rejected") return { watch: `${row.group}/${row.name}`, problem: row.reason };
  try {
    return await app.plan(row.watch, signal);
  } catch (error) {
    const failure = toFailure(error, "planning");
    if (failure.code === "internal" || failure.code === "canceled") throw failure;
    return { watch: `${row.watch.group}/${row.watch.name}`, problem: failure.message };
  }
}

function toLines(result: PlanResult, detail: "every" | "taken"): string[] {
  if ("problem" in result) return [`${result.watch}: ${result.problem}`, ""];
  const counts = Map.groupBy(result.tags, ({ verdict }) => verdict);
  const count = (verdict: PlannedTag["verdict"]) => counts.get(verdict)?.length ?? 0;
  const others = (["pending", "held", "failed", "missing"] as const)
    .filter((verdict) => count(verdict) > 0)
    .map((verdict) => `, ${count(verdict)} ${verdict === "missing" ? "tracked but not there" : verdict}`)
    .join("");
  const shown = detail === "every" ? result.tags : result.tags.filter(({ verdict }) => verdict !== "skip");
  return [
    `${result.watch}: ${result.source} by ${result.method}`,
    `  ${count("import")} to import, ${count("have")} imported, ${count("skip")} not wanted${others}`,
    ...table(shown.map(toCells)).map((line) => `  ${line}`),
    "",
  ];
}

const marks = {
  import: "+ import",
  have: "= have",
  pending: "~ pending",
  held: "! held",
  failed: "! failed",
  missing: "? missing",
  skip: "- skip",
} as const;

function toCells(tag: PlannedTag): string[] {
  const mark = marks[tag.verdict];
  if (tag.verdict === "skip") return [mark, tag.tag, tag.reason, tag.detail];
  if (tag.verdict === "missing") return [mark, tag.tag, tag.how, "upstream does not have this tag now"];
  return [mark, tag.tag, tag.how, `-> ${tag.target}`];
}
