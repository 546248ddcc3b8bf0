import { formatWatchId, parseWatchId, type WatchId } from "../../documents/watch-id.ts";
import type { Clock } from "../../model/clock.ts";
import { Failure } from "../../model/failure.ts";
import type { Audit } from "../../stores/audit.ts";
import type { Queues } from "../../stores/queues.ts";
import type { Watches } from "../../stores/watches.ts";

export interface RequestPollPorts {
  readonly watches: Watches;
  readonly queues: Queues;
  readonly audit: Audit;
  readonly now: Clock;
}

/** Sends one watch to be polled now. Throws `not-found`, or `invalid` when its row cannot be followed. */
export async function requestPoll(
  named: WatchId,
  actor: string,
  ports: RequestPollPorts,
  signal: AbortSignal,
): Promise<void> {
  const id = parseWatchId(named.group, named.name);
  const row = await ports.watches.get(id, signal);
  if (row === undefined) throw new Failure("not-found", `There is no watch ${formatWatchId(id)}`);
  if (row.kind === "rejected")
    throw new Failure("invalid", `The watch ${formatWatchId(id)} cannot be followed: ${row.reason}`);
  if (row.watch.enabled === "no")
    throw new Failure("invalid", `The watch ${formatWatchId(id)} is disabled: set Enabled to true`);
  const now = ports.now();
  await ports.audit.record({ actor, action: "poll", subject: formatWatchId(id), at: now }, signal);
  await ports.queues.poll({ host: row.watch.source.host, slot: now, watches: [id] }, { signal });
}
