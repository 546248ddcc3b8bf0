import type { FamilyGroup } from "../../policies/detect/family-groups.ts";
import { isFloatingName } from "../../policies/detect/floating-names.ts";
import type { Survey, VersionTag } from "../../policies/detect/survey.ts";
import type { TagFindings } from "./suggestion.ts";

const someExamples = 3;
const someNames = 20;
const mostFamilies = 50;

/** Puts a survey into what is shown. */
export function findingsOf(survey: Survey, families: readonly FamilyGroup[]): TagFindings {
  const { aliases, names, artifacts, commits, invalid } = survey;
  const readable = [...survey.versions, ...survey.dates, ...survey.numbers];
  const suffixed = readable.filter(({ platform }) => platform !== undefined).map(({ tag }) => tag);
  const platforms = [...suffixed, ...survey.platforms];
  const others = names.filter((name) => !isFloatingName(name));
  const noise = [
    ["signatures, attestations, SBOMs and lists of referrers", artifacts],
    ["commit ids", commits],
    ["tags of one platform alone", platforms],
    ["no tags by the OCI grammar", invalid],
  ] as const;
  return {
    total: survey.total,
    families: families
      .slice(0, mostFamilies)
      .map(({ name, count, newest }) => ({ family: name, count, newest })),
    prereleases: labelsOf(readable),
    floating: movingFirst(names),
    further: { families: Math.max(0, families.length - mostFamilies) },
    names: { count: others.length, examples: others.slice(0, someNames) },
    aliases: { count: aliases.length, examples: aliases.slice(-someExamples).map(({ tag }) => tag) },
    noise: noise
      .filter(([, tags]) => tags.length > 0)
      .map(([kind, tags]) => ({ kind, count: tags.length, examples: tags.slice(0, someExamples) })),
  };
}

const usual = ["latest", "stable", "lts"];

/** Names that seem to move with upstream, the usual ones first. */
export function movingFirst(names: readonly string[]): readonly string[] {
  const others = names.filter((name) => isFloatingName(name) && !usual.includes(name));
  return [...usual.filter((name) => names.includes(name)), ...others];
}

function labelsOf(tags: readonly VersionTag[]): TagFindings["prereleases"] {
  const labels = tags
    .filter(({ prerelease }) => prerelease !== "")
    .map(({ prerelease }) => /^[a-z]+|^[^.-]*/i.exec(prerelease)?.[0].toLowerCase() ?? "")
    .map((label) => (/^[0-9]+$/.test(label) ? "a number alone" : label));
  return [...Map.groupBy(labels, (label) => label)]
    .map(([label, members]) => ({ label, count: members.length }))
    .sort((a, b) => b.count - a.count);
}
