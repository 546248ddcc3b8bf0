import type { TagReader } from "./tag-reader.ts";

/** What the whole of a family tells about its single tags; gathered before any of them is judged by it. */
export interface Evidence {
  /** Notes the version that was just read, in range or not. */
  note(read: TagReader, suffixes: Suffixes): void;
  /**
   * Whether a longer tag with the same suffix begins with these numbers, which start at `from`: 1.27 beside 1.27.4. An alias of
   * prereleases is a word alone or begins one of theirs: 3.13-rc is one of 3.13.0b4 and of 3.13.0rc2, 7.2-rc2 is none of 7.2.0.
   */
  hasLonger(
    numbers: Float64Array,
    at: { readonly from: number; readonly count: number },
    suffixes: Suffixes,
  ): boolean;
  /** The first major that is not believed, with the one below it; undefined when all majors are. */
  gap(): { readonly below: number; readonly from: number } | undefined;
}

/** What follows a tag's numbers, as far as it tells aliases: `family` only where a family has several suffixes. */
export interface Suffixes {
  /** Empty for a release. */
  readonly prerelease: string;
  readonly family: string;
}

export const noSuffixes: Suffixes = { prerelease: "", family: "" };

const commonMajors = 1024;

/** `aliases` and `majors` say what is noted: both cost time. */
export function createEvidence(traits: ReadonlySet<string>): Evidence {
  const notesPrefixes = traits.has("aliases");
  const notesMajors = traits.has("majors");
  const common = new Uint8Array(commonMajors);
  const great = new Set<number>();
  const prefixes = new Set<number | string>();
  return {
    note({ numbers, count, dated }, suffixes) {
      const major = numbers[0] ?? 0;
      if (notesMajors) {
        if (major < commonMajors) common[major] = 1;
        else great.add(major);
      }
      if (!notesPrefixes) return;
      for (let length = 2; length < count; length++) {
        // 20240402 is a build as 20240402.1 is one, not its alias.
        if (dated && length === 3) continue;
        const key = prefixKey(numbers, 0, length);
        for (const start of startsOf(suffixes.prerelease)) {
          prefixes.add(withSuffixes(key, { ...suffixes, prerelease: start }));
        }
      }
    },
    hasLonger(numbers, { from, count }, { prerelease, family }) {
      if (prefixes.size === 0) return false;
      const word = /^[a-z]+$/i.test(prerelease) ? anyPrerelease : prerelease.toLowerCase();
      return prefixes.has(withSuffixes(prefixKey(numbers, from, count), { prerelease: word, family }));
    },
    gap() {
      const majors: number[] = [];
      for (let major = 0; major < commonMajors; major++) if (common[major] === 1) majors.push(major);
      majors.push(...[...great].sort((a, b) => a - b));
      for (const [index, from] of majors.entries()) {
        const below = majors[index - 1];
        if (below !== undefined && isGap(below, from)) return { below, from };
      }
      return undefined;
    },
  };
}

/** Repositories that once used dates keep them: 2021.12.16 would beat 10.11.4 for ever in `>=10` (wud#866). */
export function isGap(below: number, from: number): boolean {
  return from - below > 100 && from > below * 10;
}

const anyPrerelease = "*";

/** Of which prereleases this one makes an alias: rc.2 of rc.2, rc, and any other word. */
function startsOf(prerelease: string): readonly string[] {
  if (prerelease === "") return [""];
  const text = prerelease.toLowerCase();
  return [text, text.replace(/[.-]?[0-9]+$/, ""), anyPrerelease];
}

function withSuffixes(key: number | string, { prerelease, family }: Suffixes): number | string {
  return prerelease === "" && family === "" ? key : `${key} ${prerelease} ${family}`;
}

const part = 2 ** 16;

/** A number where it fits, which is far cheaper than text. */
function prefixKey(numbers: Float64Array, from: number, length: number): number | string {
  const first = numbers[from] ?? 0;
  const second = numbers[from + 1] ?? 0;
  const third = length > 2 ? (numbers[from + 2] ?? 0) : 0;
  if (first < part && second < part && third < part)
    return ((first * part + second) * part + third) * 4 + length;
  return `${first}.${second}.${third} ${length}`;
}
