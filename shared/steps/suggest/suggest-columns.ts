import { parseWatch } from "../../documents/watch.ts";
import { formatRepository, type Repository } from "../../model/reference.ts";
import type { TagList } from "../../model/tag-list.ts";
import { isFloatingName } from "../../policies/detect/floating-names.ts";
import { parseExtract } from "../../policies/extract.ts";
import { select } from "../../policies/select.ts";
import type { Candidate } from "./suggest-doubts.ts";
import { type SuggestedRange, suggestNewest, suggestRange } from "./suggest-range.ts";
import type { SuggestedRow } from "./suggestion.ts";

type Columns = Readonly<Record<string, string>>;

/** Makes rows and tries them on the tag list, by the parser and the selection that a watch has. */
export interface Trial {
  /** Undefined when the row selects nothing. */
  columns(columns: Columns, what: string): SuggestedRow | undefined;
  /** At most one row, with why its range and its Keep are as they are. */
  candidate(candidate: Candidate): { readonly row: SuggestedRow; readonly why: string }[];
}

const shownTags = 10;

export function createTrial(source: Repository, tags: TagList): Trial {
  const choose = (columns: Columns): readonly string[] => {
    const row = { Source: formatRepository(source), ...columns };
    const { versions, tracked } = select(tags, parseWatch("default", "suggested", row).rules);
    return [...versions, ...tracked];
  };
  const attempt = (columns: Columns, what: string): SuggestedRow | undefined => {
    const chosen = choose(columns);
    if (chosen.length === 0) return undefined;
    return { columns, what, selects: { count: chosen.length, newest: chosen.slice(0, shownTags) } };
  };
  return {
    columns: attempt,
    candidate(candidate) {
      const base = baseColumns(candidate);
      const { scheme } = candidate.reading;
      const all = choose({ ...base, Tags: `${scheme} *` });
      const range = rangeOf(candidate, all);
      const row = attempt(toColumns(base, scheme, range), whatOf(candidate));
      return row === undefined ? [] : [{ row, why: range.why }];
    },
  };
}

function rangeOf({ reading, line }: Candidate, all: readonly string[]): SuggestedRange {
  if (reading.scheme !== "semver" && reading.scheme !== "loose") return suggestNewest(all);
  const extract = line === undefined ? undefined : parseExtract(line.shape.extract);
  return suggestRange(all.map((tag) => extract?.from(tag) ?? tag));
}

function baseColumns({ family, line, reading }: Candidate): Columns {
  if (line !== undefined) return { Extract: line.shape.extract };
  if (reading.names !== undefined) {
    const moving = reading.others?.filter(isFloatingName) ?? [];
    return { Include: "[a-z]+", ...(moving.length === 0 ? {} : { Exclude: moving.join("|") }) };
  }
  return {
    ...(family === undefined || family.name === "plain" ? {} : { Family: family.name }),
    ...(family?.releases.length === 0 ? { Prereleases: "include" } : {}),
  };
}

function toColumns(base: Columns, scheme: string, { range, keep, keepPer }: SuggestedRange): Columns {
  return {
    Tags: `${scheme} ${range}`,
    ...base,
    ...(keep === undefined ? {} : { Keep: String(keep) }),
    ...(keepPer === undefined ? {} : { KeepPer: keepPer }),
  };
}

function whatOf({ reading, family, line }: Candidate): string {
  if (line !== undefined) return `${line.shape.order} in tags such as ${line.tags.at(-1)}`;
  if (family === undefined) return reading.what;
  return family.name === "plain"
    ? `${reading.what} without a suffix`
    : `${reading.what} with the suffix ${family.name}`;
}
