import type { Verdict } from "../../gates/gate.ts";
import type { Account, Operation } from "../../methods/method.ts";
import type { Failure } from "../../model/failure.ts";

/** What one hop of an import came to. */
export type Outcome =
  | (Account & {
      readonly kind: "running";
      readonly operation: Operation;
      readonly checkAfterMs: number;
      readonly deadline?: "none";
    })
  /**
   * The target has the digest, by a HEAD just now, or by a site's receipt. `present`: it was there before we did anything.
   */
  | (Account & {
      readonly kind: "proven";
      readonly how: "imported" | "present";
      readonly receipt?: string;
      /** Where its tag was to be locked: who keeps it now. */
      readonly locked?: "registry" | "ledger";
    })
  /** A gate is not open yet, or will not be. */
  | (Extract<Verdict, { readonly kind: "waiting" | "denied" }> & { readonly gate: string })
  | { readonly kind: "held"; readonly reason: string; readonly previousDigest: string }
  | { readonly kind: "overtaken"; readonly reason: string }
  /**
   * The upstream must not be asked now. `failure`: it said so itself, when it was asked for this import. `operation`: whether
   * one that is under way goes on after the wait, or begins anew.
   */
  | {
      readonly kind: "put-off";
      readonly operation: "kept" | "ended";
      readonly waitMs: number;
      readonly reason: string;
      readonly failure?: Failure;
    }
  /** The running operation, or the target, could not be asked: it goes on as far as anybody knows. */
  | { readonly kind: "unclear"; readonly failure: Failure }
  | (Account & { readonly kind: "failed"; readonly failure: Failure });

/** What an outcome tells of how it went. */
export function accountOf({ link, bytes, via, why }: Account): Account {
  return {
    ...(link !== undefined && { link }),
    ...(bytes && { bytes }),
    ...(via !== undefined && { via }),
    ...(why !== undefined && { why }),
  };
}
