import type { FamilyGroup } from "../../policies/detect/family-groups.ts";
import type { Reading } from "../../policies/detect/readings.ts";
import type { Survey, TagLine } from "../../policies/detect/survey.ts";

/** One thing that could be followed: a scheme, with the family or the line that it is about. */
export interface Candidate {
  readonly reading: Reading;
  readonly family?: FamilyGroup;
  readonly line?: TagLine;
}

export interface Doubts {
  /** Why the first candidate is not clearly the one that is meant: whole sentences; empty when it is. */
  readonly doubts: readonly string[];
  /** The likeliest first. */
  readonly candidates: readonly Candidate[];
}

// Each is a share, found by looking at real repositories: alpine has 34 dates beside 181 versions, and is clear.
const majority = 0.5;
const rival = 0.5;
const equalFamilies = 0.8;
const plainIsMeant = 0.5;
const mainLine = 0.6;
const mostLines = 3;

/** Pure: whether the best reading is so much better than all others that a row may be proposed. */
export function doubtsOf(survey: Survey, readings: readonly [Reading, ...Reading[]]): Doubts {
  const [best, second] = readings;
  const meaning = meaningful(survey, best);
  if (best.explained < meaning * majority) {
    return {
      doubts: [
        `No scheme explains most of the tags: the best one, ${best.what}, explains ${best.explained} of ${meaning}.`,
      ],
      candidates: readings.flatMap(candidatesOf),
    };
  }
  if (second !== undefined && second.explained >= best.explained * rival) {
    return {
      doubts: [
        `Two schemes compete: ${best.explained} tags are ${best.what}, and ${second.explained} are ${second.what}.`,
      ],
      candidates: [...candidatesOf(best).slice(0, 2), ...candidatesOf(second).slice(0, 2)],
    };
  }
  const doubts = [...linesDoubt(best), ...familiesDoubt(best)];
  const others = doubts.length > 0 && best.siblings !== undefined ? readings.slice(1, 2) : [];
  return { doubts, candidates: [...candidatesOf(best), ...others.flatMap(candidatesOf)] };
}

/** Tags that ought to be explained: neither noise, nor names without a digit, unless the names are what is ordered. */
export function meaningful(
  { total, artifacts, commits, invalid, platforms, names }: Survey,
  best: Reading,
): number {
  const noise = artifacts.length + commits.length + invalid.length + platforms.length;
  return total - noise - (best.names === undefined ? names.length : names.length - best.names.length);
}

function linesDoubt({ line, siblings = [], explained, what }: Reading): string[] {
  if (line === undefined || siblings.length < 2 || line.tags.length >= explained * mainLine) return [];
  const shown = newestLines(siblings)
    .map(({ tags }) => tags.at(-1))
    .join(", ");
  return [
    `${explained} tags are ${what}, in ${siblings.length} lines that have no order among them (such as ${shown}): which one is meant?`,
  ];
}

function familiesDoubt({ families }: Reading): string[] {
  const [first, second] = bestFamilies(families);
  if (first !== undefined && hasVariants(first)) {
    const shown = first.suffixes.slice(0, 6).join(", ");
    return [
      `Most versions have several tags with the suffix ${first.name} (such as ${shown}): is one of these meant, or the greatest number?`,
    ];
  }
  if (first === undefined || second === undefined || first.name === "plain") return [];
  if (isOfRevisions(first) || second.versions < first.versions * equalFamilies) return [];
  const rest = families.filter(({ versions }) => versions >= first.versions * equalFamilies);
  const named = rest.map(({ name, versions }) => `${name} (${versions})`).slice(0, 6);
  return [
    `Hardly a version is without a suffix, and ${rest.length} families are about equally large: ${named.join(", ")}: which one is meant?`,
  ];
}

/** What has no suffix is meant by most people, unless it is a small part, or is moved with each revision of a version. */
function bestFamilies(families: readonly FamilyGroup[]): readonly FamilyGroup[] {
  const plain = families.find(({ name }) => name === "plain");
  const [largest] = families;
  if (plain === undefined || largest === undefined) return families;
  if (plain.versions < largest.versions * plainIsMeant) return families;
  const revised = families.find(
    (family) => isOfRevisions(family) && family.versions >= plain.versions * equalFamilies,
  );
  const first = revised ?? plain;
  return [first, ...families.filter((family) => family !== first)];
}

/** Several tags for most versions that do not seem to be counted: -pg15, -pg16. */
function hasVariants(family: FamilyGroup): boolean {
  return (
    family.name.includes("*") && !isOfRevisions(family) && family.releases.length >= family.versions * 1.5
  );
}

/** Several tags for most versions, counted at the end of the suffix: -debian-12-r3, -ls123. */
function isOfRevisions({ name, releases, versions }: FamilyGroup): boolean {
  return /(?:[-_.]|[-_.](?:r|b|rev|build|ls|p))\*$/.test(name) && releases.length >= versions * 1.5;
}

function candidatesOf(reading: Reading): Candidate[] {
  const { siblings, line } = reading;
  if (siblings !== undefined && line !== undefined) {
    const main = line.tags.length >= reading.explained * mainLine;
    return (main ? [line] : newestLines(siblings)).map((each) => ({ reading, line: each }));
  }
  if (reading.families.length === 0) return [{ reading }];
  const [first, ...rest] = bestFamilies(reading.families);
  const variants =
    first !== undefined && hasVariants(first)
      ? first.suffixes.slice(0, 3).map((name) => ({ ...first, name }))
      : [];
  return [...(first === undefined ? [] : [first]), ...variants, ...rest]
    .slice(0, 4)
    .map((family) => ({ reading, family }));
}

/** By what comes after their words, which is a date more often than not. */
function newestLines(lines: readonly TagLine[]): readonly TagLine[] {
  const newestOf = ({ tags }: TagLine) =>
    tags.map((tag) => tag.replace(/^[^0-9]+/, "")).reduce((a, b) => (byNumbers(a, b) < 0 ? b : a));
  return lines
    .map((line) => ({ line, newest: newestOf(line) }))
    .sort((a, b) => byNumbers(b.newest, a.newest) || b.line.tags.length - a.line.tags.length)
    .slice(0, mostLines)
    .map(({ line }) => line);
}

function byNumbers(a: string, b: string): number {
  return a.localeCompare(b, "en", { numeric: true });
}
