import type { Skipped, SkipReason } from "../../policies/policy.ts";
import type { Selection } from "../../policies/select.ts";

/** A tag that a row follows. */
export interface Wanted {
  readonly tag: string;
  readonly how: "version" | "tracked";
}

/** Why a tag is not followed, by a row's own reason or by what sets two rows apart. */
export interface Reason {
  readonly reason: SkipReason | "new-watch" | "other-source" | "other-target" | "not-tracked";
  readonly detail: string;
}

/** A row on one side of the comparison; both sides choose from one listing. */
export interface Side {
  readonly selection: Selection;
  /** Full reference at the target. */
  readonly targetOf: (tag: string) => string;
}

/** The row as it is: none, one of the same source, or one of another source, of which only the followed tags are known. */
export type Before =
  | { readonly kind: "none" }
  | (Side & { readonly kind: "same-source" })
  | ({ readonly kind: "other-source"; readonly followed: readonly Wanted[]; readonly source: string } & Pick<
      Side,
      "targetOf"
    >);

export interface Comparison {
  /** Followed only after the change, newest first; `was` tells why not before. */
  readonly enters: readonly (Wanted & { readonly target: string; readonly was: Reason })[];
  /** Followed only before; what came in stays at `target`. */
  readonly leaves: readonly (Wanted & Reason & { readonly target: string })[];
  readonly stays: readonly (Wanted & { readonly target: string })[];
  /** Followed by neither, with the reasons of the row after the change. */
  readonly skipped: readonly Skipped[];
}

/** Pure: what changes for whom when one row takes the place of another. */
export function compareRows(before: Before, after: Side): Comparison {
  const followed = new Map(followedBefore(before).map((each) => [each.tag, each]));
  const wanted = wantedOf(after.selection);
  const isSame = ({ tag }: Wanted): boolean =>
    before.kind === "same-source" && followed.has(tag) && before.targetOf(tag) === after.targetOf(tag);
  const stays = wanted.filter(isSame);
  const enters = wanted.filter((each) => !isSame(each));
  const { skipped } = after.selection;
  if (before.kind === "none") {
    const was: Reason = { reason: "new-watch", detail: "there is no such row yet" };
    return {
      enters: enters.map((each) => ({ ...each, target: after.targetOf(each.tag), was })),
      leaves: [],
      stays: [],
      skipped,
    };
  }

  const reasons = reasonsOf(skipped);
  const kept = new Set(wanted.map(({ tag }) => tag));
  const leaves = [...followed.values()]
    .filter(({ tag }) => before.kind === "other-source" || !kept.has(tag))
    .map((each) => ({ ...each, target: before.targetOf(each.tag), ...whyNoLonger(each, before, reasons) }));
  const left = new Set(before.kind === "other-source" ? [] : leaves.map(({ tag }) => tag));
  const past =
    before.kind === "same-source" ? reasonsOf(before.selection.skipped) : new Map<string, Reason>();
  return {
    enters: enters.map((each) => ({
      ...each,
      target: after.targetOf(each.tag),
      was: whyNotBefore(each, { before, followed, past }),
    })),
    leaves,
    stays: stays.map((each) => ({ ...each, target: after.targetOf(each.tag) })),
    skipped: skipped.filter(({ tag }) => !left.has(tag)),
  };
}

export function wantedOf({ versions, tracked }: Selection): Wanted[] {
  return [
    ...versions.map((tag): Wanted => ({ tag, how: "version" })),
    ...tracked.map((tag): Wanted => ({ tag, how: "tracked" })),
  ];
}

function followedBefore(before: Before): readonly Wanted[] {
  if (before.kind === "none") return [];
  return before.kind === "same-source" ? wantedOf(before.selection) : before.followed;
}

function reasonsOf(skipped: readonly Skipped[]): ReadonlyMap<string, Reason> {
  return new Map(skipped.map(({ tag, reason, detail }) => [tag, { reason, detail }]));
}

function whyNoLonger(
  { tag }: Wanted,
  before: Exclude<Before, { kind: "none" }>,
  reasons: ReadonlyMap<string, Reason>,
): Reason {
  if (before.kind === "other-source")
    return { reason: "other-source", detail: `${before.source} is no longer followed by this row` };
  return reasons.get(tag) ?? { reason: "not-tracked", detail: `${tag} is no longer in Track` };
}

function whyNotBefore(
  { tag }: Wanted,
  {
    before,
    followed,
    past,
  }: {
    readonly before: Exclude<Before, { kind: "none" }>;
    readonly followed: ReadonlyMap<string, Wanted>;
    readonly past: ReadonlyMap<string, Reason>;
  },
): Reason {
  if (before.kind === "other-source")
    return { reason: "other-source", detail: `the row follows ${before.source} now` };
  if (followed.has(tag))
    return { reason: "other-target", detail: `the row brings it to ${before.targetOf(tag)} now` };
  return past.get(tag) ?? { reason: "not-tracked", detail: `${tag} is not in Track now` };
}
