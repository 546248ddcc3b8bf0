import { formatImportId } from "../../documents/import-record.ts";
import {
  type KeptItem,
  type Proposal,
  type ProposalItem,
  parseProposalRequest,
} from "../../documents/proposal.ts";
import { formatReference } from "../../model/reference.ts";
import { type ApplyPorts, applyProposal, requireProposal } from "./apply-removal.ts";
import { proposeRemoval } from "./propose-removal.ts";

/** A proposal as the HTTP API and the command line show it. Times are ISO 8601, UTC. */
export interface ProposalView {
  readonly id: string;
  readonly at: string;
  readonly by: string;
  readonly scope: string;
  readonly state: Proposal["state"];
  /** How many items it has, and at most so many bytes. */
  readonly items: number;
  readonly bytes: number;
  /** Imports that the watches follow, which are no matter of it. */
  readonly followed: number;
  readonly notes: readonly string[];
  readonly appliedBy?: string;
  readonly appliedAt?: string;
  readonly endedAt?: string;
}

export interface WholeProposalView extends ProposalView {
  readonly removals: readonly RemovalView[];
  /** Superseded, and why they stay. */
  readonly kept: readonly KeptItem[];
}

export interface RemovalView {
  readonly target: string;
  readonly digest: string;
  readonly importId: string;
  readonly kind: ProposalItem["kind"];
  readonly manifests: number;
  readonly bytes: number;
  readonly reason: string;
  readonly outcome?: ProposalItem["outcome"];
  readonly why?: string;
}

/** What people may ask of retention. */
export interface ProposalCalls {
  propose(body: unknown, actor: string, signal: AbortSignal): Promise<WholeProposalView>;
  /** Newest first. */
  list(signal: AbortSignal): Promise<readonly ProposalView[]>;
  show(id: string, signal: AbortSignal): Promise<WholeProposalView>;
  apply(id: string, actor: string, signal: AbortSignal): Promise<ProposalView>;
}

export function openProposals(ports: ApplyPorts): ProposalCalls {
  const whole = async (proposal: Proposal, signal: AbortSignal): Promise<WholeProposalView> => {
    const [items, kept] = await Promise.all([
      ports.proposals.items(proposal.id, signal),
      ports.proposals.kept(proposal.id, signal),
    ]);
    return { ...describe(proposal), removals: items.map(describeItem), kept };
  };
  return {
    propose: async (body, actor, signal) =>
      whole(await proposeRemoval(parseProposalRequest(body), actor, ports, signal), signal),
    list: async (signal) => (await ports.proposals.all(signal)).map(({ proposal }) => describe(proposal)),
    show: async (id, signal) => whole((await requireProposal(id, ports, signal)).proposal, signal),
    apply: async (id, actor, signal) => describe(await applyProposal(id, actor, ports, signal)),
  };
}

function describe({ at, appliedAt, endedAt, ...proposal }: Proposal): ProposalView {
  return {
    ...proposal,
    at: at.toISOString(),
    ...(appliedAt && { appliedAt: appliedAt.toISOString() }),
    ...(endedAt && { endedAt: endedAt.toISOString() }),
  };
}

function describeItem({ watch, key, target, digest, manifests, ...item }: ProposalItem): RemovalView {
  const { kind, bytes, reason, outcome, why } = item;
  return {
    target: formatReference(target.tag === undefined ? { ...target, digest } : target),
    digest,
    importId: formatImportId({ watch, key }),
    kind,
    manifests: manifests.length,
    bytes,
    reason,
    ...(outcome !== undefined && { outcome }),
    ...(why !== undefined && { why }),
  };
}
