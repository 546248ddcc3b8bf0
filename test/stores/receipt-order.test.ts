import { describe, expect, it } from "vitest";
import type { SiteReceipt } from "../../shared/documents/site-receipt.ts";
import { type KnownOfSite, requireFollowing } from "../../shared/stores/receipt-order.ts";
import { failureOf } from "../support/failures.ts";

const receiptOf = (
  id: string,
  endedAt: string,
  sequence?: number,
  registry = "site.example",
): SiteReceipt => ({
  v: 1,
  id,
  site: "one",
  registry,
  ...(sequence !== undefined && { bundle: { id: "b", sequence } }),
  startedAt: endedAt,
  endedAt,
  moved: { bytes: 0, blobs: 0, skipped: 0 },
  images: [],
  inventory: [],
});
const morning = "2026-11-24T08:00:00.000Z";
const noon = "2026-11-24T12:00:00.000Z";
const farAhead = "2031-01-01T00:00:00.000Z";

const knownOf = (made: number, endedAt?: string, sequence?: number): KnownOfSite => ({
  sequence: made,
  ...(endedAt !== undefined && {
    receipt: {
      id: "last",
      endedAt,
      registry: "site.example",
      ...(sequence !== undefined && { sequence }),
    },
  }),
});

describe("a receipt follows", () => {
  it.each<[string, SiteReceipt, KnownOfSite]>([
    ["as the first", receiptOf("new", noon, 1), knownOf(1)],
    ["of a later bundle", receiptOf("new", noon, 2), knownOf(2, morning, 1)],
    [
      "of a later bundle, after the site's clock ran ahead",
      receiptOf("new", noon, 2),
      knownOf(2, farAhead, 1),
    ],
    ["of the same bundle, later", receiptOf("new", noon, 1), knownOf(1, morning, 1)],
    ["of no bundle, later", receiptOf("new", noon), knownOf(1, morning, 1)],
    ["of a bundle after one of none, later", receiptOf("new", noon, 1), knownOf(1, morning)],
    ["as the last one, again", receiptOf("last", morning, 1, "elsewhere"), knownOf(1, morning, 1)],
  ])("%s", (_name, receipt, known) => {
    expect(() => requireFollowing(receipt, known)).not.toThrow();
  });

  it.each<[string, SiteReceipt, KnownOfSite, RegExp]>([
    [
      "of the same bundle, earlier",
      receiptOf("new", morning, 1),
      knownOf(1, noon, 1),
      /has been acknowledged/,
    ],
    [
      "of an earlier bundle",
      receiptOf("new", morning, 1),
      knownOf(2, noon, 2),
      /of bundle 1; one of .* of bundle 2/,
    ],
    [
      "of an earlier bundle, by a clock that ran ahead",
      receiptOf("new", farAhead, 1),
      knownOf(2, noon, 2),
      /acknowledged already/,
    ],
    ["of no bundle, earlier", receiptOf("new", morning), knownOf(1, noon, 1), /--force takes it/],
    [
      "of a bundle that was never made",
      receiptOf("new", noon, 9),
      knownOf(2, morning, 1),
      /made here is 2\./,
    ],
    [
      "of another registry",
      receiptOf("new", noon, 2, "test.example"),
      knownOf(2, morning, 1),
      /of the registry test\.example, those of one were of site\.example/,
    ],
  ])("not %s", async (_name, receipt, known, says) => {
    const { message } = await failureOf(() => requireFollowing(receipt, known), "conflict");
    expect(message).toMatch(says);
    expect(message).toContain("--force");
  });
});
