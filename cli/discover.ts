import type { Command } from "commander";
import { parseDiscoverRequest } from "../shared/documents/discover-request.ts";
import type { Discovery, Verdict } from "../shared/steps/watches/discover.ts";
import { run } from "./command.ts";
import { table } from "./output.ts";

/** What an option of a watch's column holds, by the column's name. */
type ColumnsOf = (options: Readonly<Record<string, string | boolean>>) => Readonly<Record<string, string>>;

const shown = 20;

const meanings: Readonly<Record<Verdict, string>> = {
  new: "no watch follows it",
  followed: "a watch follows it",
  "not-included": "--matching leaves it out",
  excluded: "--except leaves it out",
  improper: "a name that cannot be followed",
};

/** `wharfgate watch discover`; returns the command, which takes the options of a watch's columns too. */
export function addDiscoverCommand(watch: Command, columnsOf: ColumnsOf): Command {
  return watch
    .command("discover <source>")
    .description("list a registry's repositories, and follow the new ones: registry.corp:5443/team/*")
    .option("--matching <RE2>", "only repositories that match as a whole, without the host")
    .option("--except <RE2>", "leave out repositories that match")
    .option("--group <group>", "group of the new watches", "discovered")
    .option("--add", "add a watch for each new repository, with the columns given")
    .option("--all", `show all, not ${shown} of each kind`)
    .action(
      run(async (context, source: string, options: Record<string, string | boolean>) => {
        const { app, output, signal, actor } = context;
        const request = parseDiscoverRequest({
          source,
          group: options.group,
          columns: columnsOf(options),
          add: options.add === true,
          ...(options.matching === undefined ? {} : { include: options.matching }),
          ...(options.except === undefined ? {} : { exclude: options.except }),
        });
        const found = await app.discover(request, actor, signal);
        for (const note of found.notes) output.note(note);
        output.result(found, () => linesOf(found, options.all === true ? found.listed : shown));
      }),
    );
}

function linesOf({ host, listed, repositories, added }: Discovery, most: number): string[] {
  const lines = [`${host} lists ${listed} repositories here.`];
  for (const [verdict, those] of Map.groupBy(repositories, (each) => each.verdict)) {
    lines.push("", `${those.length} ${verdict}: ${meanings[verdict]}`);
    lines.push(...table(those.slice(0, most).map(({ repository, watch = "" }) => ["", repository, watch])));
    if (those.length > most) lines.push(`  … and ${those.length - most} more: --all`);
  }
  const fresh = repositories.filter(({ verdict }) => verdict === "new").length;
  if (added > 0) lines.push("", `${added} watches added; they are polled within a minute.`);
  else if (fresh > 0)
    lines.push("", "To follow the new ones: the same with --add and, say, --tags 'semver *'.");
  return lines;
}
