import { formatRepository, type Repository } from "../../model/reference.ts";
import { type TagList, tagsOf } from "../../model/tag-list.ts";
import { type Reading, readingsOf } from "../../policies/detect/readings.ts";
import { type Survey, surveyTags } from "../../policies/detect/survey.ts";
import { createTrial, type Trial } from "./suggest-columns.ts";
import { doubtsOf, meaningful } from "./suggest-doubts.ts";
import { findingsOf, movingFirst } from "./suggest-findings.ts";
import type { Suggested, Suggestion } from "./suggestion.ts";

const mostAlternatives = 5;

/** Pure: what a tag list looks like, and a row that would follow it, tried by the real selection. */
export function suggestRow(source: Repository, tags: TagList): Suggestion {
  const survey = surveyTags(tagsOf(tags));
  const [best, ...others] = readingsOf(survey);
  const trial = createTrial(source, tags);
  const findings = findingsOf(survey, best?.families ?? []);
  const suggested =
    (best && withVersions(survey, [best, ...others], trial)) ?? withoutVersions(survey, trial);
  return { source: formatRepository(source), findings, ...suggested };
}

function withVersions(
  survey: Survey,
  readings: readonly [Reading, ...Reading[]],
  trial: Trial,
): Suggested | undefined {
  const [best, ...others] = readings;
  const { doubts, candidates } = doubtsOf(survey, readings);
  const tried = candidates.slice(0, doubts.length === 0 ? 1 : mostAlternatives).flatMap(trial.candidate);
  const [first] = tried;
  if (first === undefined) return undefined;
  if (doubts.length > 0) {
    return { kind: "unclear", why: doubts, notes: [], alternatives: tried.map(({ row }) => row) };
  }
  const meaning = meaningful(survey, best);
  const aliases = best.aliases === 0 ? "" : ", or short forms of them";
  const variants = best.variants === 0 ? "" : ", or the same with a word before";
  const what = `${best.what}${aliases}${variants}`;
  return {
    kind: "row",
    why: [`${best.explained} of ${meaning} tags that could be versions are ${what}.`, first.why],
    notes: notesOf(survey, best, others),
    row: first.row,
  };
}

/** Where nothing tells what is newer, a tag that moves can still be followed by its digest. */
function withoutVersions({ total, names, commits }: Survey, trial: Trial): Suggested {
  const unordered =
    commits.length > 0
      ? `No tag says what is newer: ${commits.length} of ${total} are commit ids, which have no order.`
      : "No tag says what is newer.";
  const why = total === 0 ? "The repository has no tags." : unordered;
  const [moving] = movingFirst(names);
  const row = moving === undefined ? undefined : trial.columns({ Track: moving }, `${moving}, by its digest`);
  if (row === undefined) return { kind: "nothing", why: [why], notes: [] };
  const instead = `But ${moving} moves with upstream, and can be followed by its digest.`;
  return { kind: "row", why: [why, instead], notes: [], row };
}

function notesOf({ names, dates, versions }: Survey, best: Reading, others: readonly Reading[]): string[] {
  const releases = best.families.reduce((sum, family) => sum + family.releases.length, 0);
  const prereleases = best.families.reduce((sum, { count }) => sum + count, 0) - releases;
  const [moving, ...more] = movingFirst(names).slice(0, 5);
  const plain = others.filter(({ line }) => line === undefined);
  const lines = others.filter(({ line }) => line !== undefined);
  const inLines = lines.reduce((sum, { explained }) => sum + explained, 0);
  const both = versions.some(({ v }) => v === "yes") && versions.some(({ v }) => v === "no");
  return [
    ...plain.map(({ explained, what, families, names: words }) => {
      const example = families[0]?.newest ?? words?.at(-1);
      const more = explained > 1 ? ` and ${explained - 1} more` : "";
      return `Not followed by this row: ${example}${more} (${what}).`;
    }),
    ...(inLines === 0
      ? []
      : [
          `Not followed by this row: ${lines[0]?.line?.tags.at(-1)}${inLines > 1 ? ` and ${inLines - 1} more` : ""} (built in another way).`,
        ]),
    ...(dates.length > 0 && best.families.length > 0 && best.scheme !== "calver"
      ? ["Dates do not count as newer than versions."]
      : []),
    ...(prereleases > releases && releases > 0
      ? [
          `${prereleases} of these are prereleases, and only ${releases} releases: to follow both, add --prereleases include.`,
        ]
      : []),
    ...(both
      ? ["Versions are there with and without a leading v: of two for one version one stands for both."]
      : []),
    ...(moving === undefined
      ? []
      : [
          more.length === 0
            ? `${moving} moves with upstream: to follow it by its digest too, add --track ${moving}.`
            : `${[moving, ...more].join(", ")} move with upstream: to follow one by its digest too, add it by --track.`,
        ]),
  ];
}
