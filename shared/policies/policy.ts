/** Why a tag was not chosen. Closed, so that people can filter and tests can enumerate. */
export type SkipReason =
  | "invalid-tag" // outside the tag grammar
  | "artifact" // a signature, attestation, SBOM or referrers tag
  | "not-included"
  | "excluded"
  | "not-a-version" // the scheme cannot read it
  | "out-of-range"
  | "prerelease"
  | "not-listed" // neither `exact` nor `Track` names it
  | "superseded" // beyond `Keep`
  | "same-version"; // another tag with the same version was chosen (1.2.3 and v1.2.3)

export interface Skipped {
  readonly tag: string;
  readonly reason: SkipReason;
  /** One short sentence for people: "1.28.0 is outside >=1.27 <1.28". */
  readonly detail: string;
}

export type Verdict<Key> =
  | { readonly kind: "candidate"; readonly key: Key }
  | { readonly kind: "skipped"; readonly reason: SkipReason; readonly detail: string };

/** A tag scheme with its range, ready to judge tags. `Key` is what the scheme sorts by. */
export interface Policy<Key = unknown> {
  judge(tag: string): Verdict<Key>;
  /** Negative when `a` is newer than `b`: sorts newest first. */
  compare(a: Key, b: Key): number;
}

/** Settings that every scheme sees beside its own range. */
export interface PolicyOptions {
  readonly prereleases: "include" | "exclude";
}

/** `range` is what follows the scheme's name in the watch's `Tags` column: `semver >=1.27 <2`. */
export interface PolicyMember {
  readonly kind: string;
  /** Throws `invalid` for a range that the scheme cannot read, with an example of one that it can. */
  parse(range: string, options: PolicyOptions): Policy;
}
