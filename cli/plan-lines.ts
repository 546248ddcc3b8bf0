import { printable } from "../shared/model/digest.ts";
import type { Collision } from "../shared/policies/select.ts";
import type { Plan, PlannedTag } from "../shared/steps/plan/plan.ts";
import type { Arrival } from "../shared/steps/plan/plan-arrivals.ts";
import type { ChangedTag, ChangePlan } from "../shared/steps/plan/plan-change.ts";
import { groupTags, type TagGroup } from "../shared/steps/plan/plan-groups.ts";
import { table } from "./output.ts";
import { costLines } from "./plan-cost-lines.ts";

export interface Detail {
  /** `taken`: what is followed or would be. `every`: all of upstream's tags. */
  readonly show: "taken" | "every";
  /** Tags to show of each verdict, and of each reason why not. */
  readonly most: number;
}

export function planLines(plan: Plan, detail: Detail): string[] {
  const groups = groupTags(plan.tags, { taken: detail.most, skipped: detail.most });
  const others = (["pending", "waiting", "held", "denied", "failed", "missing"] as const)
    .filter((verdict) => countOf(groups, verdict) > 0)
    .map(
      (verdict) =>
        `, ${countOf(groups, verdict)} ${verdict === "missing" ? "wanted but not there" : verdict}`,
    )
    .join("");
  const shown = groups.filter(({ verdict }) => detail.show === "every" || verdict !== "skip");
  return [
    `${plan.watch}: ${plan.source} by ${plan.method}`,
    `  ${countOf(groups, "import")} to import, ${countOf(groups, "have")} imported, ${countOf(groups, "skip")} not wanted${others}`,
    ...uncheckedLines(plan.unchecked),
    ...collisionLines(plan.collisions),
    ...indent(groupLines(shown, plannedCells)),
    "",
  ];
}

/** A plan asks by itself: what it finds may be news that polls which are put off have not seen. */
function uncheckedLines(mark: Plan["unchecked"]): string[] {
  if (mark === undefined) return [];
  const { since, until, reason } = mark;
  return [`  ! no poll since ${since.toISOString()}, put off until ${until.toISOString()}: ${reason}`];
}

export function changeLines(plan: ChangePlan, detail: Detail): string[] {
  const groups = groupTags(plan.tags, { taken: detail.most, skipped: detail.most });
  const brief = new Set<ChangedTag["verdict"]>(["enters", "leaves"]);
  const shown = groups.filter(({ verdict }) => detail.show === "every" || brief.has(verdict));
  const listed = plan.listed === undefined ? "" : ` of ${plan.listed} listed`;
  return [
    `${plan.watch}: ${plan.source} by ${plan.method}, as if it were ${plan.row === "new" ? "added" : "changed"}`,
    `  ${countOf(groups, "enters")} newly followed, ${countOf(groups, "leaves")} no longer followed, ${countOf(groups, "stays")} stay, ${countOf(groups, "skip")} not wanted${listed}`,
    ...costLines(plan),
    ...collisionLines(plan.collisions),
    ...[...plan.cost.notes, ...plan.notes].map((note) => `  Note: ${printable(note, 1000)}`),
    ...indent(groupLines(shown, changedCells)),
    "",
  ];
}

function collisionLines(collisions: readonly Collision[]): string[] {
  const lines = collisions
    .slice(0, 10)
    .map(
      ({ key, tags }) =>
        `  Note: Extract reads ${printable(key)} out of ${printable(tags.join(", "), 300)}: all are followed, and count as one version`,
    );
  const more = collisions.length - lines.length;
  return more === 0 ? lines : [...lines, `  Note: ${more} more versions are each read out of several tags`];
}

type AnyTag = PlannedTag | ChangedTag;

function countOf<Tag extends AnyTag>(groups: readonly TagGroup<Tag>[], verdict: Tag["verdict"]): number {
  return groups.filter((group) => group.verdict === verdict).reduce((sum, { count }) => sum + count, 0);
}

/** One table for all groups, and after a cut one a line that says how many more there are. */
function groupLines<Tag extends AnyTag>(
  groups: readonly TagGroup<Tag>[],
  toCells: (tag: Tag) => string[],
): string[] {
  return table(
    groups.flatMap(({ verdict, reason, count, tags }) => {
      const rows = tags.map(toCells);
      const [mark = verdict] = rows[0] ?? [];
      const more = count - tags.length;
      const what = reason === undefined ? "" : ` ${reason}`;
      return more === 0 ? rows : [...rows, [mark, `... ${more} more${what}: --all shows them`]];
    }),
  );
}

const marks = {
  import: "+ import",
  have: "= have",
  pending: "~ pending",
  waiting: "~ waiting",
  held: "! held",
  denied: "! denied",
  failed: "! failed",
  missing: "? missing",
  skip: "- skip",
  enters: "+ enters",
  leaves: "- leaves",
  stays: "= stays",
} as const;

function plannedCells(tag: PlannedTag): string[] {
  const mark = marks[tag.verdict];
  if (tag.verdict === "skip") return [mark, tag.tag, tag.reason, tag.detail];
  if (tag.verdict === "missing") return [mark, tag.tag, tag.how, "upstream does not have this tag now"];
  const gates = tag.gates === undefined ? [] : [`gates: ${tag.gates.join("; ")}`];
  const why = tag.reason === undefined ? [] : [tag.reason];
  return [mark, tag.tag, tag.how, `-> ${tag.target}`, ...gates, ...why];
}

function changedCells(tag: ChangedTag): string[] {
  const mark = marks[tag.verdict];
  switch (tag.verdict) {
    case "skip":
      return [mark, tag.tag, tag.reason, tag.detail];
    case "leaves":
      return [mark, tag.tag, tag.reason, tag.detail, `${tag.target} is left as it is`];
    case "stays":
      return [mark, tag.tag, tag.how, `-> ${tag.target}`];
    case "enters":
      return [
        mark,
        tag.tag,
        tag.how,
        `-> ${tag.target}${arrivalText(tag.arrival)}`,
        ...(tag.was.reason === "new-watch" ? [] : [`now ${tag.was.reason}: ${tag.was.detail}`]),
      ];
  }
}

function arrivalText(arrival: Arrival): string {
  switch (arrival.fate) {
    case "import":
    case "unasked":
      return "";
    case "present":
      return ", which has it already";
    case "conflict":
      return ", which has another image under this tag: held, not overwritten";
    case "missing":
      return ", once upstream has it";
    case "unreadable":
      return `, which fails: ${arrival.reason}`;
  }
}

function indent(lines: readonly string[]): string[] {
  return lines.map((line) => `  ${line}`);
}
