import { parseExtract } from "../extract.ts";
import { type FamilyGroup, groupFamilies } from "./family-groups.ts";
import { isFloatingName } from "./floating-names.ts";
import type { Survey, TagLine, VersionTag } from "./survey.ts";

/** One way to make sense of a tag list: a scheme, and the tags that it explains. */
export interface Reading {
  readonly scheme: "semver" | "loose" | "calver" | "number" | "alphabetical";
  /** How many tags it explains: versions, prereleases and aliases. */
  readonly explained: number;
  /** Of these, short forms of versions: 1.27 beside 1.27.4. */
  readonly aliases: number;
  /** Of these, tags of versions that it knows, with a word before: alpine-v16.4.3 beside v16.4.3. */
  readonly variants: number;
  /** What those tags are: "semantic versions". */
  readonly what: string;
  readonly families: readonly FamilyGroup[];
  /** Set for tags that have to be taken apart first. */
  readonly line?: TagLine;
  /** Such lines that are built like `line` and differ in their first words, the largest first; `line` is one of them. */
  readonly siblings?: readonly TagLine[];
  /** Names whose order in the alphabet is that of time. */
  readonly names?: readonly string[];
  /** Names beside them. */
  readonly others?: readonly string[];
}

/** The best first. */
export function readingsOf(survey: Survey): readonly Reading[] {
  const { versions, dates, numbers, aliases } = survey;
  const known = new Set(versions.map(({ numbers }) => numbers.join(".")));
  const [variants, lines] = partition(survey.lines, (line) => isVariant(line, known));
  const variantTags = variants.reduce((sum, { tags }) => sum + tags.length, 0);
  const around = { aliases: aliasesOf(aliases, versions), variants: variantTags };
  const readings: Reading[] = [
    ...(versions.length === 0 ? [] : [versionReading(versions, around)]),
    ...plainReading(dates, { scheme: "calver", what: "dates", aliases: aliasesOf(aliases, dates) }),
    ...plainReading(numbers, { scheme: "number", what: "whole numbers", aliases: 0 }),
    ...lineReadings(lines),
    ...codenameReading(survey.names),
  ];
  return readings.sort((a, b) => b.explained - a.explained);
}

// Some repositories have released 3.1 without a third number, and later 3.2.0: nothing is left out when they are few.
const fewShort = 0.02;

function versionReading(
  versions: readonly VersionTag[],
  { aliases, variants }: { readonly aliases: number; readonly variants: number },
): Reading {
  const families = groupFamilies(versions);
  const releases = versions.filter(({ prerelease }) => prerelease === "");
  const odd = releases.filter((each) => !isSemantic(each)).length;
  const scheme =
    odd > releases.length * fewShort || /^[._]/.test(families[0]?.name ?? "") ? "loose" : "semver";
  return {
    scheme,
    explained: versions.length + aliases + variants,
    aliases,
    variants,
    what: scheme === "semver" ? "semantic versions" : "versions of two to four numbers",
    families,
  };
}

function isSemantic({ count, widths, numbers, family }: VersionTag): boolean {
  const padded = widths.some((width, at) => width > String(numbers[at] ?? 0).length);
  return count === 3 && !padded && !/^[._]/.test(family);
}

function plainReading(
  tags: readonly VersionTag[],
  {
    scheme,
    what,
    aliases,
  }: { readonly scheme: "calver" | "number"; readonly what: string; readonly aliases: number },
): Reading[] {
  if (tags.length === 0) return [];
  return [
    { scheme, explained: tags.length + aliases, aliases, variants: 0, what, families: groupFamilies(tags) },
  ];
}

function aliasesOf(aliases: readonly VersionTag[], versions: readonly VersionTag[]): number {
  const prefixes = new Set(
    versions.flatMap(({ numbers }) => numbers.map((_, at) => numbers.slice(0, at + 1).join("."))),
  );
  return aliases.filter(({ numbers }) => prefixes.has(numbers.join("."))).length;
}

/** Whether nearly all of a line's tags are of versions that have a tag of their own. */
function isVariant({ shape, tags }: TagLine, known: ReadonlySet<string>): boolean {
  if (shape.order !== "versions" || known.size === 0) return false;
  const extract = parseExtract(shape.extract);
  const of = tags.filter((tag) => known.has((extract.from(tag) ?? "").replace(/^v/, "")));
  return of.length >= tags.length * 0.8;
}

function partition<T>(items: readonly T[], test: (item: T) => boolean): readonly [T[], T[]] {
  return [items.filter(test), items.filter((item) => !test(item))];
}

const fewestInLine = 2;

/** Lines that differ in their first words alone explain their tags together, though they have no order in common. */
function lineReadings(lines: readonly TagLine[]): Reading[] {
  const kinds = Map.groupBy(lines, ({ shape }) => shape.kind);
  return [...kinds.values()].flatMap((siblings): Reading[] => {
    const [line] = siblings;
    // One tag is no line: anything has a number in it somewhere.
    if (line === undefined || siblings.every(({ tags }) => tags.length < fewestInLine)) return [];
    const { scheme, order } = line.shape;
    const explained = siblings.reduce((sum, { tags }) => sum + tags.length, 0);
    return [
      {
        scheme,
        explained,
        aliases: 0,
        variants: 0,
        what: `${order} in tags such as ${line.tags.at(-1)}`,
        families: [],
        line,
        siblings,
      },
    ];
  });
}

const fewestCodenames = 5;

/** Names of which nearly each begins with the letter after the one before: focal, groovy, hirsute, impish, jammy. */
function codenameReading(names: readonly string[]): Reading[] {
  const words = names.filter((name) => /^[a-z]{3,}$/.test(name) && !isFloatingName(name)).sort();
  const initials = words.map((word) => word.charCodeAt(0));
  const successive = initials.filter((letter, at) => at > 0 && letter === (initials[at - 1] ?? 0) + 1).length;
  if (words.length < fewestCodenames || successive < (words.length - 1) * 0.8) return [];
  return [
    {
      scheme: "alphabetical",
      explained: words.length,
      aliases: 0,
      variants: 0,
      what: "names, each of which begins with the letter after the one before",
      families: [],
      names: words,
      others: names.filter((name) => !words.includes(name)),
    },
  ];
}
