import { printable } from "../model/digest.ts";
import { isTag } from "../model/reference.ts";
import { type TagList, tagsOf } from "../model/tag-list.ts";
import type { Candidates, Doubt } from "./candidates.ts";
import { formatFamily, plain } from "./families.ts";
import { familyOf, unnamedPlatform } from "./gather.ts";
import type { Skipped, SkipReason, VersionPolicy } from "./policy.ts";
import { rank } from "./rank.ts";
import type { Rules } from "./rules.ts";
import { sortInSlices } from "./sort-in-slices.ts";
import { isArtifact, isCommitId, platformOf } from "./tag-kinds.ts";
import { TagReader } from "./tag-reader.ts";

/** Every tag that is neither chosen nor tracked, once, sorted, with the first reason of the pipeline against it. */
export function* explain(
  list: TagList,
  rules: Rules,
  {
    candidates,
    chosen,
  }: { readonly candidates: Candidates | undefined; readonly chosen: ReadonlySet<string> },
): Generator<void, readonly Skipped[]> {
  const late = yield* lateReasons(candidates, rules);
  const judge = createJudge(rules);
  const skipped = new Map<string, Skipped>();
  let count = 0;
  for (const tag of tagsOf(list)) {
    if (++count % 256 === 0) yield;
    if (chosen.has(tag) || skipped.has(tag)) continue;
    const found = judge(tag) ?? late.get(tag);
    // Nothing speaks against it: it was chosen, which `chosen` knows.
    if (found !== undefined) skipped.set(tag, { tag, ...found });
  }
  return yield* sortInSlices([...skipped.values()], (a, b) => (a.tag < b.tag ? -1 : 1));
}

interface Reason {
  readonly reason: SkipReason;
  readonly detail: string;
}

/** Reasons that only the whole list gives: what stands for a tag, what comes before it. */
function* lateReasons(
  candidates: Candidates | undefined,
  { keep, keepPer, extract, policy }: Rules,
): Generator<void, ReadonlyMap<string, Reason>> {
  const late = new Map<string, Reason>();
  if (candidates === undefined) return late;
  const believed: number[] = [];
  for (let index = 0; index < candidates.size; index++) {
    if (index % 1024 === 1023) yield;
    const doubt = candidates.doubtOf(index);
    const range = policy?.kind === "version" ? policy.text : "";
    if (doubt === undefined) believed.push(index);
    else late.set(candidates.tagOf(index), reasonOf(doubt, candidates.tagOf(index), range));
  }
  const per = keepPer === "all" ? "" : ` of each ${keepPer} version`;
  const ranking = { keep: keep ?? Number.POSITIVE_INFINITY, equals: equalsOf(extract) };
  yield* rank(candidates, believed, ranking, (index, fate) => {
    const tag = candidates.tagOf(index);
    if (fate.kind === "same-version") {
      const detail = `${tag} is the same version as ${candidates.tagOf(fate.standing)}, which stands for both`;
      late.set(tag, { reason: "same-version", detail });
    } else if (fate.kind === "superseded" || (fate.kind === "same-key" && fate.chosen === "no")) {
      late.set(tag, {
        reason: "superseded",
        detail: `${tag} comes after the ${keep}${per} that Keep allows`,
      });
    }
  });
  return late;
}

export function equalsOf(extract: Rules["extract"]): "spellings" | "collisions" {
  return extract === undefined ? "spellings" : "collisions";
}

function reasonOf(doubt: Doubt, tag: string, range: string): Reason {
  if (doubt.kind === "floating") {
    const detail = `${tag} stands for the newest of the longer tags that begin with it; to follow it by digest, put it in Track`;
    return { reason: "floating", detail };
  }
  const detail = `${tag} is far beyond ${doubt.below}, the next lower first number here, and ${range} names no such number; if it is meant, name it in the range`;
  return { reason: "implausible-major", detail };
}

type Judge = (tag: string) => Reason | undefined;

/** The pipeline, question by question, for one tag. */
function createJudge(rules: Rules): Judge {
  const { policy, include, exclude, extract } = rules;
  const judgeVersion = policy?.kind === "version" ? createVersionJudge(policy, rules) : undefined;
  return (tag) => {
    if (!isTag(tag)) return because("invalid-tag", `"${printable(tag)}" is not a tag by the OCI grammar`);
    if (isArtifact(tag)) {
      return because("artifact", `${tag} is a signature, an attestation, an SBOM or a list of referrers`);
    }
    if (isCommitId(tag) && !(policy?.kind === "name" && policy.names(tag))) {
      return because("commit-id", `${tag} names a commit, not a version`);
    }
    if (include?.test(tag) === false)
      return because("not-included", `${tag} does not match Include as a whole`);
    if (exclude?.test(tag)) return because("excluded", `${tag} matches Exclude`);
    if (policy === undefined) {
      return because("not-listed", `${tag} is neither in Track nor in Verbatim, and the watch has no Tags`);
    }
    const key = extract === undefined ? tag : extract.from(tag);
    if (key === undefined) return because("not-extracted", `${tag} does not match Extract as a whole`);
    if (policy.kind === "version") return judgeVersion?.(tag, key);
    const platform = unnamedPlatform(tag, policy, rules);
    return policy.refuse(key) ?? (platform === undefined ? undefined : ofPlatform(tag, platform, "Include"));
  };
}

function createVersionJudge(
  policy: VersionPolicy,
  { families, prereleases }: Rules,
): (tag: string, key: string) => Reason | undefined {
  const read = new TagReader(policy.layout, prereleases);
  return (tag, key) => {
    const shown = tag === key ? tag : `${tag}, read as ${printable(key)},`;
    const bytes = Buffer.from(key, "latin1");
    const problem = read.read(bytes, 0, bytes.length);
    if (problem !== undefined) return because("not-a-version", policy.explain(shown, problem));
    if (!policy.range.has(read, bytes)) {
      const why = policy.range.shutsOutPrerelease(read)
        ? ": an upper bound shuts out its own prereleases"
        : "";
      return because("out-of-range", `${shown} is outside ${policy.text}${why}`);
    }
    if (read.prereleaseStart < read.prereleaseEnd && !read.wanted) {
      const wanted = prereleases === "exclude" ? "is exclude" : `lists only ${[...prereleases].join(", ")}`;
      return because("prerelease", `${shown} is a prerelease, and Prereleases ${wanted}`);
    }
    if (familyOf(families, read, bytes, bytes.length) >= 0) return undefined;
    const suffix = key.slice(read.familyStart);
    const platform = platformOf(suffix);
    if (platform !== undefined) return ofPlatform(shown, platform, `Family, as ${suffix}`);
    const own = formatFamily({ ...plain, suffix, v: read.v ? "must" : "must-not" });
    const same = families.some((family) => family.suffix === suffix);
    const name = same ? own : formatFamily({ ...plain, suffix });
    const what =
      suffix === ""
        ? `has ${read.v ? "a" : "no"} leading v and no suffix`
        : `is of the family ${same ? own : suffix}`;
    return because(
      "other-family",
      `${shown} ${what}, and Family is ${families.map(formatFamily).join(", ")}; to follow it, add ${name} to Family`,
    );
  };
}

function ofPlatform(tag: string, platform: string, where: string): Reason {
  return because(
    "platform-suffix",
    `${tag} is for one platform alone, ${platform}; to follow it, name it in ${where}`,
  );
}

function because(reason: SkipReason, detail: string): Reason {
  return { reason, detail };
}
