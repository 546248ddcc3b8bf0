import { parseDecisionRequest } from "../../documents/decision-request.ts";
import { evidentOutcome } from "../../documents/evidence.ts";
import { type ImportRecord, parseImportId } from "../../documents/import-record.ts";
import { type DecisionKind, lastDecision } from "../../gates/decision.ts";
import type { Clock } from "../../model/clock.ts";
import { printable } from "../../model/digest.ts";
import { Failure } from "../../model/failure.ts";
import { formatReference } from "../../model/reference.ts";
import type { Audit } from "../../stores/audit.ts";
import type { Ledger } from "../../stores/ledger.ts";
import type { Queues } from "../../stores/queues.ts";
import { describeImport, type ImportView } from "../import/import-view.ts";
import { type EvidencePort, recordEvidence } from "../import/record-evidence.ts";
import { applyDecision, whatFits } from "./apply-decision.ts";

export interface DecidePorts extends EvidencePort {
  readonly ledger: Ledger;
  readonly queues: Queues;
  readonly audit: Audit;
  readonly now: Clock;
}

export interface Decided {
  readonly importId: string;
  readonly body: unknown;
  readonly actor: string;
  /** `required`: whoever asked for an import by hand may not let it in himself. Without names nobody can be told apart. */
  readonly fourEyes: "required" | "unknown";
}

export interface DecidedImport {
  /** `repeated`: the same person had decided so before, and nothing was changed now. */
  readonly how: "decided" | "repeated";
  readonly import: ImportView;
}

/**
 * Writes down what a person decided, with the import's next state, and sends it on its way. A crash in between is made good by
 * the sweep, or by the same decision made again, which is answered as the first time.
 */
export async function decideOnImport(
  { importId, body, actor, fourEyes }: Decided,
  { ledger, queues, audit, evidence, now }: DecidePorts,
  signal: AbortSignal,
): Promise<DecidedImport> {
  const { decision: kind, reason } = parseDecisionRequest(body);
  const id = parseImportId(importId);
  const entry = id && (await ledger.get(id.watch, id.key, signal));
  if (entry === undefined) throw new Failure("not-found", `There is no import "${printable(importId)}"`);
  const { record, lease, etag } = entry;
  const name = formatReference({ ...record.source, tag: record.tag, digest: record.digest });
  const letsIn = kind === "approve" || kind === "accept" || kind === "skip-cooldown";
  if (letsIn && fourEyes === "required" && actor.toLowerCase() === record.requestedBy.toLowerCase()) {
    throw new Failure(
      "blocked",
      `You asked for this import yourself, so that somebody else must decide on it: ${name}`,
    );
  }
  // By which a repeat knows what it had claimed before it died.
  const claimant = `${kind} by ${actor}`;
  const last = record.decisions.at(-1);
  const repeated = last?.kind === kind && last.by === actor && !whatFits(record).includes(kind);
  const next = repeated ? record : await decide();
  if (next.state === "pending")
    await queues.import({ watch: next.watch, key: next.key, hop: next.hop }, { signal });
  return { how: repeated ? "repeated" : "decided", import: describeImport(next) };

  async function decide(): Promise<ImportRecord> {
    requireFit(kind, record, name);
    if (lease === "held" && record.lease !== claimant)
      throw new Failure("conflict", `${name} is being worked on this very moment: decide again in a minute`);
    const at = now();
    const why = reason === undefined ? {} : { reason };
    await audit.record({ actor, action: kind, subject: `${name} (${importId})`, at, ...why }, signal);
    const decided = applyDecision(record, { kind, by: actor, at, ...why });
    await ledger.update({ etag: await claim(decided) }, decided, { signal });
    return decided;
  }

  /** Evidence stands before the ledger, for good: so the row is ours first, or it might tell of a decision that another one forestalled. */
  async function claim(decided: ImportRecord): Promise<string> {
    if (evidentOutcome(decided.state) === undefined) return etag;
    const claimed = await ledger.update({ etag }, { ...record, lease: claimant }, { signal });
    await recordEvidence(decided, {}, { evidence }, signal);
    return claimed;
  }
}

function requireFit(kind: DecisionKind, record: ImportRecord, name: string): void {
  const fits = whatFits(record);
  if (fits.includes(kind)) return;
  const refused = lastDecision(record.decisions, "refuse");
  const stands =
    record.state === "waiting" ? `waiting at the gate ${record.gates.at(-1)?.gate ?? "?"}` : record.state;
  const state = refused === undefined ? stands : `refused by ${printable(refused.by)}, for good`;
  const rest =
    fits.length === 0 ? "nothing can be decided about it now" : `what fits now is ${fits.join(" or ")}`;
  throw new Failure("conflict", `${name} is ${state}: ${kind} does not fit, ${rest}`);
}
