import type { Plan, PlannedTag } from "./plan.ts";
import type { ChangedTag, ChangePlan } from "./plan-change.ts";

/** Tags with one verdict, and of those left out, with one reason: how many there are, and the first few. */
export interface TagGroup<Tag extends Verdict> {
  readonly verdict: Tag["verdict"];
  readonly reason?: string;
  readonly count: number;
  readonly tags: readonly Tag[];
}

interface Verdict {
  readonly verdict: string;
}

/** Of `taken`, whatever is followed now or then, and of each reason of `skipped` at most so many are shown. */
export function groupTags<Tag extends Verdict>(
  tags: readonly Tag[],
  { taken, skipped }: { readonly taken: number; readonly skipped: number },
): TagGroup<Tag>[] {
  const reasonOf = (tag: Tag) => (tag.verdict === "skip" && "reason" in tag ? String(tag.reason) : "");
  const groups = [...Map.groupBy(tags, (tag) => `${tag.verdict} ${reasonOf(tag)}`).values()];
  return groups
    .flatMap((members) => {
      const [first] = members;
      if (first === undefined) return [];
      const reason = reasonOf(first);
      return {
        verdict: first.verdict as Tag["verdict"],
        ...(reason === "" ? {} : { reason }),
        count: members.length,
        tags: members.slice(0, reason === "" ? taken : skipped),
      };
    })
    .sort((a, b) => Number(a.reason !== undefined) - Number(b.reason !== undefined) || rankOf(a, b));
}

/** Among the reasons the one with the most tags first; the others keep their order. */
function rankOf(a: TagGroup<Verdict>, b: TagGroup<Verdict>): number {
  return a.reason === undefined ? 0 : b.count - a.count;
}

/** A plan that stays small however many tags upstream has. */
export type BoundedPlan = Omit<Plan, "tags"> & { readonly groups: readonly TagGroup<PlannedTag>[] };
export type BoundedChangePlan = Omit<ChangePlan, "tags"> & {
  readonly groups: readonly TagGroup<ChangedTag>[];
};

export function boundPlan(
  plan: Plan | ChangePlan,
  detail: { readonly taken: number; readonly skipped: number },
): BoundedPlan | BoundedChangePlan {
  if ("cost" in plan) {
    const { tags, ...rest } = plan;
    return { ...rest, groups: groupTags(tags, detail) };
  }
  const { tags, ...rest } = plan;
  return { ...rest, groups: groupTags(tags, detail) };
}
