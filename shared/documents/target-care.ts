import { z } from "zod";
import { type Digest, isDigest } from "../model/digest.ts";

/** A digest that a tag had before, and the tag under which the target keeps it. */
export interface KeptTag {
  readonly tag: string;
  readonly digest: Digest;
  readonly at: Date;
}

/**
 * What was wrong with an imported tag at the target. `incomplete`: its index is there, and not all that the index names.
 * `existing` is what the import is to be again when it is mended.
 */
export interface Repair {
  readonly kind: "gone" | "overwritten" | "incomplete";
  readonly found?: Digest;
  readonly existing: "keep" | "replace";
}

const digest = z.string().refine(isDigest);
const date = z.iso.datetime().transform((value) => new Date(value));

export const keptTags = z.array(z.object({ tag: z.string(), digest, at: date }));

export const repairs = z.array(date);

export const repair = z
  .object({
    kind: z.enum(["gone", "overwritten", "incomplete"]),
    found: digest.optional(),
    existing: z.enum(["keep", "replace"]),
  })
  .transform(({ found, ...rest }): Repair => ({ ...rest, ...(found !== undefined && { found }) }));
