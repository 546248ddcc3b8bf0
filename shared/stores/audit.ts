import { randomUUID } from "node:crypto";
import type { Table } from "../azure/tables.ts";
import type { DecisionKind } from "../gates/decision.ts";

/** Who did what by HTTP or command line; written before it is done. */
export interface AuditEntry {
  readonly actor: string;
  readonly action: AuditAction;
  /** What it was done to: a reference, a watch, digests of images. */
  readonly subject: string;
  readonly at: Date;
  /** In the actor's own words. */
  readonly reason?: string;
}

export type AuditAction =
  | "import"
  | "poll"
  | "sweep" // the target is looked at now
  | "watch-add"
  | "watch-remove"
  | "bundle-export" // written for a site
  | "bundle-acknowledge" // a site's receipt is taken in
  | "site-add" // a key is trusted
  | DecisionKind
  | "scan-add" // a scan report is taken in
  | "attest" // an attestation is attached to an image at the target
  | "unlock" // a locked tag at the target
  | "repair" // an imported tag that was changed at the target
  | "retention-propose"
  | "retention-apply"
  | "remove"; // by retention

/** Table `audit`: partition = day (UTC), row = time and a random part. */
export interface Audit {
  record(entry: AuditEntry, signal: AbortSignal): Promise<void>;
}

export function createAudit(table: Table): Audit {
  return {
    record: async ({ actor, action, subject, at, reason }, signal) => {
      const time = at.toISOString();
      await table.insert(
        { partition: time.slice(0, 10), row: `${time}~${randomUUID()}` },
        { actor, action, subject, ...(reason !== undefined && { reason }) },
        signal,
      );
    },
  };
}
