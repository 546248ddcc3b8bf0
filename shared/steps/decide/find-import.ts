import { formatImportId, type ImportRecord, parseImportId } from "../../documents/import-record.ts";
import { isWatchPath, manualWatch, parseWatchPath, type WatchId } from "../../documents/watch-id.ts";
import type { DecisionKind } from "../../gates/decision.ts";
import { printable } from "../../model/digest.ts";
import { Failure } from "../../model/failure.ts";
import { formatReference, type Repository } from "../../model/reference.ts";
import type { Ledger } from "../../stores/ledger.ts";
import { whatFits } from "./apply-decision.ts";

const mostListed = 10;

/**
 * The id of the import that people name by `group/name:tag` or `manual:tag` to decide about it: the one that the decision fits,
 * else the one that was seen last. Throws `not-found`, or `invalid` with their ids when it fits several.
 */
export async function findImport(
  name: string,
  kind: DecisionKind,
  ledger: Ledger,
  signal: AbortSignal,
): Promise<string> {
  if (parseImportId(name) !== undefined) return name;
  const named = splitName(name);
  if (named === undefined) {
    throw new Failure(
      "invalid",
      `"${printable(name)}" names no import: give group/name:tag, manual:tag or its id, as wharfgate status and GET /api/imports tell them`,
    );
  }
  const watch = watchOf(named.path);
  let latest: ImportRecord | undefined;
  const fitting: ImportRecord[] = [];
  for await (const { record } of ledger.ofWatch(watch, signal)) {
    if (record.tag !== named.tag || record.subject !== undefined) continue;
    if (latest === undefined || latest.seenAt <= record.seenAt) latest = record;
    if (whatFits(record).includes(kind)) fitting.push(record);
  }
  if (latest === undefined)
    throw new Failure("not-found", `There is no import ${printable(name)}: see wharfgate status`);
  const [one = latest, another] = fitting;
  if (another === undefined) return formatImportId(one);
  const lines = fitting
    .slice(0, mostListed)
    .map((each) => `  ${formatImportId(each)}  ${each.state}  ${each.source.path}@${each.digest}`);
  throw new Failure(
    "invalid",
    `${printable(name)} names ${fitting.length} imports: say which by its id\n${lines.join("\n")}`,
  );
}

/** Where the images go whose imports people name so, or by id: each tag at the target once. None for what names none. */
export async function targetsNamed(
  name: string,
  ledger: Ledger,
  signal: AbortSignal,
): Promise<readonly TagAtTarget[]> {
  const found = new Map<string, TagAtTarget>();
  for await (const { subject, target } of recordsNamed(name, ledger, signal)) {
    if (subject !== undefined || target.tag === undefined) continue;
    found.set(formatReference(target), { ...target, tag: target.tag });
  }
  return [...found.values()];
}

export type TagAtTarget = Repository & { readonly tag: string };

async function* recordsNamed(
  name: string,
  ledger: Ledger,
  signal: AbortSignal,
): AsyncGenerator<ImportRecord> {
  const id = parseImportId(name);
  if (id !== undefined) {
    const entry = await ledger.get(id.watch, id.key, signal);
    if (entry !== undefined) yield entry.record;
    return;
  }
  const named = splitName(name);
  if (named === undefined || !isWatchPath(named.path)) return;
  for await (const { record } of ledger.ofWatch(watchOf(named.path), signal))
    if (record.tag === named.tag) yield record;
}

function splitName(name: string): { readonly path: string; readonly tag: string } | undefined {
  const colon = name.lastIndexOf(":");
  if (colon < 1 || colon === name.length - 1) return undefined;
  return { path: name.slice(0, colon), tag: name.slice(colon + 1) };
}

function watchOf(path: string): WatchId {
  return path === manualWatch.group ? manualWatch : parseWatchPath(path);
}
