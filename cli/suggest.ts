import type { Command } from "commander";
import { columns, parseCredentialReference, type WatchColumn } from "../shared/documents/watch-columns.ts";
import { printable } from "../shared/model/digest.ts";
import { parseRepository } from "../shared/model/reference.ts";
import type { SuggestedRow, Suggestion } from "../shared/steps/suggest/suggestion.ts";
import { flagOf, shellLine } from "./column-flags.ts";
import { run } from "./command.ts";
import { exitCodes } from "./exit-codes.ts";

/** `wharfgate watch suggest <source>`. */
export function addSuggestCommand(watch: Command): void {
  watch
    .command("suggest <source>")
    .description("look at a repository's tags and propose a watch; changes nothing")
    .option("--credential <reference>", columns.Credential)
    .action(
      run(
        async ({ app, output, signal }, source: string, { credential }: { readonly credential?: string }) => {
          const reference = credential === undefined ? undefined : parseCredentialReference(credential);
          const question = { source: parseRepository(source), ...(reference && { credential: reference }) };
          const suggestion = await app.suggest(question, signal);
          const commandOf = ({ columns }: SuggestedRow) =>
            addCommand(suggestion.source, { ...columns, ...(reference && { Credential: reference }) });
          output.result(withCommands(suggestion, commandOf), () => suggestionLines(suggestion, commandOf));
          return suggestion.kind === "row" ? exitCodes.ok : exitCodes.unclear;
        },
      ),
    );
}

/** The line to paste. */
export function addCommand(source: string, row: Readonly<Record<string, string>>): string {
  const flags = Object.entries(row).flatMap(([column, value]) => {
    const flag = `--${flagOf(column as WatchColumn)}`;
    // A value that looks like a flag itself is only safe behind an equals sign.
    return value.startsWith("-") ? [`${flag}=${value}`] : [flag, value];
  });
  return shellLine(["wharfgate", "watch", "add", source, ...flags]);
}

type CommandOf = (row: SuggestedRow) => string;

function withCommands(suggestion: Suggestion, commandOf: CommandOf): unknown {
  const withCommand = (row: SuggestedRow) => ({ ...row, command: commandOf(row) });
  switch (suggestion.kind) {
    case "row":
      return { ...suggestion, row: withCommand(suggestion.row) };
    case "unclear":
      return { ...suggestion, alternatives: suggestion.alternatives.map(withCommand) };
    case "nothing":
      return suggestion;
  }
}

export function suggestionLines(suggestion: Suggestion, commandOf: CommandOf): string[] {
  const { source, findings, why, notes } = suggestion;
  const lines = [`${source}: ${findings.total} tags`, ...why.map((each) => `  ${inert(each)}`), ""];
  lines.push(...findingLines(suggestion));
  lines.push(...notes.map((note) => `  ${inert(note)}`));
  if (notes.length > 0) lines.push("");
  switch (suggestion.kind) {
    case "row":
      return [...lines, ...rowLines(suggestion.row, commandOf)];
    case "unclear":
      return [
        ...lines,
        "  No row is proposed, since the tags do not say which is meant. Choose one:",
        "",
        ...suggestion.alternatives.flatMap((row) => rowLines(row, commandOf)),
      ];
    case "nothing":
      return [...lines, "  No row is proposed."];
  }
}

function rowLines(row: SuggestedRow, commandOf: CommandOf): string[] {
  const { count, newest } = row.selects;
  const more = count > newest.length ? `, and ${count - newest.length} more` : "";
  return [
    `  ${inert(row.what)}: selects ${count} now, ${inert(newest.join(", "))}${more}`,
    `  ${inert(commandOf(row))}`,
    "",
  ];
}

const mostFamilies = 6;
const mostNames = 8;

function findingLines({ findings }: Suggestion): string[] {
  const { families, prereleases, floating, names, aliases, noise, further } = findings;
  const rows: [string, string][] = [];
  if (families.length > 0) {
    const texts = families.map(({ family, count, newest }) => `${family} ${count} (newest ${newest})`);
    rows.push(["families", listed(texts, { most: mostFamilies, further: further.families })]);
  }
  if (prereleases.length > 0)
    rows.push([
      "prereleases",
      listed(
        prereleases.map(({ label, count }) => `${label} ${count}`),
        { most: mostNames },
      ),
    ]);
  if (floating.length > 0) rows.push(["moving", listed(floating, { most: mostNames })]);
  if (aliases.count > 0)
    rows.push(["short forms", `${aliases.count}, such as ${aliases.examples.join(", ")}`]);
  if (names.count > 0) {
    const texts = names.examples;
    rows.push(["other names", listed(texts, { most: mostNames, further: names.count - texts.length })]);
  }
  for (const { kind, count, examples } of noise)
    rows.push(["left out", `${kind}: ${count}, such as ${examples[0]}`]);
  if (rows.length === 0) return [];
  return [...rows.map(([label, text]) => `  ${label.padEnd(12)} ${inert(text)}`), ""];
}

function listed(
  texts: readonly string[],
  { most, further = 0 }: { readonly most: number; readonly further?: number },
): string {
  const more = Math.max(0, texts.length - most) + further;
  return more > 0 ? `${texts.slice(0, most).join(", ")}, and ${more} more` : texts.join(", ");
}

function inert(text: string): string {
  return printable(text, 2000);
}
