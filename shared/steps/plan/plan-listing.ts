import { setImmediate } from "node:timers/promises";
import type { Watch } from "../../documents/watch.ts";
import { Failure } from "../../model/failure.ts";
import { formatRepository, type Repository } from "../../model/reference.ts";
import { type TagList, tagListOf } from "../../model/tag-list.ts";
import type { Skipped } from "../../policies/policy.ts";
import { needsList } from "../../policies/rules.ts";
import { explainAll, type Selection, selectAll } from "../../policies/select.ts";
import { type CountedReads, countReads } from "../../registry/counted.ts";
import type { Registries } from "../../registry/registry.ts";
import type { Hosts, LowQuota } from "../../stores/hosts.ts";

export interface ListingPorts {
  readonly registries: Registries;
  readonly hosts: Hosts;
}

/** Upstream as a plan reads it. A watch that only tracks floating tags needs no listing. */
export interface PlanListing {
  readonly source: CountedReads;
  readonly tags: TagList;
  /** Undefined when no listing was needed. */
  readonly listed: number | undefined;
  /** What is left of the host's quota when that is little. */
  readonly quota: LowQuota | undefined;
}

/**
 * Lists the source that some rows share, by the first one's credential. Throws `rate-limited` while its host is paused:
 * that is no "nothing new".
 */
export async function listForPlan(
  rows: readonly [Watch, ...Watch[]],
  { registries, hosts }: ListingPorts,
  signal: AbortSignal,
): Promise<PlanListing> {
  const [watch] = rows;
  const { host, path } = watch.source;
  const quota = await refuseWhilePaused(watch.source, { hosts }, signal);
  const source = countReads(registries.open(host, watch.credential));
  if (!rows.some(({ rules }) => needsList(rules)))
    return { source, tags: tagListOf([]), listed: undefined, quota };
  const tags = await source.registry.listTags(path, signal);
  return { source, tags, listed: tags.size, quota };
}

/**
 * Nothing is asked of a host while it wants a pause, not even for a question. Returns what is low of its quota, which is left
 * to imports.
 */
export async function refuseWhilePaused(
  source: Repository,
  { hosts }: Pick<ListingPorts, "hosts">,
  signal: AbortSignal,
): Promise<LowQuota | undefined> {
  const view = await hosts.get(source.host, signal);
  if (view === undefined) return undefined;
  const { state, at } = view;
  if (state.pause !== undefined && state.pause.until > at) {
    const { until } = state.pause;
    throw new Failure(
      "rate-limited",
      `${source.host} asked for a pause until ${until.toISOString()}: it is not asked before, so what is new in ${formatRepository(source)} is not known`,
      { retryAfterMs: until.getTime() - at.getTime() },
    );
  }
  return state.quota !== undefined && state.quota.until > at ? state.quota : undefined;
}

/** A selection with the reasons of everything else, made in slices: the longest list does not hold up others. */
export interface ExplainedSelection extends Omit<Selection, "skipped"> {
  readonly skipped: readonly Skipped[];
}

export async function selectionOf(watch: Watch, { tags }: PlanListing): Promise<ExplainedSelection> {
  const { versions, tracked, collisions } = await selectAll(tags, watch.rules, setImmediate);
  return { versions, tracked, collisions, skipped: await explainAll(tags, watch.rules, setImmediate) };
}

/** Tags that Verbatim names and upstream does not list: no poll would ever tell. */
export function absentOf(
  { rules }: Watch,
  { versions, tracked }: Pick<Selection, "versions" | "tracked">,
): string[] {
  const chosen = new Set([...versions, ...tracked]);
  return [...new Set(rules.verbatim)].filter((tag) => !chosen.has(tag));
}
