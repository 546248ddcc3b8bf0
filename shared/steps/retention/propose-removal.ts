import type { ImportRecord } from "../../documents/import-record.ts";
import {
  type KeptItem,
  newProposalId,
  type Proposal,
  type ProposalItem,
  type ProposalRequest,
} from "../../documents/proposal.ts";
import type { Watch } from "../../documents/watch.ts";
import { formatWatchId, watchKey } from "../../documents/watch-id.ts";
import { mapConcurrent } from "../../model/concurrency.ts";
import { shortDigest } from "../../model/digest.ts";
import { Failure } from "../../model/failure.ts";
import { formatReference, parseRepository } from "../../model/reference.ts";
import type { Audit } from "../../stores/audit.ts";
import type { Proposals } from "../../stores/proposals.ts";
import { bytesOf, type RepositoryNow, readBelow, readTags } from "./read-repository.ts";
import { type ClaimPorts, type Claims, judge, readClaims, rootsOf } from "./removal-claims.ts";
import { decideRemovals } from "./removal-graph.ts";
import { type Superseded, supersededBy } from "./removal-rules.ts";

export interface ProposePorts extends ClaimPorts {
  readonly proposals: Proposals;
  readonly audit: Audit;
}

const questionsAtOnce = 4;

/** Works out what could be removed at the target, and keeps it for people to review. Nothing is removed. */
export async function proposeRemoval(
  request: ProposalRequest,
  actor: string,
  ports: ProposePorts,
  signal: AbortSignal,
): Promise<Proposal> {
  const claims = await readClaims(ports, signal);
  const watches = [...claims.watches.values()].filter((watch) => isMeant(watch, request));
  if (watches.length === 0 && request.scope?.name !== undefined)
    throw new Failure("not-found", `There is no watch ${scopeOf(request)} that can be read`);
  const asked = watches.filter((watch) => claims.followed.has(watchKey(watch)));
  const at = ports.now();
  const id = newProposalId(at);
  await ports.audit.record({ actor, action: "retention-propose", subject: scopeOf(request), at }, signal);

  const found: Found[] = [];
  for (const [repository, records] of claims.byRepository) {
    const mine = asked.flatMap((watch) => {
      const own = records.filter((record) => watchKey(record.watch) === watchKey(watch));
      return own.length === 0 ? [] : [{ watch, own }];
    });
    if (mine.length > 0) found.push(await inRepository(repository, { mine, claims, request }, ports, signal));
  }

  const items = found.flatMap(({ items }) => items).map((item, number) => ({ ...item, number }));
  const kept = found.flatMap((each) => each.kept);
  const passedOver = claims.notes.filter(
    (note) => request.scope === undefined || note.startsWith(prefixOf(request)),
  );
  const proposal: Proposal = {
    id,
    at,
    by: actor,
    scope: scopeOf(request),
    state: "proposed",
    items: items.length,
    bytes: found.reduce((sum, { bytes }) => sum + bytes, 0),
    notes: [...passedOver, ...found.flatMap(({ notes }) => notes)],
    followed: found.reduce((sum, { followed }) => sum + followed, 0),
  };
  await ports.proposals.add(proposal, { items, kept }, signal);
  return proposal;
}

interface Found {
  readonly items: readonly Omit<ProposalItem, "number">[];
  readonly kept: readonly KeptItem[];
  readonly bytes: number;
  readonly followed: number;
  readonly notes: readonly string[];
}

