import { printable } from "../model/digest.ts";
import { isTag } from "../model/reference.ts";
import { type TagList, tagsOf } from "../model/tag-list.ts";
import type { Policy, Skipped, Verdict } from "./policy.ts";

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

/**
 * Decides which tags of a list are wanted: artifact tags out, include and exclude, scheme and range, newest first, keep.
 * The answer does not depend on the order of `tags`, nor on repeats; each tag that is neither in `versions` nor in
 * `tracked` is in `skipped` once, sorted by tag. A tracked tag is never also a version.
 */
export function select(tags: TagList, rules: Rules): Selection {
  const tracked = [...new Set(rules.track)];
  const remaining = new Set(tagsOf(tags));
  for (const tag of tracked) remaining.delete(tag);

  const candidates: Candidate[] = [];
  const skipped: Skipped[] = [];
  for (const tag of remaining) {
    const verdict = judge(tag, rules);
    if (verdict.kind === "candidate") candidates.push({ tag, key: verdict.key });
    else skipped.push({ tag, reason: verdict.reason, detail: verdict.detail });
  }
  const versions =
    rules.policy === undefined ? [] : newestFirst(candidates, { ...rules, policy: rules.policy }, skipped);
  return {
    versions,
    tracked,
    // Sorting this would be most of the work, and polls never look at it.
    get skipped() {
      return skipped.sort((a, b) => byCodeUnit(a.tag, b.tag));
    },
  };
}

interface Candidate {
  readonly tag: string;
  readonly key: unknown;
}

// Signatures, attestations, SBOMs and referrers under the fallback scheme: cosign's SIGNATURE_SPEC and the distribution
// specification 1.1, "Referrers Tag Schema" (which truncates to 64 digits).
const artifactPattern = /^sha(?:256|512)-[0-9a-f]{64}(?:\.(?:sig|att|sbom))?$/;

function judge(tag: string, { policy, include, exclude }: Rules): Verdict<unknown> {
  if (!isTag(tag)) return skip("invalid-tag", `"${printable(tag)}" is not a tag by the OCI grammar`);
  if (artifactPattern.test(tag)) {
    return skip("artifact", `${tag} is a signature, an attestation, an SBOM or a list of referrers`);
  }
  if (include?.(tag) === false) return skip("not-included", `${tag} does not match Include as a whole`);
  if (exclude?.(tag)) return skip("excluded", `${tag} matches Exclude`);
  return policy?.judge(tag) ?? skip("not-listed", `${tag} is not in Track, and the watch has no Tags`);
}

/** Sorts, lets one tag stand for each version, keeps the newest; appends what falls out to `skipped`. */
function newestFirst(
  candidates: Candidate[],
  { policy, keep = Number.POSITIVE_INFINITY }: Rules & { readonly policy: Policy },
  skipped: Skipped[],
): string[] {
  const versions: string[] = [];
  let previous: Candidate | undefined;
  for (const candidate of candidates.sort((a, b) => policy.compare(a.key, b.key) || plainest(a.tag, b.tag))) {
    const { tag, key } = candidate;
    if (previous !== undefined && policy.compare(previous.key, key) === 0) {
      const detail = `${tag} is the same version as ${previous.tag}, which stands for both`;
      skipped.push({ tag, reason: "same-version", detail });
      continue;
    }
    previous = candidate;
    if (versions.length < keep) versions.push(tag);
    else
      skipped.push({ tag, reason: "superseded", detail: `${tag} comes after the ${keep} that Keep allows` });
  }
  return versions;
}

/** Of two tags for one version the shorter stands first: 1.2.3 before v1.2.3. */
function plainest(a: string, b: string): number {
  return a.length - b.length || byCodeUnit(a, b);
}

function byCodeUnit(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

function skip(reason: Skipped["reason"], detail: string): Verdict<unknown> {
  return { kind: "skipped", reason, detail };
}
