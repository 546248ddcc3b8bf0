import type { Policy, Skipped } from "./policy.ts";

/** What a watch wants of a tag list; all parts are parsed and checked. */
export interface Rules {
  /** Absent when the watch only tracks floating tags. */
  readonly policy?: Policy;
  /** Anchored RE2 test of the whole tag. */
  readonly include?: (tag: string) => boolean;
  readonly exclude?: (tag: string) => boolean;
  /** How many of the newest to keep; absent means all. */
  readonly keep?: number;
  /** Floating tags that are followed by digest. */
  readonly track: readonly string[];
}

export interface Selection {
  /** Versions, newest first. */
  readonly versions: readonly string[];
  /** Tracked floating tags, in the order of the watch, whether the list has them or not. */
  readonly tracked: readonly string[];
  readonly skipped: readonly Skipped[];
}
