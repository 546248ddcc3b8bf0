import { randomUUID } from "node:crypto";
import type { RetentionMessage } from "../../documents/messages.ts";
import { type Proposal, type ProposalItem, parseProposalId } from "../../documents/proposal.ts";
import { Failure, toFailure } from "../../model/failure.ts";
import { formatRepository } from "../../model/reference.ts";
import type { ProposalEntry } from "../../stores/proposals.ts";
import type { RemovePorts } from "./mark-removed.ts";
import { readTags } from "./read-repository.ts";
import { readClaims } from "./removal-claims.ts";
import { removeGroup } from "./remove-group.ts";

export interface ApplyPorts extends RemovePorts {
  /** How long a worker may hold a proposal, in milliseconds; a step begins nothing more after a part of it. */
  readonly leaseMs: number;
}

export interface ApplyResult {
  /** Another worker is at it, or there is nothing to do. */
  readonly kind: "stale" | "leased" | "going-on" | "applied";
  /** Items that this step has settled. */
  readonly settled: number;
}

const freshForMs = 7 * 24 * 3_600_000;

/** Allows what was reviewed to be removed, and sends it on its way. A proposal that is being applied is sent again. */
export async function applyProposal(
  id: string,
  actor: string,
  ports: ApplyPorts,
  signal: AbortSignal,
): Promise<Proposal> {
  const entry = await requireProposal(id, ports, signal);
  const { proposal } = entry;
  const at = ports.now();
  if (proposal.state === "applied")
    throw new Failure(
      "conflict",
      `The proposal ${id} has been applied already, at ${proposal.endedAt?.toISOString()} for ${proposal.appliedBy}`,
    );
  if (proposal.state === "proposed" && at.getTime() - proposal.at.getTime() > freshForMs)
    throw new Failure(
      "conflict",
      `The proposal ${id} is of ${proposal.at.toISOString()}, more than 7 days old: propose again, and review that`,
    );
  await ports.audit.record({ actor, action: "retention-apply", subject: id, at }, signal);
  const applying: Proposal =
    proposal.state === "applying"
      ? proposal
      : { ...proposal, state: "applying", appliedBy: actor, appliedAt: at };
  if (proposal.state === "proposed") await ports.proposals.update(entry, applying, { signal });
  await ports.queues.retention({ proposal: id }, { signal });
  return applying;
}

/** One step of a proposal's removals: digest after digest, until the time is up; then the next message goes on. */
export async function applyRemoval(
  { proposal: id }: RetentionMessage,
  ports: ApplyPorts,
  signal: AbortSignal,
): Promise<ApplyResult> {
  const entry = await ports.proposals.get(id, signal);
  if (entry === undefined || entry.proposal.state !== "applying") return { kind: "stale", settled: 0 };
  const etag = entry.lease === "held" ? undefined : await lease(entry, ports, signal);
  if (etag === undefined) {
    await ports.queues.retention({ proposal: id }, { signal, delayMs: ports.leaseMs });
    return { kind: "leased", settled: 0 };
  }
  const { left, settled } = await work(entry.proposal, ports, signal);
  if (left > 0) {
    await ports.proposals.update({ etag }, entry.proposal, { signal });
    await ports.queues.retention({ proposal: id }, { signal });
    return { kind: "going-on", settled };
  }
  const applied: Proposal = { ...entry.proposal, state: "applied", endedAt: ports.now() };
  await ports.proposals.update({ etag }, applied, { signal });
  return { kind: "applied", settled };
}

async function lease(
  { etag, proposal }: ProposalEntry,
  { proposals }: ApplyPorts,
  signal: AbortSignal,
): Promise<string | undefined> {
  try {
    return await proposals.update({ etag }, proposal, { signal, worker: randomUUID() });
  } catch (error) {
    if (error instanceof Failure && error.code === "conflict") return undefined;
    throw error;
  }
}

/** At least one digest a step, so that every message gets on. */
async function work(
  proposal: Proposal,
  ports: ApplyPorts,
  signal: AbortSignal,
): Promise<{ readonly left: number; readonly settled: number }> {
  const until = ports.now().getTime() + ports.leaseMs * 0.4;
  const open = (await ports.proposals.items(proposal.id, signal)).filter(
    ({ outcome }) => outcome === undefined || outcome === "removing",
  );
  const repositories = Map.groupBy(open, ({ target }) => formatRepository(target));
  if (repositories.size === 0) return { left: 0, settled: 0 };
  const claims = await readClaims(ports, signal);
  let settled = 0;
  for (const items of repositories.values()) {
    const [first] = items;
    if (first === undefined) continue;
    if (settled > 0 && ports.now().getTime() >= until) break;
    const { host, path } = first.target;
    const registry = ports.openTarget(host);
    const snapshot = await readTags(registry, path, signal);
    for (const group of Map.groupBy(items, ({ digest }) => digest).values()) {
      if (settled > 0 && ports.now().getTime() >= until) break;
      const place = { proposal, registry, path, snapshot, claims };
      const ended = await settle(group, () => removeGroup(group, place, ports, signal), {
        proposal,
        ports,
        signal,
      });
      settled += group.length;
      if (ended === "hopeless") return { left: open.length - settled, settled };
    }
  }
  return { left: open.length - settled, settled };
}

// Whatever else is asked of this registry will fail in the same way.
const hopeless: ReadonlySet<string> = new Set(["unsupported", "unauthorized", "forbidden"]);

/** What cannot be removed fails with its reason; what may be possible later goes to the queue's retries. */
async function settle(
  group: readonly ProposalItem[],
  remove: () => Promise<unknown>,
  { proposal, ports, signal }: { proposal: Proposal; ports: ApplyPorts; signal: AbortSignal },
): Promise<"settled" | "hopeless"> {
  try {
    await remove();
    return "settled";
  } catch (error) {
    const failure = toFailure(error, `removing ${group[0]?.digest}`);
    if (failure.transient || failure.code === "internal") throw failure;
    const failed = group.map((item): ProposalItem => ({ ...item, outcome: "failed", why: failure.message }));
    await ports.proposals.putItems(proposal.id, failed, signal);
    if (!hopeless.has(failure.code)) return "settled";
    const rest = (await ports.proposals.items(proposal.id, signal)).filter(
      ({ outcome }) => outcome === undefined,
    );
    const why = `not tried, since another one failed: ${failure.message}`;
    await ports.proposals.putItems(
      proposal.id,
      rest.map((item) => ({ ...item, outcome: "failed", why })),
      signal,
    );
    return "hopeless";
  }
}

/** Throws `not-found`. */
export async function requireProposal(
  id: string,
  { proposals }: Pick<ApplyPorts, "proposals">,
  signal: AbortSignal,
): Promise<ProposalEntry> {
  const entry = await proposals.get(parseProposalId(id), signal);
  if (entry !== undefined) return entry;
  throw new Failure("not-found", `There is no proposal ${id}: list them by wharfgate retention list`);
}
