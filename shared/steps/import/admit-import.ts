import type { ImportRecord } from "../../documents/import-record.ts";
import { manualWatch, watchKey } from "../../documents/watch-id.ts";
import type { Failure } from "../../model/failure.ts";
import { type PutOff, type Urgency, upstreamAsks } from "../pace/host-budget.ts";
import { openPace, type Pace, type PacePorts } from "../pace/pace.ts";
import { isFrom, pauseAskedBy } from "../pace/upstream-pause.ts";
import type { Outcome } from "./import-outcome.ts";

type Waiting = Extract<Outcome, { readonly kind: "put-off" }>;

// What people asked for goes first when a host may be asked again, then imports of watches, then polls.
const afterPeopleMs = 5_000;
// The manifest, by GET or HEAD; a copy's further requests are bounded by its connections and by the upstream's own word.
const requests = 1;

/** An import's share of its upstream, or until when it waits. An operation that Azure runs is only asked after: undefined. */
export async function admitImport(
  record: ImportRecord,
  ports: PacePorts,
  signal: AbortSignal,
): Promise<Pace | Waiting | undefined> {
  const { operation, via = record.method } = record;
  if (operation !== undefined && via !== "copy") return undefined;
  const { host } = record.source;
  const pace = await openPace({ host, urgency: urgencyOf(record), requests, connections: 0 }, ports, signal);
  if (pace.kind === "put-off") return waitOf(record, { by: pace, now: ports.now(), operation: "kept" });
  await pace.turn(async () => {}, signal);
  return pace;
}

/**
 * What the upstream's refusal of this import means for all workers: a pause of its host. Undefined for any other failure, also
 * for the limits of the target and of Azure. `operation`: whether the one that was under way goes on after it.
 */
export async function heedRefusal(
  record: ImportRecord,
  { failure, operation }: { readonly failure: Failure; readonly operation: Waiting["operation"] },
  ports: PacePorts,
  signal: AbortSignal,
): Promise<Waiting | undefined> {
  const { host } = record.source;
  const pauseMs = isFrom(host, failure) ? pauseAskedBy(failure) : undefined;
  if (pauseMs === undefined) return undefined;
  const { until } = await ports.hosts.pauseFor(host, pauseMs, signal);
  const by: PutOff = { kind: "put-off", until, reason: `${upstreamAsks} ${failure.message}` };
  return { ...waitOf(record, { by, now: ports.now(), operation }), failure };
}

/** People wait for what they asked for by name. */
export function urgencyOf({ watch }: Pick<ImportRecord, "watch">): Urgency {
  return watchKey(watch) === watchKey(manualWatch) ? "manual" : "import";
}

function waitOf(
  record: ImportRecord,
  {
    by: { until, reason },
    now,
    operation,
  }: { readonly by: PutOff; readonly now: Date; readonly operation: Waiting["operation"] },
): Waiting {
  const lateMs = urgencyOf(record) === "manual" ? 0 : afterPeopleMs;
  const waitMs = Math.max(1000, until.getTime() - now.getTime()) + lateMs;
  return { kind: "put-off", operation, waitMs, reason: `Put off until ${until.toISOString()}: ${reason}` };
}
