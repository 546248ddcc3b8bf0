import { z } from "zod";
import type { Digest } from "../model/digest.ts";
import {
  byteCount,
  digestText,
  readStatement,
  repositoryText,
  siteText,
  tagText,
  timeText,
} from "./checked.ts";

/** What a site says of an import, and of what stands in its registry now; signed with the site's key. */
export interface SiteReceipt {
  readonly v: 1;
  /** 64 hex digits. */
  readonly id: string;
  readonly site: string;
  /** Absent: of a layout that was not ours, or of the registry as it is. */
  readonly bundle?: { readonly id: string; readonly sequence: number };
  readonly registry: string;
  /** ISO 8601, UTC, by the site's clock. */
  readonly startedAt: string;
  readonly endedAt: string;
  readonly moved: { readonly bytes: number; readonly blobs: number; readonly skipped: number };
  readonly images: readonly ReceiptImage[];
  readonly inventory: Inventory;
}

export interface ReceiptImage {
  readonly repository: string;
  readonly tag?: string;
  readonly digest: Digest;
  /** `present`: it was there already. `refused`: it is not there, for the reason. */
  readonly outcome: "imported" | "present" | "refused";
  readonly reason?: string;
}

/** What stands in a registry, by repository. */
export type Inventory = readonly RepositoryInventory[];

export interface RepositoryInventory {
  readonly repository: string;
  readonly tags: readonly { readonly tag: string; readonly digest: Digest }[];
  readonly manifests: readonly Digest[];
  readonly blobs: readonly Digest[];
}

export const receiptType = "application/vnd.wharfgate.receipt.v1+json";
export const largestReceipt = 256 * 1024 * 1024;

const inventory = z.array(
  z.strictObject({
    repository: repositoryText,
    tags: z.array(z.strictObject({ tag: tagText, digest: digestText })),
    manifests: z.array(digestText),
    blobs: z.array(digestText),
  }),
);

const schema = z.strictObject({
  v: z.literal(1),
  id: z.string().regex(/^[0-9a-f]{64}$/),
  site: siteText,
  bundle: z.strictObject({ id: z.string().regex(/^[0-9a-f]{64}$/), sequence: z.int().min(1) }).optional(),
  registry: z.string().max(300),
  startedAt: timeText,
  endedAt: timeText,
  moved: z.strictObject({ bytes: byteCount, blobs: byteCount, skipped: byteCount }),
  images: z.array(
    z.strictObject({
      repository: repositoryText,
      tag: tagText.optional(),
      digest: digestText,
      outcome: z.enum(["imported", "present", "refused"]),
      reason: z.string().max(4000).optional(),
    }),
  ),
  inventory,
}) as z.ZodType<SiteReceipt>;

/** Throws `protocol`, naming the field. */
export function parseSiteReceipt(value: unknown): SiteReceipt {
  return readStatement(schema, value, "the receipt");
}

/** Throws `protocol`: for an inventory that was kept. */
export function parseInventory(value: unknown): Inventory {
  return readStatement(inventory as z.ZodType<Inventory>, value, "the inventory");
}
