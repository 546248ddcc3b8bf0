import type { SiteReceipt } from "../documents/site-receipt.ts";
import { Failure } from "../model/failure.ts";

/** What is kept of the last receipt of a site. */
export interface SiteReceiptNote {
  readonly id: string;
  /** By the site's clock. */
  readonly endedAt: string;
  /** The registry that it tells of. */
  readonly registry: string;
  /** Of its bundle, or of the last one before it that was of a bundle. */
  readonly sequence?: number;
}

export interface KnownOfSite {
  /** Of the last bundle that was begun for it; 0 before the first. */
  readonly sequence: number;
  readonly receipt?: SiteReceiptNote;
}

/**
 * Pure: throws `conflict` for a receipt that does not follow from what is known of its site. The number of the bundle decides
 * which of two is older, and the site's own clock only between those of one bundle: a clock that ran ahead once must not keep
 * out what comes after.
 */
export function requireFollowing(receipt: SiteReceipt, site: KnownOfSite): void {
  const { id, bundle, endedAt, registry, site: name } = receipt;
  const { receipt: last, sequence: made } = site;
  if (last?.id === id) return;
  if (bundle !== undefined && bundle.sequence > made) {
    throw refusal(
      `The receipt is of bundle ${bundle.sequence} for ${name}; the last one that was made here is ${made}`,
      "If the storage of the app was set back, --force takes it, and the next bundle gets the number after it",
    );
  }
  if (last === undefined) return;
  if (last.registry !== registry) {
    throw refusal(
      `The receipt is of the registry ${registry}, those of ${name} were of ${last.registry} so far: the next bundle would leave out what that one lacks`,
      `If it is for trying out, let it be. A second registry is a site of its own (wharfgate site add). If ${name} has moved, or calls its registry otherwise now, --force takes it`,
    );
  }
  const [number, lastNumber] = [bundle?.sequence, last.sequence];
  const later =
    number === undefined || lastNumber === undefined || number === lastNumber
      ? Date.parse(endedAt) > Date.parse(last.endedAt)
      : number > lastNumber;
  if (later) return;
  throw refusal(
    `This receipt of ${name} is of ${endedAt}${of(number)}; one of ${last.endedAt}${of(lastNumber)} has been acknowledged already, and what the site had before that does not matter any more`,
    "If the site imported an older bundle on purpose, or its clock was wrong, --force takes it",
  );
}

function of(sequence: number | undefined): string {
  return sequence === undefined ? "" : `, of bundle ${sequence}`;
}

function refusal(what: string, mend: string): Failure {
  return new Failure("conflict", `${what}. ${mend}`);
}
