import { isTag } from "../model/reference.ts";
import { isArtifact, isCommitId, platformOf } from "./tag-kinds.ts";
import { type Layout, TagReader } from "./tag-reader.ts";

/** What can be told of a tag by itself, whatever the watch: the ground on which a scheme is proposed. */
export type TagDescription =
  | { readonly kind: "invalid" | "artifact" | "commit-id" }
  | { readonly kind: "name"; readonly platform?: string }
  | {
      readonly kind: "version";
      readonly v: "yes" | "no";
      /** As many as the tag has, up to four. */
      readonly numbers: readonly number[];
      /** Digits of each number as written: 2 for 04. */
      readonly widths: readonly number[];
      /** How many numbers are written, which may be more than four. */
      readonly count: number;
      /** Such as rc.1; empty for a release. */
      readonly prerelease: string;
      /** Suffix that is no prerelease, such as -alpine3.20; empty for none. */
      readonly family: string;
      readonly platform?: string;
    };

const widest: Layout = { least: 1, most: 255, suffixes: "wide", dashes: "end" };
const reader = new TagReader(widest, "include");

export function describeTag(tag: string): TagDescription {
  if (!isTag(tag)) return { kind: "invalid" };
  if (isArtifact(tag)) return { kind: "artifact" };
  if (isCommitId(tag)) return { kind: "commit-id" };
  const platform = platformOf(tag);
  const bytes = Buffer.from(tag);
  if (reader.read(bytes, 0, bytes.length) !== undefined) {
    return { kind: "name", ...(platform !== undefined && { platform }) };
  }
  const written = Math.min(reader.count, 4);
  return {
    kind: "version",
    v: reader.v ? "yes" : "no",
    numbers: [...reader.numbers.subarray(0, written)],
    widths: [...reader.widths.subarray(0, written)],
    count: reader.count,
    prerelease: tag.slice(reader.prereleaseStart, reader.prereleaseEnd),
    family: tag.slice(reader.familyStart),
    ...(platform !== undefined && { platform }),
  };
}
