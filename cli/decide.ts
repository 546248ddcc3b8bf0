import { type Command, Option } from "commander";
import { needsReason } from "../shared/documents/decision-request.ts";
import type { DecisionKind } from "../shared/gates/decision.ts";
import type { DecidedImport } from "../shared/steps/decide/decide-on-import.ts";
import { run } from "./command.ts";

const commands = {
  approve: "let an import in that waits for a person",
  refuse: "turn an import down for good, or a moved tag's new digest",
  accept: "take a moved tag's new digest in place of the one that the target has; the gates are asked",
  "skip-cooldown": "let an import in before its cooldown is over",
  retry:
    "try an import again that failed or was denied by a gate, or look now for the signature or report that it waits for",
} as const satisfies Record<DecisionKind, string>;

/** `wharfgate approve|refuse|accept|skip-cooldown|retry <import> [--reason …]`. */
export function addDecideCommands(program: Command): void {
  for (const kind of Object.keys(commands) as DecisionKind[]) {
    program
      .command(`${kind} <import>`)
      .description(`${commands[kind]}; <import> is group/name:tag, manual:tag or an id`)
      .addOption(
        new Option("--reason <text>", "why, in your own words; kept with the import").makeOptionMandatory(
          needsReason.has(kind),
        ),
      )
      .action(
        run(async ({ app, output, signal, actor }, name: string, body: { readonly reason?: string }) => {
          const importId = await app.findImport(name, kind, signal);
          // Whoever types here may write the tables as well: another pair of eyes is for the HTTP API to ask for.
          const decided = {
            importId,
            body: { ...body, decision: kind },
            actor,
            fourEyes: "unknown",
          } as const;
          const done = await app.decideOnImport(decided, signal);
          output.result(done.import, () => [lineOf(kind, done)]);
          return undefined;
        }),
      );
  }
}

function lineOf(kind: DecisionKind, { how, import: view }: DecidedImport): string {
  const { source, digest, state, decisions = [] } = view;
  const image = `${source}@${digest}`;
  if (how === "repeated") {
    return `Nothing was changed: you decided so at ${decisions.at(-1)?.at ?? "?"} already (${kind}). ${image} is ${state} now.`;
  }
  return kind === "refuse"
    ? `${image} is refused: it does not come in.`
    : `${image} goes on; it is ${state} now.`;
}
