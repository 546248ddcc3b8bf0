import type { ImportRecord } from "../../documents/import-record.ts";
import { formatWatchId, parseWatchPath } from "../../documents/watch-id.ts";
import { printable } from "../../model/digest.ts";
import { Failure } from "../../model/failure.ts";
import { parseReference } from "../../model/reference.ts";
import type { Ledger } from "../../stores/ledger.ts";

/** What a bundle is to hold. Empty: whatever the watches with this site's name have brought up to it. */
export interface Wanted {
  readonly site: string;
  /** `group/name` or `group/*`. */
  readonly watches: readonly string[];
  /** `repository:tag` at the target. */
  readonly images: readonly string[];
}

/**
 * The imports that a bundle may hold: those that are proven at the target, and those that passed their gates and wait for
 * this very site. Of each tag the last one. Throws `invalid` for a name that finds nothing.
 */
export async function selectForSite(
  wanted: Wanted,
  ledger: Ledger,
  signal: AbortSignal,
): Promise<readonly ImportRecord[]> {
  const matchers = matchersOf(wanted);
  const found = new Set<string>();
  const latest = new Map<string, ImportRecord>();
  for await (const { record } of ledger.all(signal)) {
    if (!isReady(record, wanted.site)) continue;
    const matching = matchers.filter(({ matches }) => matches(record));
    for (const { name } of matching) found.add(name);
    const key = `${record.target.path} ${record.target.tag ?? record.digest}`;
    const known = latest.get(key);
    if (matching.length > 0 && (known === undefined || readyAt(known) < readyAt(record)))
      latest.set(key, record);
  }
  const missing = matchers.filter(({ name }) => name !== "" && !found.has(name)).map(({ name }) => name);
  if (missing.length > 0) {
    throw new Failure(
      "invalid",
      `Nothing is ready for ${wanted.site} of ${missing.join(", ")}: a bundle holds what the ledger has as done, or as running by the method bundle for this site (wharfgate status; names are group/name or group/*, images repository:tag at the target)`,
    );
  }
  const byName = (a: string, b: string) => (a < b ? -1 : 1);
  return [...latest].sort(([a], [b]) => byName(a, b)).map(([, record]) => record);
}

function isReady({ method, state, handling, operation }: ImportRecord, site: string): boolean {
  if (method !== "bundle") return state === "done";
  return handling.site === site && (state === "done" || (state === "running" && operation !== undefined));
}

function readyAt({ endedAt, startedAt, seenAt }: ImportRecord): number {
  return (endedAt ?? startedAt ?? seenAt).getTime();
}

interface Matcher {
  /** As it was written; empty for what is meant by saying nothing. */
  readonly name: string;
  matches(record: ImportRecord): boolean;
}

function matchersOf({ site, watches, images }: Wanted): readonly Matcher[] {
  if (watches.length + images.length === 0)
    return [{ name: "", matches: ({ method, handling }) => method === "bundle" && handling.site === site }];
  return [...watches.map(watchMatcher), ...images.map(imageMatcher)];
}

function watchMatcher(name: string): Matcher {
  const [, group] = /^([a-z0-9-]+)\/\*$/.exec(name) ?? [];
  if (group !== undefined) return { name, matches: ({ watch }) => watch.group === group };
  const wanted = formatWatchId(parseWatchPath(name));
  return { name, matches: ({ watch }) => formatWatchId(watch) === wanted };
}

function imageMatcher(name: string): Matcher {
  // A host of our own in front makes the first part a path, as targets are named.
  const { path, tag, digest } = parseReference(`registry.invalid/${name}`);
  if (tag === undefined && digest === undefined)
    throw new Failure(
      "invalid",
      `"${printable(name)}" names no tag: expected repository:tag, as at the target`,
    );
  return {
    name,
    matches: ({ target, digest: held }) =>
      target.path === path && (tag === undefined || target.tag === tag) && (digest ?? held) === held,
  };
}