async function inRepository(
  name: string,
  {
    mine,
    claims,
    request,
  }: { readonly mine: readonly Mine[]; readonly claims: Claims; readonly request: ProposalRequest },
  ports: ProposePorts,
  signal: AbortSignal,
): Promise<Found> {
  const { host, path } = parseRepository(name);
  const registry = ports.openTarget(host);
  try {
    const [seen, locks] = await Promise.all([
      readTags(registry, path, signal),
      ports.locks.ofRepository({ host, path }, signal),
    ]);
    const each = mine.map(({ watch, own }) =>
      supersededBy(own, { tags: seen.tags, known: claims.followed.get(watchKey(watch)) ?? new Map() }),
    );
    const superseded = once(each.flatMap((part) => part.superseded));
    const context = { claims, locks, retained: request.keepAlso };
    const judged = await mapConcurrent(superseded, questionsAtOnce, async (item) => ({
      item,
      keep: await judge(item, context, ports, signal),
    }));
    const candidates = judged.flatMap(({ item, keep }) => (keep === undefined ? [item] : []));
    const now = await readBelow(registry, path, { snapshot: seen, candidates }, signal);
    const roots = rootsOf(claims.byRepository.get(name) ?? []);
    const there = candidates.filter(({ digest }) => now.nodes.has(digest));
    const fates = decideRemovals(now, there, roots);
    const kept = judged.flatMap(({ item, keep }): KeptItem[] =>
      keep === undefined ? [] : [keptItem(item, keep)],
    );
    const items: Omit<ProposalItem, "number">[] = [];
    for (const [index, fate] of fates.entries()) {
      const item = there[index];
      if (item === undefined) continue;
      if (fate.kind === "keep")
        kept.push(keptItem(item, { rule: fate.rule, reason: `${fate.by} has it or names it, and stays` }));
      else items.push(itemOf(item, fate.manifests, now, claims));
    }
    // What names others goes before them.
    items.sort((a, b) => b.manifests.length - a.manifests.length);
    return {
      items,
      kept,
      bytes: bytesOf(now, new Set(items.flatMap(({ manifests }) => manifests))),
      followed: each.reduce((sum, { followed }) => sum + followed, 0),
      notes: [],
    };
  } catch (error) {
    if (!(error instanceof Failure) || error.code === "internal" || error.code === "canceled") throw error;
    const note = `${name}: nothing is proposed, since it cannot be read whole: ${error.message}`;
    return { items: [], kept: [], bytes: 0, followed: 0, notes: [note] };
  }
}

interface Mine {
  readonly watch: Watch;
  readonly own: readonly ImportRecord[];
}

/** Two watches may have brought in the same tag, and two imports have kept the same digest. */
function once(superseded: readonly Superseded[]): readonly Superseded[] {
  const byName = new Map<string, Superseded>();
  for (const item of superseded) {
    const name = item.tag ?? item.digest;
    const known = byName.get(name);
    if (known === undefined || known.since < item.since) byName.set(name, item);
  }
  return [...byName.values()];
}

function keptItem({ record, tag, digest }: Superseded, why: Pick<KeptItem, "rule" | "reason">): KeptItem {
  const { host, path } = record.target;
  return {
    target: formatReference({ host, path, ...(tag === undefined ? { digest } : { tag }) }),
    digest,
    ...why,
  };
}

function itemOf(
  { record, kind, tag, digest }: Superseded,
  manifests: ProposalItem["manifests"],
  now: RepositoryNow,
  claims: Claims,
): Omit<ProposalItem, "number"> {
  const { host, path } = record.target;
  const watch = formatWatchId(record.watch);
  // A dated tag stands with the import that moved the tag; the digest came in by an earlier one.
  const own = (claims.byRepository.get(`${host}/${path}`) ?? []).find(
    (other) =>
      other.digest === digest && other.state === "done" && watchKey(other.watch) === watchKey(record.watch),
  );
  return {
    watch: record.watch,
    key: (own ?? record).key,
    kind,
    target: { host, path, ...(tag !== undefined && { tag }) },
    digest,
    manifests,
    bytes: bytesOf(now, manifests),
    reason: {
      tag: `${watch} does not follow ${record.tag} any more`,
      dated: `${watch} kept it when ${record.target.tag} moved to ${shortDigest(record.digest)}`,
      digest: `${watch} brought it in as ${record.tag}, which has moved on`,
    }[kind],
  };
}

function isMeant(watch: Watch, { scope }: ProposalRequest): boolean {
  if (scope === undefined) return true;
  return watch.group === scope.group && (scope.name === undefined || watch.name === scope.name);
}

function scopeOf({ scope }: ProposalRequest): string {
  return scope === undefined ? "all watches" : `${scope.group}/${scope.name ?? "*"}`;
}

function prefixOf({ scope }: ProposalRequest): string {
  return scope?.name === undefined ? `${scope?.group}/` : `${scope.group}/${scope.name} `;
}
