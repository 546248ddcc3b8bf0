import { describeTag } from "../../policies/describe-tag.ts";

/** What to follow of the versions that a repository has. */
export interface SuggestedRange {
  readonly range: string;
  readonly keep?: number;
  readonly keepPer?: "major" | "minor";
  /** Why so, in one sentence. */
  readonly why: string;
}

const fewVersions = 5;
const linesToKeep = 3;
const keepOfLine = 2;
const keepOfOne = 5;

/** Pure: from all versions of one family, the newest first. The next major is left for people to decide on. */
export function suggestRange(versions: readonly string[]): SuggestedRange {
  const numbers = versions.map(numbersOf);
  const [newest] = numbers;
  if (newest === undefined || versions.length <= fewVersions) return { range: "*", why: tooFew(versions) };
  const [major] = newest;
  const upper = `<${major + 1}`;
  const minors = distinct(numbers.map(([first, second]) => `${first}.${second}`));
  const majors = distinct(numbers.map(([first]) => first));
  const decided = `A major version of ${major + 1} or more waits until somebody widens the range.`;
  const recent = numbers.filter(([first, second]) => minors.slice(0, 10).includes(`${first}.${second}`));
  const haveMinors = minors.length > majors.length * 1.5 || majors.length === 1;
  if (haveMinors && minors.length > 1 && recent.length >= Math.min(10, minors.length) * 2) {
    const lowest = minors.slice(0, linesToKeep).at(-1);
    return {
      range: `>=${lowest} ${upper}`,
      keep: keepOfLine,
      keepPer: "minor",
      why: `Minor versions get several patches each, so the newest ${keepOfLine} of each of the last ${Math.min(linesToKeep, minors.length)} minor versions are kept. ${decided}`,
    };
  }
  if (majors.length > 1 && numbers.length >= majors.length * 2) {
    const lowest = majors.slice(0, linesToKeep).at(-1);
    return {
      range: `>=${lowest} ${upper}`,
      keep: keepOfLine,
      keepPer: "major",
      why: `There are several major versions with many releases each, so the newest ${keepOfLine} of each of the last ${Math.min(linesToKeep, majors.length)} are kept. ${decided}`,
    };
  }
  return {
    range: `>=${major} ${upper}`,
    keep: keepOfOne,
    why: `The newest ${keepOfOne} are kept, of the major version ${major}. ${decided}`,
  };
}

/** For schemes whose numbers do not part into majors and minors. */
export function suggestNewest(versions: readonly string[]): SuggestedRange {
  if (versions.length <= fewVersions) return { range: "*", why: tooFew(versions) };
  return { range: "*", keep: keepOfOne, why: `The newest ${keepOfOne} are kept.` };
}

function tooFew({ length }: readonly string[]): string {
  return length === 1 ? "There is only this one." : `All are taken: there are no more than ${length}.`;
}

function numbersOf(tag: string): readonly [number, number] {
  const description = describeTag(tag);
  const [first = 0, second = 0] = description.kind === "version" ? description.numbers : [];
  return [first, second];
}

function distinct<T>(values: readonly T[]): T[] {
  return [...new Set(values)];
}
