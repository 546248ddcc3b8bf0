import type { Evidence } from "../documents/evidence.ts";
import { type EvidencePage, exportEvidence, exportPage, parseEvidenceFilter } from "./export-evidence.ts";
import { type EvidenceAnswer, type FindEvidencePorts, findEvidence } from "./find-evidence.ts";

/** Where auditors ask. */
export interface EvidenceDesk {
  /** What is known of one image: `repo:tag`, `repo@digest` or a digest. */
  find(image: string, signal: AbortSignal): Promise<EvidenceAnswer>;
  /** All of it, row after row. */
  export(
    filter: { readonly since?: string; readonly watch?: string },
    signal: AbortSignal,
  ): AsyncIterable<Evidence>;
  /** The same, by pages for requests. */
  page(query: Readonly<Record<string, string>>, signal: AbortSignal): Promise<EvidencePage>;
}

export function openEvidenceDesk(ports: FindEvidencePorts): EvidenceDesk {
  return {
    find: (image, signal) => findEvidence(image, ports, signal),
    export: (filter, signal) => exportEvidence(parseEvidenceFilter(filter), ports, signal),
    page: (query, signal) => exportPage(query, ports, signal),
  };
}
