import { tagListOf, tagPageOf } from "../../shared/model/tag-list.ts";
import { parsePolicy } from "../../shared/policies/members.ts";
import { parsePattern } from "../../shared/policies/pattern.ts";
import { type Selection, select } from "../../shared/policies/select.ts";

/** A watch's columns as people write them, as far as they choose tags. */
export interface Columns {
  readonly tags?: string;
  readonly include?: string;
  readonly exclude?: string;
  readonly prereleases?: "include" | "exclude";
  readonly keep?: number;
  readonly track?: readonly string[];
}

export function selectBy(columns: Columns, list: readonly string[]): Selection {
  const { tags, include, exclude, prereleases = "exclude", keep, track = [] } = columns;
  return select(tagListOf([tagPageOf(list)]), {
    ...(tags === undefined ? {} : { policy: parsePolicy(tags, { prereleases }) }),
    ...(include === undefined ? {} : { include: parsePattern("Include", include) }),
    ...(exclude === undefined ? {} : { exclude: parsePattern("Exclude", exclude) }),
    ...(keep === undefined ? {} : { keep }),
    track,
  });
}

export function reasonsOf({ skipped }: Selection): Record<string, string> {
  return Object.fromEntries(skipped.map(({ tag, reason }) => [tag, reason]));
}
