import type { Proposal, ProposalItem } from "../../documents/proposal.ts";
import { watchKey } from "../../documents/watch-id.ts";
import type { Digest } from "../../model/digest.ts";
import { Failure } from "../../model/failure.ts";
import { formatReference, formatRepository } from "../../model/reference.ts";
import type { Registry } from "../../registry/registry.ts";
import { markRemoved, type RemovePorts } from "./mark-removed.ts";
import { readBelow, readNewTags, type Snapshot } from "./read-repository.ts";
import { type Claims, judge, rootsOf } from "./removal-claims.ts";
import { type Candidate, decideRemovals } from "./removal-graph.ts";
import { type Superseded, supersededBy } from "./removal-rules.ts";

/** What a step knows of the repository that it works on; what it removes is taken out of the snapshot. */
export interface Workplace {
  readonly proposal: Proposal;
  readonly registry: Registry;
  /** The repository at the target. */
  readonly path: string;
  readonly snapshot: Snapshot;
  readonly claims: Claims;
}

/**
 * Removes the reviewed items of one digest, as far as they still are what was reviewed: judged anew by every rule, the tag asked
 * for at this moment, and nothing deleted that was not in the proposal. Each step may be repeated. Returns the items with what
 * became of them.
 */
export async function removeGroup(
  items: readonly ProposalItem[],
  place: Workplace,
  ports: RemovePorts,
  signal: AbortSignal,
): Promise<readonly ProposalItem[]> {
  // The step may be at it for minutes, and others push meanwhile.
  await readNewTags(place.registry, place.path, { snapshot: place.snapshot, signal });
  const judged: Judged[] = [];
  for (const item of items) judged.push({ item, ...(await stillSo(item, place, ports, signal)) });
  const chosen = judged.filter(({ why }) => why === undefined).map(({ item }) => item);
  const skipped = judged.flatMap(({ item, why }) => (why === undefined ? [] : [skip(item, why)]));
  const decided = await decide(chosen, place, signal);
  if (decided.kind === "keep") return save([...skipped, ...chosen.map((item) => skip(item, decided.why))]);
  if (chosen.length === 0) return save(skipped);

  await ports.proposals.putItems(
    place.proposal.id,
    chosen.map((item) => ({ ...item, outcome: "removing" })),
    signal,
  );
  for (const { target, digest } of chosen) {
    const subject = formatReference({ ...target, digest });
    const { appliedBy: actor = "nobody", id } = place.proposal;
    const at = ports.now();
    await ports.audit.record({ actor, action: "remove", subject, at, reason: `proposal ${id}` }, signal);
  }
  const why = await deleteAll(decided, place, signal);
  await markRemoved(chosen, place, ports, signal);
  const ended = chosen.map((item): ProposalItem => ({ ...item, outcome: "removed", ...(why && { why }) }));
  return save([...skipped, ...ended]);

  async function save(ended: readonly ProposalItem[]): Promise<readonly ProposalItem[]> {
    await ports.proposals.putItems(place.proposal.id, ended, signal);
    return ended;
  }
}

interface Judged {
  readonly item: ProposalItem;
  readonly why?: string;
}

function skip(item: ProposalItem, why: string): ProposalItem {
  return { ...item, outcome: "skipped", why };
}

async function stillSo(
  item: ProposalItem,
  { registry, snapshot, claims }: Workplace,
  ports: RemovePorts,
  signal: AbortSignal,
): Promise<Pick<Judged, "why">> {
  // What is missing after we began is our own doing.
  const begun = item.outcome === "removing";
  const { host, path, tag } = item.target;
  const found = await registry.headManifest(path, tag ?? item.digest, signal);
  if (found === undefined && begun) return {};
  if (found?.digest !== item.digest)
    return { why: found === undefined ? "it is gone already" : `it has another digest now, ${found.digest}` };
  const now = supersededNow(item, snapshot, claims);
  if (now === undefined) return { why: "its watch follows it again, or does not say so any more" };
  const locks = await ports.locks.ofRepository({ host, path }, signal);
  const keep = await judge(now, { claims, locks, retained: [] }, ports, signal);
  return keep === undefined ? {} : { why: keep.reason };
}

function supersededNow(item: ProposalItem, { tags }: Snapshot, claims: Claims): Superseded | undefined {
  const known = claims.followed.get(watchKey(item.watch));
  if (known === undefined) return undefined;
  const own = (claims.byRepository.get(formatRepository(item.target)) ?? []).filter(
    (record) => watchKey(record.watch) === watchKey(item.watch),
  );
  return supersededBy(own, { tags, known }).superseded.find(
    (each) => each.tag === item.target.tag && each.digest === item.digest,
  );
}

type Decided =
  | { readonly kind: "remove"; readonly tags: ReadonlySet<string>; readonly manifests: readonly Digest[] }
  | { readonly kind: "keep"; readonly why: string };

async function decide(
  chosen: readonly ProposalItem[],
  { registry, snapshot, claims }: Workplace,
  signal: AbortSignal,
): Promise<Decided> {
  const [first] = chosen;
  if (first === undefined) return { kind: "remove", tags: new Set(), manifests: [] };
  const reviewed = new Set(chosen.flatMap(({ manifests }) => manifests));
  const tagged = chosen.map(
    ({ target: { tag }, digest }): Candidate => ({ digest, ...(tag !== undefined && { tag }) }),
  );
  // After a crash the manifest that named the others may be gone already.
  const left = [...reviewed]
    .filter((digest) => digest !== first.digest)
    .map((digest): Candidate => ({ digest }));
  const begun = chosen.some(({ outcome }) => outcome === "removing");
  const candidates = begun ? [...tagged, ...left] : tagged;
  const { path } = first.target;
  const now = await readBelow(registry, path, { snapshot, candidates }, signal);
  const fates = decideRemovals(
    now,
    candidates,
    rootsOf(claims.byRepository.get(formatRepository(first.target)) ?? []),
  );
  const kept = fates.slice(0, tagged.length).find((fate) => fate.kind === "keep");
  if (kept?.kind === "keep") return { kind: "keep", why: `${kept.by} has it or names it, and stays` };
  const removals = fates.flatMap((fate) => (fate.kind === "remove" ? [fate] : []));
  const manifests = [...new Set(removals.flatMap((fate) => fate.manifests))];
  const unseen = manifests.find((digest) => !reviewed.has(digest));
  if (unseen !== undefined)
    return { kind: "keep", why: `${unseen} was added to it since it was proposed: propose it again` };
  return { kind: "remove", tags: new Set(removals.flatMap((fate) => fate.tags)), manifests };
}

/** Tags first, so that nobody pulls half an image. Returns what could not be deleted, if the tags are gone. */
async function deleteAll(
  { tags, manifests }: Extract<Decided, { kind: "remove" }>,
  { registry, snapshot, path }: Workplace,
  signal: AbortSignal,
): Promise<string | undefined> {
  let untagged = 0;
  for (const tag of tags) {
    if ((await registry.deleteTag(path, tag, signal)) === "by-digest") continue;
    snapshot.tags.delete(tag);
    untagged += 1;
  }
  try {
    for (const digest of manifests) {
      await registry.deleteManifest(path, digest, signal);
      snapshot.read.delete(digest);
      for (const [tag, held] of snapshot.tags) if (held === digest) snapshot.tags.delete(tag);
    }
  } catch (error) {
    if (!(error instanceof Failure) || error.transient || untagged === 0) throw error;
    return `its tag is gone, but not all of its manifests could be deleted: ${error.message}`;
  }
  return undefined;
}
