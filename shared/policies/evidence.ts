/** What the whole of a family tells about its single tags; gathered before any of them is judged by it. */
export interface Evidence {
  /** Notes a version that the family has, in range or not. */
  note(numbers: Float64Array, count: number, kind: "release" | "prerelease"): void;
  /** Whether a longer tag begins with these numbers; only a prerelease may be an alias of prereleases. */
  hasLonger(numbers: Float64Array, count: number, kind: "release" | "prerelease"): boolean;
  /** The first major that is not believed, with the one below it; undefined when all majors are. */
  gap(): { readonly below: number; readonly from: number } | undefined;
}

const commonMajors = 1024;

export function createEvidence(traits: ReadonlySet<string>): Evidence {
  const notesPrefixes = traits.has("aliases");
  const notesMajors = traits.has("majors");
  const common = new Uint8Array(commonMajors);
  const great = new Set<number>();
  const prefixes = new Set<number | string>();
  return {
    note(numbers, count, kind) {
      const major = numbers[0] ?? 0;
      if (notesMajors) {
        if (major < commonMajors) common[major] = 1;
        else great.add(major);
      }
      if (!notesPrefixes) return;
      for (let length = 2; length < count; length++) {
        prefixes.add(prefixKey(numbers, length, "any"));
        if (kind === "release") prefixes.add(prefixKey(numbers, length, "release"));
      }
    },
    hasLonger(numbers, count, kind) {
      if (!notesPrefixes || count >= 4) return false;
      return prefixes.has(prefixKey(numbers, count, kind === "release" ? "release" : "any"));
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

const part = 2 ** 16;

/** A number where it fits, which is far cheaper than text. */
function prefixKey(numbers: Float64Array, length: number, kind: "any" | "release"): number | string {
  const [first = 0, second = 0] = numbers;
  const third = length > 2 ? (numbers[2] ?? 0) : 0;
  const flags = (length > 2 ? 2 : 0) + (kind === "any" ? 1 : 0);
  if (first < part && second < part && third < part)
    return ((first * part + second) * part + third) * 4 + flags;
  return `${first}.${second}.${third} ${flags}`;
}
