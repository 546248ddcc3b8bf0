import { type ImportRecord, isOpen } from "../../documents/import-record.ts";
import type { KeepRule, ProposalItem } from "../../documents/proposal.ts";
import type { Watch } from "../../documents/watch.ts";
import { formatWatchId, manualWatch, watchKey } from "../../documents/watch-id.ts";
import type { Digest } from "../../model/digest.ts";
import { formatReference } from "../../model/reference.ts";
import type { Pattern } from "../../policies/pattern.ts";
import type { TargetLock } from "../../stores/locks.ts";

/** What the watches know: which tags each follows, by `group~name`. */
export type Followed = ReadonlyMap<string, ReadonlyMap<string, string>>;

/** A tag, or an untagged digest, that an import of a watch once brought in and that the watch does not follow any more. */
export interface Superseded {
  readonly record: ImportRecord;
  readonly kind: ProposalItem["kind"];
  readonly tag?: string;
  readonly digest: Digest;
  /** When it came to stand there. */
  readonly since: Date;
}

/**
 * Pure: what of a watch's finished imports is superseded in one repository at the target, as the tags there tell. What the target
 * does not have any more is no matter of retention.
 */
export function supersededBy(
  records: readonly ImportRecord[],
  {
    tags,
    known,
  }: { readonly tags: ReadonlyMap<string, Digest>; readonly known: ReadonlyMap<string, string> },
): { readonly superseded: readonly Superseded[]; readonly followed: number } {
  const tagged = new Set(tags.values());
  const superseded: Superseded[] = [];
  let followed = 0;
  for (const record of records) {
    const { target, digest, endedAt, seenAt } = record;
    if (record.state !== "done" || record.subject !== undefined) continue;
    const since = endedAt ?? seenAt;
    const there = target.tag === undefined ? undefined : tags.get(target.tag);
    if (there === digest && known.has(record.tag)) followed += 1;
    else if (there === digest && target.tag !== undefined)
      superseded.push({ record, kind: "tag", tag: target.tag, digest, since });
    else if (target.tag !== undefined && known.get(record.tag) !== digest && !tagged.has(digest))
      superseded.push({ record, kind: "digest", digest, since });
    for (const kept of record.keptAs ?? [])
      if (tags.get(kept.tag) === kept.digest)
        superseded.push({ record, kind: "dated", tag: kept.tag, digest: kept.digest, since: kept.at });
  }
  return { superseded, followed };
}

export interface RuleContext {
  readonly watch: Watch;
  /** Finished and open imports of whichever watch into the same repository. */
  readonly claims: readonly ImportRecord[];
  readonly followed: Followed;
  readonly retained: readonly Pattern[];
  readonly graceMs: number;
  readonly lock: TargetLock | undefined;
  /** At the registry, of the tag or of the manifest. */
  readonly registryLock: "open" | "locked" | "none";
  readonly site: "arrived" | "awaited" | "none";
  readonly now: Date;
}

export interface KeepReason {
  readonly rule: KeepRule;
  readonly reason: string;
}

/** Pure: why a superseded image stays, whatever else names it; undefined when nothing here keeps it. */
export function whyItStays(item: Superseded, context: RuleContext): KeepReason | undefined {
  const { record, tag, digest, since } = item;
  const { host, path } = record.target;
  const name = `${path}:${tag ?? digest}`;
  const pattern = context.retained.find((each) => each.test(name));
  if (pattern !== undefined) return { rule: "excluded", reason: `the pattern ${pattern.text} excludes it` };
  if (context.lock?.state === "locked")
    return { rule: "locked", reason: "Wharfgate has locked it; wharfgate unlock takes the lock back" };
  if (context.registryLock === "locked") return { rule: "locked", reason: "it is locked at the registry" };
  const ageMs = context.now.getTime() - since.getTime();
  if (ageMs < context.graceMs) {
    const until = new Date(since.getTime() + context.graceMs).toISOString();
    return {
      rule: "young",
      reason: `it came in at ${since.toISOString()}, and is left alone until ${until}`,
    };
  }
  const claim = claimOf(item, context);
  if (claim !== undefined) return claim;
  if (context.site === "awaited")
    return {
      rule: "awaited",
      reason: `the site ${record.handling.site} has not acknowledged ${formatReference({ host, path, digest })}`,
    };
  return undefined;
}

/** What a method finds at the target it does not bring: a child that two indexes share must not go between its look and its end. */
function isAtWork(record: ImportRecord): boolean {
  const begun = record.operation !== undefined || record.lease !== undefined;
  return isOpen(record) && begun && record.method !== "bundle";
}

/** What others want of the same tag or digest: people who asked by name, other watches, imports under way; or may need. */
function claimOf(
  { record, tag, digest }: Superseded,
  { claims, followed }: Pick<RuleContext, "claims" | "followed">,
): KeepReason | undefined {
  const working = claims.find(isAtWork);
  if (working !== undefined)
    return {
      rule: "under-way",
      reason: `an import of ${formatReference(working.target)} is at work in its repository, and may count on manifests that are there`,
    };
  for (const other of claims) {
    const same =
      tag === undefined ? other.digest === digest : other.target.tag === tag || other.digest === digest;
    if (!same || other.subject !== undefined) continue;
    if (isOpen(other))
      return { rule: "under-way", reason: `an import of ${formatReference(other.target)} is under way` };
    if (other.state !== "done" || other.digest !== digest) continue;
    if (watchKey(other.watch) === watchKey(manualWatch))
      return { rule: "wanted", reason: `${other.requestedBy} asked for it by name` };
    const ownWatch = watchKey(other.watch) === watchKey(record.watch);
    if (!ownWatch && followed.get(watchKey(other.watch))?.has(other.tag) !== false)
      return { rule: "wanted", reason: `the watch ${formatWatchId(other.watch)} brought it in, too` };
  }
  return undefined;
}
