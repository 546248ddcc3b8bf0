import { algorithmOf, type Digest, hexOf, isDigest } from "../model/digest.ts";
import { isTag } from "../model/reference.ts";
import { type TagList, tagAt } from "../model/tag-list.ts";

/** Signatures, attestations and an SBOM of one image, each in a manifest of its own under a tag that is made of its digest. */
export const cosignSuffixes = ["sig", "att", "sbom"] as const;

export type CosignSuffix = (typeof cosignSuffixes)[number];

export interface CosignTag {
  readonly tag: string;
  readonly subject: Digest;
  readonly suffix: CosignSuffix;
}

/** None for a long digest, of which no tag can be made. Source: cosign's SIGNATURE_SPEC.md, "Tag-based discovery". */
export function cosignTagsOf(subject: Digest): readonly CosignTag[] {
  return cosignSuffixes
    .map((suffix) => ({ tag: `${algorithmOf(subject)}-${hexOf(subject)}.${suffix}`, subject, suffix }))
    .filter(({ tag }) => isTag(tag));
}

/** Undefined for any other tag. These alone may be moved at the target: a further signature makes another manifest of them. */
export function parseCosignTag(tag: string): CosignTag | undefined {
  const [, algorithm, hex, suffix] = /^(sha256|sha512)-([0-9a-f]+)\.(.+)$/.exec(tag) ?? [];
  const subject = `${algorithm}:${hex}`;
  const known = cosignSuffixes.find((each) => each === suffix);
  return known === undefined || !isDigest(subject) ? undefined : { tag, subject, suffix: known };
}

/** The tag of the index that stands in for the referrers API. Source: OCI distribution specification 1.1, "Referrers Tag Schema". */
export function fallbackTagOf(subject: Digest): string {
  return `${algorithmOf(subject)}-${hexOf(subject).slice(0, 64)}`;
}

/** The tags of a list that begin with the name of a digest's algorithm; of the others no string is made. */
export function digestTagsOf({ pages }: TagList): ReadonlySet<string> {
  const found = new Set<string>();
  for (const page of pages) {
    const { bytes, bounds } = page;
    for (let index = 0; index < bounds.length / 2; index += 1) {
      const start = bounds[2 * index] ?? 0;
      if (bytes[start] !== letterS || bytes[start + 6] !== hyphen) continue;
      const tag = tagAt(page, index);
      if (/^sha(?:256|512)-/.test(tag)) found.add(tag);
    }
  }
  return found;
}

const letterS = 0x73;
const hyphen = 0x2d;
