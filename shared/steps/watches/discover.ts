import { createHash } from "node:crypto";
import type { Values } from "../../azure/tables.ts";
import type { DiscoverRequest } from "../../documents/discover-request.ts";
import { parseWatch, type Watch } from "../../documents/watch.ts";
import { formatWatchId, type WatchId } from "../../documents/watch-id.ts";
import type { Clock } from "../../model/clock.ts";
import { Failure } from "../../model/failure.ts";
import { isRepositoryPath } from "../../model/reference.ts";
import { knownRegistry } from "../../registry/hosts.ts";
import type { Registries } from "../../registry/registry.ts";
import type { Audit } from "../../stores/audit.ts";
import type { Watches } from "../../stores/watches.ts";
import { checkNames, type NamePorts } from "./check-names.ts";

export interface DiscoverPorts extends NamePorts {
  readonly registries: Registries;
  readonly watches: Watches;
  readonly audit: Audit;
  readonly now: Clock;
}

/**
 * `new`: no watch follows it. `followed`: one does. `not-included`, `excluded`: the patterns leave it out.
 * `improper`: its name is none that can be followed.
 */
export type Verdict = "new" | "followed" | "not-included" | "excluded" | "improper";

export interface Discovered {
  readonly repository: string;
  readonly verdict: Verdict;
  /** The watch that follows it, or that would, or that was added. */
  readonly watch?: string;
}

export interface Discovery {
  readonly host: string;
  /** Repositories that the registry listed under the path. */
  readonly listed: number;
  readonly repositories: readonly Discovered[];
  readonly added: number;
  readonly notes: readonly string[];
}

export interface BoundedDiscovery extends Discovery {
  /** How many repositories have each verdict. */
  readonly counts: Readonly<Partial<Record<Verdict, number>>>;
}

/** What an app may add in one call: more is a pattern that was forgotten. */
const mostAdded = 500;
/** What one answer by HTTP tells. */
const mostTold = 1000;

/** Lists a registry's repositories, tells which are new, and adds a watch for each of these when asked to. */
export async function discover(
  request: DiscoverRequest,
  {
    actor,
    ports,
    signal,
  }: { readonly actor: string; readonly ports: DiscoverPorts; readonly signal: AbortSignal },
): Promise<Discovery> {
  const { host, prefix, group, credential } = request;
  const doubtful =
    request.add === "yes"
      ? await checkNames(rowFor({ group, name: "name" }, `${host}/name`, request).watch, ports, signal)
      : [];

  const listed = await ports.registries.open(host, credential).listRepositories(signal);
  const within = [...new Set(listed)].filter((name) => name.startsWith(prefix)).sort();
  const { followedBy, taken } = await present(ports.watches, signal);
  const repositories = within.map((name): Discovered => {
    if (!isRepositoryPath(name)) return { repository: name.slice(0, 255), verdict: "improper" };
    const verdict = fateOf(name, request);
    if (verdict !== "new") return { repository: name, verdict };
    const follower = followedBy.get(`${host}/${name}`);
    if (follower !== undefined) return { repository: name, verdict: "followed", watch: follower };
    const id = freeId(group, name, taken);
    taken.add(formatWatchId(id));
    return { repository: name, verdict: "new", watch: formatWatchId(id) };
  });
  const fresh = repositories.filter(({ verdict }) => verdict === "new");
  if (request.add === "yes") await addAll(fresh);
  return {
    host,
    listed: within.length,
    repositories,
    added: request.add === "yes" ? fresh.length : 0,
    notes: [...doubtful, ...notesOn(host, listed.length)],
  };

  async function addAll(wanted: readonly Discovered[]): Promise<void> {
    if (wanted.length > mostAdded) {
      throw new Failure(
        "too-large",
        `${wanted.length} repositories are new, and at most ${mostAdded} watches are added at once: narrow it by a path or Include`,
      );
    }
    for (const { repository, watch = "" } of wanted) {
      const [, name = ""] = watch.split("/");
      const { row } = rowFor({ group, name }, `${host}/${repository}`, request);
      await ports.audit.record({ actor, action: "watch-add", subject: watch, at: ports.now() }, signal);
      // One that somebody has added meanwhile stays as it is.
      await ports.watches.put({ group, name }, row, { signal, existing: "keep" });
    }
  }
}

/** Its counts, and the first of its repositories, the new ones before all others. */
export function boundDiscovery({ repositories, ...rest }: Discovery): BoundedDiscovery {
  const counts: Partial<Record<Verdict, number>> = {};
  for (const { verdict } of repositories) counts[verdict] = (counts[verdict] ?? 0) + 1;
  const sorted = repositories.toSorted((a, b) => Number(b.verdict === "new") - Number(a.verdict === "new"));
  return { ...rest, counts, repositories: sorted.slice(0, mostTold) };
}

function fateOf(
  repository: string,
  { include, exclude }: DiscoverRequest,
): "new" | "not-included" | "excluded" {
  if (include?.test(repository) === false) return "not-included";
  return exclude?.test(repository) === true ? "excluded" : "new";
}

/** Throws `invalid` when the columns make no row that can be followed. */
function rowFor(
  { group, name }: WatchId,
  source: string,
  { columns }: DiscoverRequest,
): { readonly row: Values; readonly watch: Watch } {
  const row = { ManagedBy: "discover", ...columns, Source: source };
  return { row, watch: parseWatch(group, name, row) };
}

async function present(watches: Watches, signal: AbortSignal) {
  const followedBy = new Map<string, string>();
  const taken = new Set<string>();
  for (const row of await watches.all(signal)) {
    const id = formatWatchId(row.kind === "watch" ? row.watch : row);
    taken.add(id);
    // Also of rows that are set aside or disabled: somebody has decided on these.
    const { Source } = row.columns;
    if (typeof Source === "string") followedBy.set(Source.trim(), id);
    if (row.kind === "watch") followedBy.set(`${row.watch.source.host}/${row.watch.source.path}`, id);
  }
  return { followedBy, taken };
}

/** The repository's name as a row's; with a part of its hash where that is too long or another's already. */
function freeId(group: string, repository: string, taken: ReadonlySet<string>): WatchId {
  const slug = repository.replaceAll(/[^a-z0-9]+/g, "-");
  const plain = { group, name: slug };
  if (slug.length <= 63 && !taken.has(formatWatchId(plain))) return plain;
  const hash = createHash("sha256").update(repository).digest("hex").slice(0, 10);
  return { group, name: `${slug.slice(0, 52).replace(/-$/, "")}-${hash}` };
}

function notesOn(host: string, listed: number): readonly string[] {
  const catalogue = knownRegistry(host)?.catalogue;
  const notes = [];
  if (catalogue?.is === "partial") {
    notes.push(`This registry lists only what the credential may see, if anything: ${catalogue.see}`);
  }
  if (listed === 0) notes.push("It listed no repository at all: does the credential see any?");
  return notes;
}
