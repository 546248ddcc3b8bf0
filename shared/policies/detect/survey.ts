import { describeTag } from "../describe-tag.ts";
import { platformOf } from "../tag-kinds.ts";
import { shapeOf, type TagShape } from "./tag-shape.ts";

/** A tag that is read as a version by itself. */
export interface VersionTag {
  readonly tag: string;
  readonly v: "yes" | "no";
  readonly numbers: readonly number[];
  readonly widths: readonly number[];
  readonly count: number;
  /** Such as rc.1; empty for a release. */
  readonly prerelease: string;
  /** Suffix as written, such as -alpine3.20; empty for none. */
  readonly family: string;
  readonly platform?: string;
}

/** Tags that are built alike, such as `main-{commit}-{time}`. */
export interface TagLine {
  readonly shape: TagShape;
  readonly tags: readonly string[];
}

/** The distinct tags of a list, sorted by what each looks like. A tag stands in one of the lists. */
export interface Survey {
  readonly total: number;
  readonly artifacts: readonly string[];
  readonly commits: readonly string[];
  readonly invalid: readonly string[];
  /** Two or more numbers that are no date; `floating` ones are apart. */
  readonly versions: readonly VersionTag[];
  /** Years with months: 2024.04, 24.04, 20240401, 2024-04-01. */
  readonly dates: readonly VersionTag[];
  /** One number, which no longer tag begins with. */
  readonly numbers: readonly VersionTag[];
  /** Those that a longer tag begins with: 1 and 1.27 beside 1.27.4. */
  readonly aliases: readonly VersionTag[];
  /** Those that begin with a platform: amd64-1.27.4. The others have it in `platform`. */
  readonly platforms: readonly string[];
  /** The largest first. */
  readonly lines: readonly TagLine[];
  /** Without a digit, such as latest, noble. */
  readonly names: readonly string[];
}

export function surveyTags(tags: Iterable<string>): Survey {
  const distinct = [...new Set(tags)].sort();
  const found = { artifact: [], "commit-id": [], invalid: [] } as Record<string, string[]>;
  const readable: VersionTag[] = [];
  const named: string[] = [];
  const platforms: string[] = [];
  for (const tag of distinct) {
    const description = describeTag(tag);
    if (startsWithPlatform(tag)) platforms.push(tag);
    else if (description.kind === "version" && !isBuild(description))
      readable.push(withDashes({ tag, ...description }));
    else if (description.kind === "version" || description.kind === "name") named.push(tag);
    else found[description.kind]?.push(tag);
  }
  const prefixes = new Set<string>();
  for (const each of readable) for (const prefix of prefixesOf(each)) prefixes.add(prefix);
  const short = haveShortYears(readable);
  const dated = (each: VersionTag) => isDate(each) || (short && each.widths[0] === 2 && each.count > 1);
  const isAlias = (each: VersionTag) => prefixes.has(each.numbers.join("."));
  const aliases = readable.filter(isAlias);
  const rest = readable.filter((each) => !isAlias(each));
  const { lines, names } = groupLines(named);
  const commits = found["commit-id"] ?? [];
  const lengths = new Set(commits.map(({ length }) => length));
  const numbers = rest.filter((each) => each.count === 1 && !dated(each));
  const alike = numbers.filter((each) => isLikeCommit(each, lengths));
  const few = alike.length * 5 < commits.length ? new Set(alike) : new Set();
  return {
    total: distinct.length,
    artifacts: found.artifact ?? [],
    commits: [...commits, ...alike.filter((each) => few.has(each)).map(({ tag }) => tag)],
    invalid: found.invalid ?? [],
    versions: rest.filter((each) => each.count > 1 && !dated(each)),
    dates: rest.filter(dated),
    numbers: numbers.filter((each) => !few.has(each)),
    aliases,
    platforms,
    lines,
    names,
  };
}

