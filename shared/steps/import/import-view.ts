import {
  formatImportId,
  type ImportRecord,
  isOpen,
  siteOf,
  sourceNameOf,
  targetNameOf,
} from "../../documents/import-record.ts";
import { formatWatchId, manualWatch } from "../../documents/watch-id.ts";
import type { DecisionKind } from "../../gates/decision.ts";
import { formatReference } from "../../model/reference.ts";
import { transferText } from "./transfer-text.ts";

/** An import as the HTTP API and the command line show it. Times are ISO 8601, UTC. */
export interface ImportView {
  readonly importId: string;
  /** `group/name`, or `manual`. */
  readonly watch: string;
  readonly state: ImportRecord["state"];
  readonly source: string;
  readonly digest: string;
  readonly target: string;
  /** The disconnected site that it goes to, where `target` is only its name there. */
  readonly site?: string;
  readonly method: string;
  readonly platforms: readonly string[];
  readonly requestedBy: string;
  readonly seenAt: string;
  readonly attempts: number;
  readonly endedAt?: string;
  readonly deadline?: string;
  readonly reason?: string;
  /** What the gates said when they were last asked, in order; the last one is what stopped it, if it was stopped. */
  readonly gates?: readonly GateView[];
  /** While it waits at a gate: when it is looked at again by itself. */
  readonly dueAt?: string;
  readonly decisions?: readonly DecisionView[];
  readonly previousDigest?: string;
  readonly link?: string;
  /** Who keeps the tag from being changed. */
  readonly locked?: "registry" | "ledger";
  /** Where the target keeps what the tag had before. */
  readonly keptAs?: readonly string[];
  /** For a referrer: the digest of the image that it came with. */
  readonly subject?: string;
  /** For one image, asked for by its id: what was found that refers to it, and where that stands. */
  readonly referrers?: readonly ReferrerView[];
  /** What does the work, where `method` chose it, and why. */
  readonly via?: string;
  readonly why?: string;
  readonly bytes?: { readonly moved: number; readonly of?: number; readonly perSecond?: number };
  /** How far it is, in words: `1.2 GB of 3.0 GB, 25 MB/s, about 70 s left`. */
  readonly transfer?: string;
}

export interface GateView {
  readonly gate: string;
  readonly verdict: "passed" | "waiting" | "denied";
  readonly reason: string;
  readonly at: string;
}

export interface DecisionView {
  readonly decision: DecisionKind;
  readonly by: string;
  readonly at: string;
  readonly reason?: string;
}

/** A signature, an attestation, an SBOM or the like of an image. */
export interface ReferrerView {
  readonly importId: string;
  readonly state: ImportRecord["state"];
  readonly digest: string;
  readonly target: string;
  readonly reason?: string;
}

export function describeReferrer(record: ImportRecord): ReferrerView {
  const { state, digest, reason } = record;
  return {
    importId: formatImportId(record),
    state,
    digest,
    target: targetNameOf(record),
    ...(reason !== undefined && { reason }),
  };
}

export function describeImport(record: ImportRecord): ImportView {
  const transfer = transferText(record.bytes, isOpen(record) ? "going on" : "ended");
  const { watch, target, endedAt, deadline, reason, previousDigest, link } = record;
  const site = siteOf(record);
  return {
    importId: formatImportId(record),
    watch: watch.group === manualWatch.group ? manualWatch.group : formatWatchId(watch),
    state: record.state,
    source: sourceNameOf(record),
    digest: record.digest,
    target: targetNameOf(record),
    ...(site !== undefined && { site }),
    method: record.method,
    platforms: record.platforms,
    requestedBy: record.requestedBy,
    seenAt: record.seenAt.toISOString(),
    attempts: record.attempts,
    ...(endedAt && { endedAt: endedAt.toISOString() }),
    ...(deadline && { deadline: deadline.toISOString() }),
    ...(reason !== undefined && { reason }),
    ...(record.gates.length > 0 && {
      gates: record.gates.map(({ gate, verdict, reason: why, at }) => {
        return { gate, verdict, reason: why, at: at.toISOString() };
      }),
    }),
    ...(record.dueAt && { dueAt: record.dueAt.toISOString() }),
    ...(record.decisions.length > 0 && {
      decisions: record.decisions.map(({ kind, at, ...rest }) => {
        return { decision: kind, at: at.toISOString(), ...rest };
      }),
    }),
    ...(previousDigest !== undefined && { previousDigest }),
    ...(link !== undefined && { link }),
    ...(record.locked && { locked: record.locked }),
    ...(record.keptAs && {
      keptAs: record.keptAs.map(({ tag: kept, digest }) =>
        formatReference({ host: target.host, path: target.path, tag: kept, digest }),
      ),
    }),
    ...(record.subject !== undefined && { subject: record.subject }),
    ...(record.via !== undefined && { via: record.via }),
    ...(record.why !== undefined && { why: record.why }),
    ...(record.bytes && { bytes: record.bytes }),
    ...(transfer !== undefined && { transfer }),
  };
}
