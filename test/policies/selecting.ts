import { readRules } from "../../shared/documents/watch-rules.ts";
import { tagListOf, tagPageOf } from "../../shared/model/tag-list.ts";
import type { Rules } from "../../shared/policies/rules.ts";
import { type Selection, select } from "../../shared/policies/select.ts";

/** A watch's columns as people write them, as far as they choose tags. */
export interface Columns {
  readonly tags?: string;
  readonly include?: string;
  readonly exclude?: string;
  readonly extract?: string;
  readonly family?: string;
  readonly prereleases?: string;
  readonly keep?: number;
  readonly keepPer?: string;
  readonly verbatim?: readonly string[];
  readonly track?: readonly string[];
}

export function rulesOf(columns: Columns): Rules {
  const row = {
    Tags: columns.tags,
    Include: columns.include,
    Exclude: columns.exclude,
    Extract: columns.extract,
    Family: columns.family,
    Prereleases: columns.prereleases,
    Keep: columns.keep,
    KeepPer: columns.keepPer,
    Verbatim: columns.verbatim?.join(","),
    Track: columns.track?.join(","),
  };
  const cells = new Map(Object.entries(row).map(([column, value]) => [column, String(value ?? "")]));
  const problems: string[] = [];
  const rules = readRules((column, parse) => {
    const text = cells.get(column) ?? "";
    return text === "" ? undefined : parse(text);
  }, problems);
  if (problems.length > 0) throw new Error(problems.join("; "));
  return rules;
}

export function selectBy(columns: Columns, list: readonly string[]): Selection {
  return select(tagListOf([tagPageOf(list)]), rulesOf(columns));
}

export function reasonsOf({ skipped }: Selection): Record<string, string> {
  return Object.fromEntries(skipped.map(({ tag, reason }) => [tag, reason]));
}
