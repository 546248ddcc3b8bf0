import type { ImportRecord } from "../../documents/import-record.ts";
import { type Decision, type DecisionKind, lastDecision } from "../../gates/decision.ts";
import { printable } from "../../model/digest.ts";

/** Pure: what may be decided about an import as it stands. */
export function whatFits(
  record: Pick<ImportRecord, "state" | "gates" | "decisions">,
): readonly DecisionKind[] {
  if (lastDecision(record.decisions, "refuse") !== undefined) return [];
  switch (record.state) {
    case "waiting": {
      const gate = record.gates.at(-1)?.gate;
      if (gate === "approval") return ["approve", "refuse"];
      // Signatures and reports come later: people who know of one need not wait for the next look.
      return gate === "cooldown" ? ["skip-cooldown", "refuse"] : ["retry", "refuse"];
    }
    case "held":
      return ["accept", "refuse"];
    case "denied":
    case "failed":
      return ["retry", "refuse"];
    case "overtaken":
      return ["retry"];
    case "pending":
    case "running":
    case "done":
    case "removed":
      return [];
  }
}

/** Pure: the record after a decision that fits. `pending`: a message must be sent. */
export function applyDecision(record: ImportRecord, decision: Decision): ImportRecord {
  const { dueAt: _, reason: __, lease: ___, ...rest } = record;
  const decided = { ...rest, decisions: [...record.decisions, decision], hop: record.hop + 1 };
  switch (decision.kind) {
    case "approve":
    case "skip-cooldown":
      return { ...decided, state: "pending" };
    case "accept":
      // The gates are asked about the new digest; what the target had before stays in the record.
      return { ...begunAnew(decided), existing: "replace" };
    case "retry":
      return begunAnew(decided);
    case "refuse": {
      const why = decision.reason === undefined ? "" : `: ${decision.reason}`;
      const reason = `Refused by ${printable(decision.by)}${why}`;
      return { ...decided, state: "denied", endedAt: decision.at, reason };
    }
  }
}

/** As if it had just been found; its operations stay as evidence. */
function begunAnew(record: ImportRecord): ImportRecord {
  const { endedAt: _, operation: __, deadline: ___, link: ____, ...rest } = record;
  return { ...rest, state: "pending", attempts: 0, gates: [] };
}
