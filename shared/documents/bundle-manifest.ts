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

/** What a bundle says of itself, signed: the first thing in its file after the layout's own two. */
export interface BundleManifest {
  readonly v: 1;
  /** 64 hex digits. */
  readonly id: string;
  readonly site: string;
  /** Counts the bundles for this site: an older one is not taken after a newer one. */
  readonly sequence: number;
  /** ISO 8601, UTC. */
  readonly created: string;
  /** `delta`: without what a registry of the site has, by the inventory of the receipt `basis`. */
  readonly kind: "full" | "delta";
  readonly basis?: { readonly receipt: string; readonly registry: string };
  /** Of `index.json`. */
  readonly index: Digest;
  readonly images: readonly BundleImage[];
  /** Every file under `blobs/`. */
  readonly blobs: readonly BundleBlob[];
  /** What is not in the file because the site has it, and in which of its repositories. */
  readonly assumes: readonly (BundleBlob & { readonly repository: string })[];
  /** Whose inventory the receipt is to hold, beside those of the images. */
  readonly repositories: readonly string[];
}

export interface BundleImage {
  /** Where it goes at the site's registry. Without a tag: by its digest alone, as referrers do. */
  readonly repository: string;
  readonly tag?: string;
  readonly digest: Digest;
  readonly existing: "keep" | "replace";
  /** `os/architecture[/variant]` of the children that an index comes with; absent: all of them. */
  readonly only?: readonly string[];
  readonly nondistributable?: "bring";
  /** Where it is from, for people: `docker.io/library/nginx:1.27.1`. */
  readonly source: string;
}

export interface BundleBlob {
  readonly digest: Digest;
  readonly size: number;
}

export const bundleType = "application/vnd.wharfgate.bundle.v1+json";
/** The file in the layout that holds the signed manifest. */
export const bundleFile = "wharfgate-bundle.json";
export const largestBundleManifest = 64 * 1024 * 1024;

const blob = { digest: digestText, size: byteCount };

const schema = z.strictObject({
  v: z.literal(1),
  id: z.string().regex(/^[0-9a-f]{64}$/),
  site: siteText,
  sequence: z.int().min(1),
  created: timeText,
  kind: z.enum(["full", "delta"]),
  basis: z.strictObject({ receipt: z.string().max(64), registry: z.string().max(300) }).optional(),
  index: digestText,
  images: z.array(
    z.strictObject({
      repository: repositoryText,
      tag: tagText.optional(),
      digest: digestText,
      existing: z.enum(["keep", "replace"]),
      only: z.array(z.string().max(100)).optional(),
      nondistributable: z.literal("bring").optional(),
      source: z.string().max(1000),
    }),
  ),
  blobs: z.array(z.strictObject(blob)),
  assumes: z.array(z.strictObject({ ...blob, repository: repositoryText })),
  repositories: z.array(repositoryText),
}) as z.ZodType<BundleManifest>;

/** Throws `protocol`, naming the field. */
export function parseBundleManifest(value: unknown): BundleManifest {
  return readStatement(schema, value, "the bundle's manifest");
}
