import { createHash } from "node:crypto";
import type { Clock } from "../../model/clock.ts";
import type { Ledger } from "../../stores/ledger.ts";
import type { Queues } from "../../stores/queues.ts";
import type { Ticks } from "../../stores/ticks.ts";
import type { WatchRow } from "../../stores/watches.ts";

export interface RejectedPorts {
  readonly ledger: Ledger;
  readonly ticks: Ticks;
  readonly queues: Queues;
  /** Names of all configured channels. */
  readonly channels: readonly string[];
  readonly now: Clock;
}

/** The outbox partition for events that belong to no readable watch. */
export const systemPartition = "system~events";

/** Tells people once of each row that cannot be read, again when its reason changes, and forgets those that were mended. */
export async function announceRejected(
  rows: readonly WatchRow[],
  ports: RejectedPorts,
  signal: AbortSignal,
): Promise<void> {
  const known = await ports.ticks.rejected(signal);
  const rejected = rows.filter((row) => row.kind === "rejected");
  const present = new Set<string>();
  for (const { group, name, reason } of rejected) {
    const key = createHash("sha256").update(`${group}\n${name}`).digest("hex");
    present.add(key);
    if (known.get(key) === reason) continue;
    const event = {
      key: createHash("sha256").update(`${key} ${reason}`).digest("hex"),
      kind: "watch-rejected",
      at: ports.now().toISOString(),
      watch: `${group}/${name}`,
      reason,
    } as const;
    await ports.ledger.announce(systemPartition, { event, channels: ports.channels }, signal);
    await ports.queues.notify({ kind: "relay", partition: systemPartition }, { signal });
    await ports.ticks.setRejected(key, reason, signal);
  }
  for (const key of known.keys()) if (!present.has(key)) await ports.ticks.clearRejected(key, signal);
}
