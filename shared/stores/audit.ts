import { randomUUID } from "node:crypto";
import type { Table } from "../azure/tables.ts";

/** Who did what by HTTP or command line; written before it is done. */
export interface AuditEntry {
  readonly actor: string;
  readonly action: "import" | "poll" | "watch-add" | "watch-remove" | "scan-add";
  /** What it was done to: a reference, a watch, digests of images. */
  readonly subject: string;
  readonly at: Date;
}

/** Table `audit`: partition = day (UTC), row = time and a random part. */
export interface Audit {
  record(entry: AuditEntry, signal: AbortSignal): Promise<void>;
}

export function createAudit(table: Table): Audit {
  return {
    record: async ({ actor, action, subject, at }, signal) => {
      const time = at.toISOString();
      await table.insert(
        { partition: time.slice(0, 10), row: `${time}~${randomUUID()}` },
        { actor, action, subject },
        signal,
      );
    },
  };
}
