import { formatImportId, type ImportRecord, parseImportId } from "../documents/import-record.ts";
import { manualWatch, parseWatchPath } from "../documents/watch-id.ts";
import type { DecisionKind } from "../gates/decision.ts";
import { printable } from "../model/digest.ts";
import { Failure } from "../model/failure.ts";
import type { Ledger } from "../stores/ledger.ts";
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
  const colon = name.lastIndexOf(":");
  const [path, tag] = [name.slice(0, Math.max(0, colon)), name.slice(colon + 1)];
  if (colon < 1 || tag === "") {
    throw new Failure(
      "invalid",
      `"${printable(name)}" names no import: give group/name:tag, manual:tag or its id, as wharfgate status and GET /api/imports tell them`,
    );
  }
  const watch = path === manualWatch.group ? manualWatch : parseWatchPath(path);
  let latest: ImportRecord | undefined;
  const fitting: ImportRecord[] = [];
  for await (const { record } of ledger.ofWatch(watch, signal)) {
    if (record.tag !== tag || record.subject !== undefined) continue;
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
