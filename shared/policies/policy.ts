import type { Layout, ReadProblem } from "./tag-reader.ts";
import type { VersionRange } from "./version-range.ts";

/** Why a tag was not chosen. Closed, so that people can filter and tests can enumerate; in the order of the pipeline. */
export const skipReasons = [
  "invalid-tag", // outside the tag grammar
  "artifact", // a signature, attestation, SBOM or referrers tag
  "commit-id",
  "not-included",
  "excluded",
  "not-extracted",
  "not-a-version", // the scheme cannot read it
  "out-of-range",
  "prerelease",
  "other-family", // a suffix that Family does not name
  "platform-suffix", // one platform of an image that has a tag for all
  "floating", // an alias of a longer tag, such as 1.27 beside 1.27.4
  "implausible-major", // a number far beyond all others, such as a date
  "not-listed", // neither `exact` nor `Track` names it
  "superseded", // beyond `Keep`
  "same-version", // another tag with the same version stands for it (1.2.3 and v1.2.3)
] as const;

export type SkipReason = (typeof skipReasons)[number];

export interface Skipped {
  readonly tag: string;
  readonly reason: SkipReason;
  /** One short sentence for people: "1.28.0 is outside >=1.27 <1.28". */
  readonly detail: string;
}

/** A tag scheme with its range, ready to judge tags. */
export type Policy = VersionPolicy | NamePolicy;

/** A scheme of numbers: it says how to read a tag and which versions are in range; families and prereleases are the same for all. */
export interface VersionPolicy {
  readonly kind: "version";
  readonly layout: Layout;
  readonly range: VersionRange;
  /** The range as it was written, for people. */
  readonly text: string;
  /** `aliases`: 1.27 beside 1.27.4 is floating. `majors`: a great gap between majors is not believed. `keepPer`: there are minors. */
  readonly traits: ReadonlySet<"aliases" | "majors" | "keepPer">;
  /** Why `tag` is no version of this scheme: one sentence. */
  explain(tag: string, problem: ReadProblem): string;
}

/** A scheme of whole names, which have neither numbers nor suffixes. */
export interface NamePolicy {
  readonly kind: "name";
  /** Undefined for a name that is wanted. */
  refuse(
    name: string,
  ): { readonly reason: "not-listed" | "out-of-range"; readonly detail: string } | undefined;
  /** Negative when `a` is newer than `b`: sorts newest first. */
  compare(a: string, b: string): number;
  /** Whether the row names this very tag; then not even its being a commit id or a platform's keeps it out. */
  names(name: string): boolean;
}

/** `range` is what follows the scheme's name in the watch's `Tags` column: `semver >=1.27 <2`. */
export interface PolicyMember {
  readonly kind: string;
  /** Throws `invalid` for a range that the scheme cannot read, with an example of one that it can. */
  parse(range: string): Policy;
}
