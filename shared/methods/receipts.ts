import type { Digest } from "../model/digest.ts";

/** What the receipts of sites say that were acknowledged. */
export interface Receipts {
  /** Of an image at a site; undefined until a receipt tells of this very digest. */
  outcomeOf(
    site: string,
    image: { readonly repository: string; readonly tag?: string; readonly digest: Digest },
    signal: AbortSignal,
  ): Promise<ReceiptOutcome | undefined>;
}

export interface ReceiptOutcome {
  readonly outcome: "imported" | "present" | "refused";
  readonly reason?: string;
  /** Id of the receipt. */
  readonly receipt: string;
}
