import type { Policy } from "./policy.ts";
import type { Rules } from "./rules.ts";
import { TagReader } from "./tag-reader.ts";

/** Whether versions of this scheme have major numbers: those of dates and of counts say nothing of what a new one breaks. */
export function hasMajors(policy: Policy | undefined): boolean {
  return policy?.kind === "version" && policy.traits.has("majors");
}

/** The major number of a tag as the watch's scheme reads it; undefined when it is no version of a scheme that has them. */
export function majorOf(tag: string, { policy, extract, prereleases }: Rules): number | undefined {
  if (policy?.kind !== "version" || !hasMajors(policy)) return undefined;
  const text = extract === undefined ? tag : extract.from(tag);
  if (text === undefined) return undefined;
  const bytes = Buffer.from(text, "latin1");
  const read = new TagReader(policy.layout, prereleases);
  return read.read(bytes, 0, bytes.length) === undefined ? read.numbers[0] : undefined;
}
