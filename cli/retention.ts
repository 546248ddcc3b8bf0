import { createInterface } from "node:readline/promises";
import { setTimeout as delay } from "node:timers/promises";
import type { Command } from "commander";
import { Failure } from "../shared/model/failure.ts";
import type { ProposalView, WholeProposalView } from "../shared/steps/retention/proposal-calls.ts";
import { type CommandContext, run } from "./command.ts";
import { exitCodes } from "./exit-codes.ts";
import { table } from "./output.ts";

interface ApplyOptions {
  readonly yes?: boolean;
  readonly wait: boolean;
}

const pauseMs = 500;
const mostShown = 50;

/** `wharfgate retention propose|list|show|apply`. */
export function addRetentionCommands(program: Command): void {
  const retention = program
    .command("retention")
    .description("remove from the target what no watch follows any more");

  retention
    .command("propose")
    .description("work out what could be removed, for review; removes nothing")
    .option("--watch <group/name>", "one watch, or group/* for a group; default: all")
    .option("--keep-also <pattern...>", "RE2 patterns for repository:tag that are kept as well")
    .action(
      run(
        async (
          { app, output, signal, actor },
          options: { readonly watch?: string; readonly keepAlso?: string[] },
        ) => {
          const proposal = await app.proposals.propose(options, actor, signal);
          output.result(proposal, () => toLines(proposal, mostShown));
        },
      ),
    );

  retention
    .command("list")
    .description("all proposals, newest first")
    .action(
      run(async ({ app, output, signal }) => {
        const proposals = await app.proposals.list(signal);
        output.result(proposals, () =>
          proposals.length === 0
            ? ["No proposals yet. Make one: wharfgate retention propose"]
            : table([["PROPOSAL", "BY", "SCOPE", "STATE", "ITEMS", "BYTES"], ...proposals.map(toRow)]),
        );
      }),
    );

  retention
    .command("show <id>")
    .description("what a proposal would remove, what it leaves and why, and what became of it")
    .option("--all", "every line")
    .action(
      run(async ({ app, output, signal }, id: string, { all }: { readonly all?: boolean }) => {
        const proposal = await app.proposals.show(id, signal);
        output.result(proposal, () => toLines(proposal, all ? Number.POSITIVE_INFINITY : mostShown));
      }),
    );

  retention
    .command("apply <id>")
    .description("remove what a proposal names, as far as it is still so")
    .option("--yes", "without asking")
    .option("--no-wait", "do not wait for its end")
    .action(
      run(async (context, id: string, options: ApplyOptions) => {
        const { app, output, signal, actor } = context;
        const proposal = await app.proposals.show(id, signal);
        if (proposal.items === 0) {
          output.result(proposal, () => ["It names nothing that could be removed: nothing was done."]);
          return exitCodes.ok;
        }
        if (!options.yes) await confirm(proposal, context);
        await app.proposals.apply(id, actor, signal);
        const ended = options.wait ? await applied(id, context) : await app.proposals.show(id, signal);
        output.result(ended, () => toLines(ended, mostShown));
        return ended.removals.some(({ outcome }) => outcome === "failed") ? exitCodes.failed : exitCodes.ok;
      }),
    );
}

/** The id is typed, not a key pressed: it is what was reviewed. */
async function confirm(proposal: ProposalView, { output, signal }: CommandContext): Promise<void> {
  if (!process.stdin.isTTY)
    throw new Failure(
      "invalid",
      "Nobody can be asked here whether to remove these: review the proposal by wharfgate retention show, then add --yes",
    );
  output.note(
    `${proposal.items} images will be removed. What is removed cannot be brought back if upstream has removed it, too.`,
  );
  const lines = createInterface({ input: process.stdin, output: process.stderr });
  try {
    const typed = await lines.question(`Type ${proposal.id} to go on: `, { signal });
    if (typed.trim() !== proposal.id)
      throw new Failure("invalid", "That is another text: nothing was removed");
  } finally {
    lines.close();
  }
}

async function applied(id: string, { app, output, signal }: CommandContext): Promise<WholeProposalView> {
  let told = -1;
  for (;;) {
    const proposal = await app.proposals.show(id, signal);
    const settled = proposal.removals.filter(
      ({ outcome }) => outcome !== undefined && outcome !== "removing",
    ).length;
    if (proposal.state === "applied") return proposal;
    if (settled !== told) output.note(`${settled} of ${proposal.items}`);
    told = settled;
    await delay(pauseMs, undefined, { signal });
  }
}

function toRow({ id, by, scope, state, items, bytes }: ProposalView): string[] {
  return [id, by, scope, state, String(items), sizeOf(bytes)];
}

function toLines(proposal: WholeProposalView, most: number): string[] {
  const { id, at, by, scope, state, items, bytes, followed, notes, removals, kept } = proposal;
  const outcomes = Object.entries(Object.groupBy(removals, ({ outcome }) => outcome ?? "to do"));
  return [
    `Proposal ${id} of ${at} by ${by}, for ${scope}: ${items} to remove, at most ${sizeOf(bytes)}; ${kept.length} superseded stay, ${followed} are followed`,
    ...(state === "proposed"
      ? []
      : [
          `${state === "applied" ? "Applied" : "Being applied"} for ${proposal.appliedBy}: ${outcomes.map(([outcome, list]) => `${list?.length ?? 0} ${outcome}`).join(", ")}`,
        ]),
    ...notes.map((note) => `Note: ${note}`),
    ...cut(
      table(
        removals.map(({ target, digest, bytes: size, reason, outcome, why }) => [
          `- ${outcome ?? "remove"}`,
          target.endsWith(digest) ? target : `${target} ${digest.slice(0, 19)}`,
          sizeOf(size),
          why === undefined ? reason : `${reason}: ${why}`,
        ]),
      ),
      most,
    ),
    ...cut(table(kept.map(({ target, rule, reason }) => ["  stays", target, rule, reason])), most),
    ...(state === "proposed" && items > 0
      ? [`Nothing is removed yet. Within 7 days: wharfgate retention apply ${id}`]
      : []),
  ];
}

function cut(lines: readonly string[], most: number): readonly string[] {
  return lines.length <= most
    ? lines
    : [...lines.slice(0, most), `  … and ${lines.length - most} more: wharfgate retention show <id> --all`];
}

function sizeOf(bytes: number): string {
  const units = ["B", "kB", "MB", "GB", "TB"];
  let [value, unit] = [bytes, 0];
  while (value >= 1000 && unit < units.length - 1) [value, unit] = [value / 1000, unit + 1];
  return `${unit === 0 ? value : value.toFixed(1)} ${units[unit]}`;
}
