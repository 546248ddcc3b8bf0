import { createHash } from "node:crypto";
import { type WatchId, watchKey } from "../../documents/watch-id.ts";
import type { Watches } from "../../stores/watches.ts";
import { type LookPorts, lookAtTarget } from "./look-at-target.ts";

export interface DriftPorts extends LookPorts {
  readonly watches: Watches;
}

const slotMs = 5 * 60_000;
const slotsPerDay = 288;

/**
 * Looks at the target for the imported tags of those watches whose turn it is: each watch once a day. A tag that is gone
 * or has another digest is reported, once a day while it lasts, and mended if the watch says so. Each day one of the watch's
 * indexes is asked for all that it names, in turns.
 */
export async function checkDrift(ports: DriftPorts, signal: AbortSignal): Promise<number> {
  const days = Math.floor(ports.now().getTime() / slotMs / slotsPerDay);
  let drifted = 0;
  for (const row of await ports.watches.all(signal)) {
    if (row.kind === "rejected" || row.watch.enabled === "no") continue;
    if (!hasTurn(row.watch, ports.now())) continue;
    const look = await lookAtTarget(row.watch, (at, of) => at === days % of, ports, signal);
    drifted += look.drifted.length;
  }
  return drifted;
}

/** Pure: whether this is the watch's five minutes of the day. */
export function hasTurn(watch: WatchId, now: Date): boolean {
  return slotOf(watch) === Math.floor(now.getTime() / slotMs) % slotsPerDay;
}

/** Pure: in which of the day's 288 five-minute slots a watch is checked. */
export function slotOf(watch: WatchId): number {
  return createHash("sha256").update(watchKey(watch)).digest().readUInt32BE(0) % slotsPerDay;
}
