import { formatImportId, type ImportRecord } from "../documents/import-record.ts";
import { formatWatchId, manualWatch } from "../documents/watch-id.ts";
import { formatReference } from "../model/reference.ts";

/** An import as the HTTP API and the command line show it. Times are ISO 8601, UTC. */
export interface ImportView {
  readonly importId: string;
  /** `group/name`, or `manual`. */
  readonly watch: string;
  readonly state: ImportRecord["state"];
  readonly source: string;
  readonly digest: string;
  readonly target: string;
  readonly method: string;
  readonly platforms: readonly string[];
  readonly requestedBy: string;
  readonly seenAt: string;
  readonly attempts: number;
  readonly endedAt?: string;
  readonly deadline?: string;
  readonly reason?: string;
  readonly previousDigest?: string;
  readonly link?: string;
  /** Who keeps the tag from being changed. */
  readonly locked?: "registry" | "ledger";
  /** Where the target keeps what the tag had before. */
  readonly keptAs?: readonly string[];
  /** What does the work, where `method` chose it, and why. */
  readonly via?: string;
  readonly why?: string;
}

export function describeImport(record: ImportRecord): ImportView {
  const { watch, source, target, endedAt, deadline, reason, previousDigest, link } = record;
  return {
    importId: formatImportId(record),
    watch: watch.group === manualWatch.group ? manualWatch.group : formatWatchId(watch),
    state: record.state,
    source: formatReference({ ...source, tag: record.tag }),
    digest: record.digest,
    target: formatReference(target),
    method: record.method,
    platforms: record.platforms,
    requestedBy: record.requestedBy,
    seenAt: record.seenAt.toISOString(),
    attempts: record.attempts,
    ...(endedAt && { endedAt: endedAt.toISOString() }),
    ...(deadline && { deadline: deadline.toISOString() }),
    ...(reason !== undefined && { reason }),
    ...(previousDigest !== undefined && { previousDigest }),
    ...(link !== undefined && { link }),
    ...(record.locked && { locked: record.locked }),
    ...(record.keptAs && {
      keptAs: record.keptAs.map(({ tag: kept, digest }) =>
        formatReference({ host: target.host, path: target.path, tag: kept, digest }),
      ),
    }),
    ...(record.via !== undefined && { via: record.via }),
    ...(record.why !== undefined && { why: record.why }),
  };
}
