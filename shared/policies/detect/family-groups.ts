import type { VersionTag } from "./survey.ts";

/** Versions with one suffix, where numbers in the suffix count as one. */
export interface FamilyGroup {
  /** As the Family column has it: plain, -alpine, -alpine*. */
  readonly name: string;
  /** Releases and prereleases. */
  readonly count: number;
  readonly releases: readonly VersionTag[];
  readonly newest: string;
  /** Different versions, however many tags each has. */
  readonly versions: number;
  /** Its suffixes as written, the greatest numbers first; one where the name has no star. */
  readonly suffixes: readonly string[];
}

/** The most versions first; tags of one platform alone form no family unless there is nothing else. */
export function groupFamilies(tags: readonly VersionTag[]): readonly FamilyGroup[] {
  const whole = tags.filter(({ platform }) => platform === undefined);
  const groups = Map.groupBy(whole.length > 0 ? whole : tags, ({ family }) => starred(family));
  return [...groups]
    .map(([star, members]): FamilyGroup => {
      const literal = new Set(members.map(({ family }) => family));
      const name = literal.size === 1 ? (members[0]?.family ?? "") : star;
      const releases = members.filter(({ prerelease }) => prerelease === "").sort(newestFirst);
      const [newest] = releases.length > 0 ? releases : members.toSorted(newestFirst);
      return {
        name: name === "" ? "plain" : name,
        count: members.length,
        releases,
        newest: newest?.tag ?? "",
        suffixes: [...literal].sort((a, b) => b.localeCompare(a, "en", { numeric: true })),
        versions: new Set(releases.map(({ numbers }) => numbers.join("."))).size,
      };
    })
    .sort((a, b) => b.versions - a.versions || b.count - a.count || a.name.length - b.name.length);
}

/** `*` stands for digits and dots, as in the Family column. */
function starred(family: string): string {
  return family.replaceAll(/[0-9][0-9.]*/g, "*");
}

export function newestFirst(a: VersionTag, b: VersionTag): number {
  for (let at = 0; at < 4; at += 1) {
    const order = (b.numbers[at] ?? 0) - (a.numbers[at] ?? 0);
    if (order !== 0) return order;
  }
  const [left, right] = [a.prerelease, b.prerelease];
  if ((left === "") !== (right === "")) return left === "" ? -1 : 1;
  return b.tag.localeCompare(a.tag, "en", { numeric: true });
}
