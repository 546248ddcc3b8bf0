import type { KeyObject } from "node:crypto";
import type { TextRule } from "./text-rule.ts";

/** A way to prove something of an image, under the name by which watches and rules demand it (`Verify`). */
export type Verifier = SignatureVerifier | ScanVerifier;

/** Somebody that we trust has signed this very digest, or has stated something of it. */
export interface SignatureVerifier {
  readonly kind: "signature";
  readonly name: string;
  readonly trust: KeyTrust | KeylessTrust;
  /** Demands an in-toto attestation of exactly this type instead of a signature. */
  readonly predicateType?: string;
  /** What the signature must call the image's repository, for signers that sign many. */
  readonly repository?: TextRule;
  /** `children`: each image that is brought in must be signed as well as the index. */
  readonly covers: "digest" | "children";
}

export interface KeyTrust {
  readonly kind: "key";
  readonly key: KeyObject;
}

/** A short-lived certificate for an identity, as Fulcio issues them. */
export interface KeylessTrust {
  readonly kind: "keyless";
  /** A document in sigstore's TrustedRoot format: our only source of authorities and logs. */
  readonly root: object;
  readonly issuer: TextRule;
  readonly subject: TextRule;
  /** How many of each must be there and verify. */
  readonly logEntries: number;
  readonly timestamps: number;
  readonly certificateLogEntries: number;
}

export const severities = ["unknown", "low", "medium", "high", "critical"] as const;

export type Severity = (typeof severities)[number];

/** A scanner has looked at each image that is brought in, not long ago, and found nothing that is too bad. */
export interface ScanVerifier {
  readonly kind: "scan";
  readonly name: string;
  readonly maxAgeMs: number;
  /** A finding of this severity or a higher one denies the import. */
  readonly severity: Severity;
  /** `fixed`: vulnerabilities that nobody has a fix for yet do not count. */
  readonly counts: "all" | "fixed";
  readonly from: "uploaded" | "referrer" | "any";
  /** Reports at the upstream registry must be attested by what this verifier trusts. */
  readonly signedBy?: SignatureVerifier;
}