/** Tags of one shape together, the largest line first, and those that have none. */
function groupLines(tags: readonly string[]): { readonly lines: TagLine[]; readonly names: string[] } {
  const lines = new Map<string, { readonly shape: TagShape; readonly tags: string[] }>();
  const names: string[] = [];
  for (const tag of tags) {
    const shape = shapeOf(tag);
    const line = shape && (lines.get(shape.text) ?? { shape, tags: [] });
    (line?.tags ?? names).push(tag);
    if (line !== undefined) lines.set(line.shape.text, line);
  }
  return { lines: [...lines.values()].sort((a, b) => b.tags.length - a.tags.length), names };
}

/** A version that goes on with a commit, which has no order, or with a date: 17.0-20240612. */
function isBuild({
  prerelease,
  family,
  count,
}: Pick<VersionTag, "prerelease" | "family" | "count">): boolean {
  const commit = /[-._]g?(?=[0-9]*[a-f])(?=[a-f]*[0-9])[0-9a-f]{7,40}(?=$|[-._])/;
  return commit.test(`-${prerelease}${family}`) || (count > 1 && /^20[0-9]{6}$/.test(prerelease));
}

/** `amd64-1.27.4`, as `1.27.4-amd64`, is a part of what `1.27.4` is. */
function startsWithPlatform(tag: string): boolean {
  const first = /^[a-z][a-z0-9_]*(?=-)/.exec(tag)?.[0];
  return first !== undefined && platformOf(`-${first}`) !== undefined;
}

/** One of thirty or so commit ids has no letter; beside many others of its length it is none of the numbers. */
function isLikeCommit({ tag, numbers }: VersionTag, lengths: ReadonlySet<number>): boolean {
  return numbers.length === 1 && /^[0-9]{7,40}$/.test(tag) && lengths.has(tag.length);
}

function prefixesOf({ numbers, count }: VersionTag): string[] {
  return Array.from({ length: Math.min(count, 4) - 1 }, (_, at) => numbers.slice(0, at + 1).join("."));
}

const [firstYear, lastYear] = [1990, 2099];

function isMonth(month = 0): boolean {
  return month >= 1 && month <= 12;
}

function isDate({ numbers, widths, count }: VersionTag): boolean {
  const [first = 0, second = 0] = numbers;
  if (widths[0] === 8 && count <= 2) {
    const [year, month, day] = [Math.floor(first / 10_000), Math.floor(first / 100) % 100, first % 100];
    return year >= firstYear && year <= lastYear && isMonth(month) && day >= 1 && day <= 31;
  }
  return widths[0] === 4 && count > 1 && first >= firstYear && first <= lastYear && isMonth(second);
}

/** 24.04 is a date where all versions of two digits go on with two digits of a month, and some with those of 01 to 09. */
function haveShortYears(tags: readonly VersionTag[]): boolean {
  const short = tags.filter(({ widths, count }) => widths[0] === 2 && count > 1);
  return (
    short.length > 0 &&
    short.every(({ widths, numbers }) => widths[1] === 2 && isMonth(numbers[1])) &&
    short.some(({ numbers }) => (numbers[1] ?? 0) < 10)
  );
}

/** 2024-04-01 is read as 2024 with a suffix, since most schemes end their numbers at a hyphen. */
function withDashes(version: VersionTag): VersionTag {
  const match = /^v?([0-9]{4})-([0-9]{2})(?:-([0-9]{2}))?(?=$|[-_])/.exec(version.tag);
  if (match === null || version.count > 1) return version;
  const numbers = match.slice(1).flatMap((text) => (text === undefined ? [] : [Number(text)]));
  if (!isMonth(numbers[1])) return version;
  const widths = numbers.map((_, at) => (at === 0 ? 4 : 2));
  return {
    ...version,
    numbers,
    widths,
    count: numbers.length,
    prerelease: "",
    family: version.tag.slice(match[0].length),
  };
}
