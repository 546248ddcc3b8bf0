import type { ImportRecord } from "../../documents/import-record.ts";
import { formatWatchId, manualWatch } from "../../documents/watch-id.ts";
import type { GateResult, GateSubject } from "../../gates/gate.ts";
import type { Gates } from "../../gates/members.ts";
import type { WatchRow } from "../../stores/watches.ts";
import { demandsOf } from "./demands-of.ts";
import type { Outcome } from "./import-outcome.ts";
import { type AskedBy, askedBy, noLongerWanted, type WantedPorts } from "./still-wanted.ts";

export interface GatesPort extends WantedPorts {
  readonly gates: Gates;
}

/** What the gates said, and the outcome when one of them is not open, or nobody wants the import any more. */
export interface Passed {
  readonly results: readonly GateResult[];
  readonly outcome?: Outcome;
}

/**
 * Asks the gates before a method is started, at each start anew: a report may have aged, a policy or a row may have changed. A referrer
 * comes in on the word of its image, which has passed them; what is put back at the target has passed them itself.
 */
export async function passGates(
  record: ImportRecord,
  ports: GatesPort,
  signal: AbortSignal,
): Promise<Passed> {
  const passed = record.operation !== undefined || record.repair !== undefined;
  if (passed || record.subject !== undefined) return { results: record.gates };
  const row = await askedBy(record, ports, signal);
  const unwanted = await noLongerWanted(record, row, ports, signal);
  if (unwanted !== undefined) return { results: record.gates, outcome: unwanted };
  const { results, stopped } = await ports.gates.pass(subjectOf(record, row), signal);
  if (stopped === undefined) return { results };
  const { gate, verdict } = stopped;
  return { results, outcome: { ...verdict, gate } };
}

function subjectOf(record: ImportRecord, row: AskedBy): GateSubject {
  const { watch, source, tag, digest, target, requestedBy, credential, seenAt, decisions } = record;
  const { sighting } = record;
  const last = record.gates.at(-1);
  return {
    source: { ...source, digest },
    tag,
    target,
    watch: watch.group === manualWatch.group ? manualWatch.group : formatWatchId(watch),
    requestedBy,
    seenAt,
    // A row that demands more by now than when the tag was found holds at once.
    demands: isFollowed(row) ? demandsOf(row.watch, tag) : record.demands,
    decisions,
    only: record.handling.platforms === "only" ? record.platforms : [],
    ...(sighting && { sighting }),
    ...(last?.verdict === "waiting" && { stoppedBefore: { gate: last.gate, since: last.at } }),
    ...(credential !== undefined && { credential }),
  };
}

function isFollowed(row: AskedBy): row is Extract<WatchRow, { kind: "watch" }> {
  return row !== undefined && row !== "by-hand" && row.kind === "watch";
}
