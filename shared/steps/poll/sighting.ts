import type { Watch } from "../../documents/watch.ts";
import type { Sighting } from "../../gates/demands.ts";
import { hasMajors, majorOf } from "../../policies/major-of.ts";

/** What a poll knows of the major versions that came in before. */
export interface Known {
  /** `first`: the watch's very first poll, which sets the base line. */
  readonly poll: "first" | "later";
  /** The greatest major version that was let in; absent when there was none. */
  readonly major?: number;
}

/** Pure: how a poll came to see a tag. */
export function sightingOf({ rules }: Pick<Watch, "rules">, tag: string, known: Known): Sighting {
  if (known.poll === "first") return { by: "first" };
  const major = majorOf(tag, rules);
  if (major === undefined) {
    const why = hasMajors(rules.policy)
      ? `${tag} is no version that the watch's scheme reads, so that it may be of a new major version`
      : "the watch's scheme tells no major versions";
    return { by: "later", major: why };
  }
  if (known.major === undefined || major <= known.major) return { by: "later" };
  return {
    by: "later",
    major: `${tag} is of major version ${major}, and the greatest that came in before is ${known.major}`,
  };
}
