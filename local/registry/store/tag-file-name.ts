import { isTag } from "../../../shared/model/reference.ts";
import type { TagName } from "../names.ts";

/**
 * The file name of a tag: lower case, then, only when it has capitals, `~` and their positions as a hexadecimal bit mask.
 * Tags `RC1` and `rc1` must be two files also where the disk ignores case. At most 161 characters; `~` is in no tag.
 */
export function tagFileName(tag: TagName): string {
  const lower = tag.toLowerCase();
  if (lower === tag) return lower;
  let capitals = 0n;
  for (let i = 0; i < tag.length; i += 1) if (tag[i] !== lower[i]) capitals |= 1n << BigInt(i);
  return `${lower}~${capitals.toString(16)}`;
}

/** The tag that a file is for; undefined for a file that is not ours. */
export function tagOfFileName(name: string): TagName | undefined {
  const match = /^([^~]+)(?:~([0-9a-f]{1,32}))?$/.exec(name);
  const lower = match?.[1];
  if (lower === undefined || !isTag(lower)) return undefined;
  const capitals = BigInt(`0x${match?.[2] ?? "0"}`);
  const letters = Array.from(lower, (letter, i) =>
    (capitals >> BigInt(i)) & 1n ? letter.toUpperCase() : letter,
  );
  return letters.join("") as TagName;
}
