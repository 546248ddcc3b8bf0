import { createHash } from "node:crypto";
import type { Table } from "../azure/tables.ts";

/** What an `Idempotency-Key` stood for the first time that it was used. */
export interface KnownRequest {
  /** SHA-256 (hex) of the request's body. */
  readonly fingerprint: string;
  readonly importId: string;
}

/** Table `requests`: remembers idempotency keys, hashed, since callers choose them. */
export interface Requests {
  get(key: string, signal: AbortSignal): Promise<KnownRequest | undefined>;
  add(key: string, request: KnownRequest, signal: AbortSignal): Promise<"inserted" | "exists">;
  /** Forgets keys older than `before`. */
  prune(before: Date, signal: AbortSignal): Promise<void>;
}

export function createRequests(table: Table): Requests {
  const keyOf = (key: string) => {
    const row = createHash("sha256").update(key).digest("hex");
    return { partition: row.slice(0, 2), row };
  };
  return {
    get: async (key, signal) => {
      const values = (await table.get(keyOf(key), signal))?.values;
      return values && { fingerprint: String(values.fingerprint), importId: String(values.importId) };
    },
    add: (key, { fingerprint, importId }, signal) =>
      table.insert(keyOf(key), { fingerprint, importId }, signal),
    prune: async (before, signal) => {
      for await (const row of table.scan(`Timestamp lt datetime'${before.toISOString()}'`, signal)) {
        await table.remove(row, signal);
      }
    },
  };
}
