import type { Attestation } from "../../documents/attestation.ts";
import type { Evidence } from "../../documents/evidence.ts";
import type { VerifyingKey } from "../../signing/signing-key.ts";
import { type Attested, type AttestPorts, attestEvidence, verifyAttached } from "./attest-evidence.ts";
import { type EvidencePage, exportEvidence, exportPage, parseEvidenceFilter } from "./export-evidence.ts";
import { type EvidenceAnswer, findEvidence } from "./find-evidence.ts";

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
  /** Signs what is on record of an image, and attaches it there if asked to. */
  attest(
    image: string,
    options: { readonly attach: "attach" | "keep"; readonly actor: string },
    signal: AbortSignal,
  ): Promise<Attested>;
  /** Verifies what is attached to an image. */
  verify(image: string, trusted: readonly VerifyingKey[], signal: AbortSignal): Promise<Attestation>;
}

export function openEvidenceDesk(ports: AttestPorts): EvidenceDesk {
  return {
    find: (image, signal) => findEvidence(image, ports, signal),
    export: (filter, signal) => exportEvidence(parseEvidenceFilter(filter), ports, signal),
    page: (query, signal) => exportPage(query, ports, signal),
    attest: (image, options, signal) => attestEvidence(image, options, ports, signal),
    verify: (image, trusted, signal) => verifyAttached(image, trusted, ports, signal),
  };
}
