import { parseTag } from "../model/reference.ts";
import { parseExtract } from "../policies/extract.ts";
import { parseFamilies, plain } from "../policies/families.ts";
import { parsePolicy } from "../policies/members.ts";
import { parsePattern } from "../policies/pattern.ts";
import { contradictions, parseKeepPer, parsePrereleases, type Rules } from "../policies/rules.ts";
import { parseKeep, parseList, type WatchColumn } from "./watch-columns.ts";

/** Reads one column by its parser: undefined when it is empty or wrong, which is told elsewhere. */
export type ReadColumn = <T>(column: WatchColumn, parse: (text: string) => T) => T | undefined;

/** The columns that choose tags; what does not go together is added to `problems`. */
export function readRules(read: ReadColumn, problems: string[]): Rules {
  const policy = read("Tags", parsePolicy);
  const include = read("Include", (text) => parsePattern("Include", text));
  const exclude = read("Exclude", (text) => parsePattern("Exclude", text));
  const extract = read("Extract", parseExtract);
  const families = read("Family", parseFamilies);
  const prereleases = read("Prereleases", parsePrereleases) ?? "exclude";
  const keep = read("Keep", parseKeep);
  const keepPer = read("KeepPer", parseKeepPer) ?? "all";
  const verbatim = read("Verbatim", parseTags) ?? [];
  const track = read("Track", parseTags) ?? [];
  const optional = {
    ...(policy === undefined ? {} : { policy }),
    ...(include === undefined ? {} : { include }),
    ...(exclude === undefined ? {} : { exclude }),
    ...(extract === undefined ? {} : { extract }),
    ...(keep === undefined ? {} : { keep }),
  };
  const rules = { ...optional, prereleases, keepPer, verbatim, track };
  problems.push(...contradictions({ ...rules, ...(families === undefined ? {} : { families }) }));
  return { ...rules, families: families ?? [plain] };
}

function parseTags(text: string): readonly string[] {
  return parseList(text).map(parseTag);
}
