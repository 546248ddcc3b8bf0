import type { Command } from "commander";
import type { Values } from "../shared/azure/tables.ts";
import { parseWatch } from "../shared/documents/watch.ts";
import { columns, type WatchColumn } from "../shared/documents/watch-columns.ts";
import { formatWatchId, nameFor, parseWatchPath, type WatchId } from "../shared/documents/watch-id.ts";
import { Failure } from "../shared/model/failure.ts";
import { formatRepository, parseRepository } from "../shared/model/reference.ts";
import type { WatchRow } from "../shared/stores/watches.ts";
import { flagOf } from "./column-flags.ts";
import { run } from "./command.ts";
import { addDiscoverCommand } from "./discover.ts";
import { table } from "./output.ts";
import { addSuggestCommand } from "./suggest.ts";

const optionColumns = (Object.keys(columns) as WatchColumn[]).filter((column) => column !== "Source");

/** `wharfgate watch add|discover|suggest|list|show|poll|rm`. */
export function addWatchCommands(program: Command): void {
  const watch = program.command("watch").description("the watch list");

  const add = watch
    .command("add <source>")
    .description("follow an upstream repository")
    .option("--name <group/name>", "the watch's name; default: default/<last part of the source>")
    .option("--replace", "overwrite a watch of the same name")
    .action(
      run(async (context, source: string, options: Record<string, string | boolean>) => {
        const { app, output, signal, actor } = context;
        const id = parseWatchPath(
          typeof options.name === "string" ? options.name : nameFor(parseRepository(source)),
        );
        const row: Values = { Source: formatRepository(parseRepository(source)), ...columnsOf(options) };
        const parsed = parseWatch(id.group, id.name, row);
        for (const note of await app.checkNames(parsed, signal)) output.note(`Note: ${note}`);
        const at = new Date();
        await app.stores.audit.record({ actor, action: "watch-add", subject: formatWatchId(id), at }, signal);
        const put = { signal, existing: options.replace === true ? "replace" : "keep" } as const;
        if ((await app.stores.watches.put(id, row, put)) === "exists") {
          throw new Failure(
            "conflict",
            `There is a watch ${formatWatchId(id)} already: choose another --name, or use --replace`,
          );
        }
        if (parsed.enabled === "yes") await app.requestPoll(id, actor, signal);
        output.result({ watch: formatWatchId(id), columns: row }, () => [
          `Following ${row.Source} as ${formatWatchId(id)}${parsed.enabled === "yes" ? "; it is polled now" : ", disabled"}. What it takes and why: wharfgate plan ${formatWatchId(id)} --explain`,
        ]);
      }),
    );
  const discover = addDiscoverCommand(watch, columnsOf);
  for (const command of [add, discover])
    for (const column of optionColumns) command.option(`--${flagOf(column)} <value>`, columns[column]);

  addSuggestCommand(watch);

  watch
    .command("list")
    .description("all watches")
    .action(
      run(async ({ app, output, signal }) => {
        const rows = await app.stores.watches.all(signal);
        output.result(rows.map(toJson), () =>
          rows.length === 0
            ? [
                "No watches yet. Add one: wharfgate watch add docker.io/library/nginx --tags 'semver >=1.27 <2'",
              ]
            : table([["WATCH", "SOURCE", "TAGS", "STATE"], ...rows.map(toLine)]),
        );
      }),
    );

  watch
    .command("show <watch>")
    .description("one watch, column by column")
    .action(
      run(async ({ app, output, signal }, name: string) => {
        const row = await existing(app.stores.watches.get(parseWatchPath(name), signal), name);
        const lines = Object.entries(row.columns).map(([column, value]) => [column, String(value)]);
        output.result(toJson(row), () => [
          ...table(lines),
          ...(row.kind === "rejected" ? [`This row is set aside: ${row.reason}`] : []),
        ]);
      }),
    );

  watch
    .command("poll <watch>")
    .description("look for new versions now, whatever its schedule says")
    .action(
      run(async ({ app, output, signal, actor }, name: string) => {
        const id = parseWatchPath(name);
        await app.requestPoll(id, actor, signal);
        output.result({ watch: formatWatchId(id), polling: true }, () => [
          `${formatWatchId(id)} is polled now. What it finds: wharfgate status`,
        ]);
      }),
    );

  watch
    .command("rm <watch>")
    .description("stop following; nothing is removed from the target or the ledger")
    .action(
      run(async ({ app, output, signal, actor }, name: string) => {
        const id = parseWatchPath(name);
        const row = await existing(app.stores.watches.get(id, signal), name);
        const subject = formatWatchId(id);
        await app.stores.audit.record({ actor, action: "watch-remove", subject, at: new Date() }, signal);
        await app.stores.watches.remove(id, signal);
        if (row.kind === "watch") await app.stores.states.remove(row.watch.source.host, id, signal);
        output.result({ removed: subject }, () => [
          `No longer following ${subject}. What it imported stays.`,
        ]);
      }),
    );
}

function columnsOf(options: Readonly<Record<string, string | boolean>>): Readonly<Record<string, string>> {
  const found: Record<string, string> = {};
  for (const column of optionColumns) {
    const value = options[`${column[0]?.toLowerCase()}${column.slice(1)}`];
    if (typeof value === "string") found[column] = value;
  }
  return found;
}

async function existing(reading: Promise<WatchRow | undefined>, name: string): Promise<WatchRow> {
  const row = await reading;
  if (row === undefined)
    throw new Failure("not-found", `There is no watch ${name}: see wharfgate watch list`);
  return row;
}

function idOf(row: WatchRow): WatchId {
  return row.kind === "watch" ? row.watch : row;
}

function toJson(row: WatchRow): Readonly<Record<string, unknown>> {
  const { group, name } = idOf(row);
  const base = { watch: `${group}/${name}`, columns: row.columns };
  return row.kind === "watch"
    ? { ...base, state: stateOf(row) }
    : { ...base, state: "rejected", reason: row.reason };
}

function toLine(row: WatchRow): string[] {
  const { group, name } = idOf(row);
  const { Source, Tags, Track } = row.columns;
  const tags = [Tags, Track && `track ${Track}`].filter((part) => part).join("; ");
  return [`${group}/${name}`, String(Source ?? ""), tags, stateOf(row)];
}

function stateOf(row: WatchRow): string {
  if (row.kind === "rejected") return `rejected: ${row.reason}`;
  return row.watch.enabled === "yes" ? "followed" : "disabled";
}
