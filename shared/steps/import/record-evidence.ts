import { type Evidence, evidenceOf, evidentOutcome } from "../../documents/evidence.ts";
import type { ImportRecord } from "../../documents/import-record.ts";
import type { Repair } from "../../documents/target-care.ts";
import { appVersion } from "../../model/app-version.ts";
import type { EvidenceStore } from "../../stores/evidence.ts";

export interface EvidencePort {
  readonly evidence: EvidenceStore;
}

/**
 * Leaves evidence of an import that is about to stand in the ledger as done, denied or removed; before it does, so that no crash
 * can come in between. `was`: what the digest proof has found; `repair`: what was wrong before. Anything else leaves none.
 */
export async function recordEvidence(
  record: ImportRecord,
  found: {
    readonly was?: "imported" | "present";
    readonly receipt?: string | undefined;
    readonly repair?: Repair | undefined;
  },
  { evidence }: EvidencePort,
  signal: AbortSignal,
): Promise<void> {
  const outcome = evidentOutcome(record.state);
  if (outcome === undefined) return;
  const document = evidenceOf(record, { outcome, app: appVersion(), ...found });
  const last =
    found.was === "present" && record.hop > 1 ? await lastBeside(document, evidence, signal) : undefined;
  // Asked for again, and found as it was left: that is on record.
  if (last?.import === document.import && last.outcome === "done") return;
  await evidence.add(document, signal);
}

async function lastBeside(
  document: Evidence,
  evidence: EvidenceStore,
  signal: AbortSignal,
): Promise<Evidence | undefined> {
  let last: Evidence | undefined;
  for await (const each of evidence.beside(document, signal)) {
    if (document.subject !== undefined && each.digest !== document.digest) continue;
    if (last === undefined || last.endedAt <= each.endedAt) last = each;
  }
  return last;
}
