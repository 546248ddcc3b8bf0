import { isTag } from "../model/reference.ts";
import { type TagList, type TagPage, tagAt } from "../model/tag-list.ts";
import { noSuffixes } from "./evidence.ts";
import { isOfFamily } from "./families.ts";
import { KnownMajors } from "./known-majors.ts";
import { NameCandidates } from "./name-candidates.ts";
import { createNamedTags } from "./named-tags.ts";
import type { NamePolicy, VersionPolicy } from "./policy.ts";
import type { Rules } from "./rules.ts";
import { isArtifact, isCommitId, platformOf } from "./tag-kinds.ts";
import { TagReader } from "./tag-reader.ts";
import { VersionCandidates } from "./version-candidates.ts";

/** Tags between two pauses: some hundred microseconds without patterns, and with them as well. */
const [slice, patternSlice] = [4096, 128] as const;
const maxTag = 128;

/** The versions of a list that are in range; yields where others may go on. */
export function* gatherVersions(
  list: TagList,
  policy: VersionPolicy,
  rules: Rules,
): Generator<void, VersionCandidates> {
  const found = new VersionCandidates(list.pages, policy, rules);
  const gather = createGatherer(found, policy, rules);
  const size = hasPatterns(rules) ? patternSlice : slice;
  let room = size;
  for (const [page, tags] of list.pages.entries()) {
    const count = tags.bounds.length / 2;
    for (let from = 0; from < count; ) {
      const to = Math.min(from + room, count);
      gather(tags, page, from, to);
      room -= to - from;
      from = to;
      if (room > 0) continue;
      room = size;
      yield;
    }
  }
  return found;
}

function hasPatterns({ include, exclude, extract }: Rules): boolean {
  return include !== undefined || exclude !== undefined || extract !== undefined;
}

/**
 * Judges the tags of a page from the one place to before the other. The cheapest questions come first, so that the first
 * reason against a tag here need not be the first of the pipeline: `explain` tells that one.
 */
function createGatherer(
  found: VersionCandidates,
  policy: VersionPolicy,
  rules: Rules,
): (tags: TagPage, page: number, from: number, to: number) => void {
  const { families, extract } = rules;
  const { range } = policy;
  const read = new TagReader(policy.layout, rules.prereleases);
  const named = createNamedTags([...rules.track, ...rules.verbatim]);
  const wide = policy.layout.suffixes === "wide";
  const patterns = hasPatterns(rules);
  const aliases = policy.traits.has("aliases");
  const known = new KnownMajors(policy, families.length);
  const keys = extract === undefined ? undefined : new Keys(found);

  return (tags, page, from, to) => {
    const { bytes, bounds } = tags;
    for (let tag = from; tag < to; tag++) {
      const tagStart = bounds[2 * tag] ?? 0;
      const tagEnd = bounds[2 * tag + 1] ?? 0;
      let text = page;
      let key = bytes;
      let start = tagStart;
      let end = tagEnd;
      if (keys !== undefined) {
        // A pattern's time is the text's length, and a listing may hold texts of megabytes.
        if (tagEnd - tagStart > maxTag) continue;
        const extracted = extract?.from(tagAt(tags, tag));
        if (extracted === undefined) continue;
        ({ text, key, start, end } = keys.write(extracted));
      }
      if (known.has(key, start, end) || read.read(key, start, end) !== undefined) continue;
      const family = familyOf(families, read, key, end);
      if (family < 0 || tagEnd - tagStart > maxTag) continue;
      const release = read.prereleaseStart === read.prereleaseEnd;
      // Without patterns, nothing but a number with letters behind it reads as a version and as a commit id.
      if ((patterns || (wide && !release)) && !isWanted(tagAt(tags, tag), rules)) continue;
      found.evidence[family]?.note(read, aliases ? found.suffixesOf(read, family, key, end) : noSuffixes);
      if (!range.has(read, key)) {
        known.note(family, read.numbers[0] ?? 0);
        continue;
      }
      if (!(release || read.wanted)) continue;
      if (named.has(bytes, tagStart, tagEnd)) continue;
      found.add(read, { page, tag, text, start, end, family });
      keys?.keep();
    }
  };
}

export function familyOf(
  families: Rules["families"],
  read: TagReader,
  bytes: Uint8Array,
  end: number,
): number {
  for (let index = 0; index < families.length; index++) {
    const family = families[index];
    if (family !== undefined && isOfFamily(family, read, bytes, end)) return index;
  }
  return -1;
}

/** What the pipeline asks of every tag before its scheme does, but for Extract. */
function isWanted(tag: string, { include, exclude }: Rules): boolean {
  if (!isTag(tag) || isArtifact(tag) || isCommitId(tag)) return false;
  return include?.test(tag) !== false && exclude?.test(tag) !== true;
}

/** Keys as bytes: those of tags that were not chosen are written over. */
class Keys {
  readonly #found: VersionCandidates;
  #bytes = Buffer.alloc(0);
  #text = -1;
  #from = 0;
  #to = 0;

  constructor(found: VersionCandidates) {
    this.#found = found;
  }

  write(key: string): { text: number; key: Uint8Array; start: number; end: number } {
    if (this.#from + key.length > this.#bytes.length) {
      this.#bytes = Buffer.alloc(64 * 1024);
      this.#text = this.#found.addText(this.#bytes);
      this.#from = 0;
    }
    this.#to = this.#from + this.#bytes.write(key, this.#from, "latin1");
    return { text: this.#text, key: this.#bytes, start: this.#from, end: this.#to };
  }

  keep(): void {
    this.#from = this.#to;
  }
}

/** The names of a list that the scheme accepts; yields where others may go on. */
export function* gatherNames(
  list: TagList,
  policy: NamePolicy,
  rules: Rules,
): Generator<void, NameCandidates> {
  const found = new NameCandidates(policy);
  const named = new Set([...rules.track, ...rules.verbatim]);
  let count = 0;
  for (const page of list.pages) {
    for (let index = 0; 2 * index < page.bounds.length; index++) {
      if (++count % patternSlice === 0) yield;
      if ((page.bounds[2 * index + 1] ?? 0) - (page.bounds[2 * index] ?? 0) > maxTag) continue;
      const tag = tagAt(page, index);
      const key = rules.extract === undefined ? tag : rules.extract.from(tag);
      if (key === undefined || policy.refuse(key) !== undefined || named.has(tag)) continue;
      if (!isTag(tag) || isArtifact(tag) || (isCommitId(tag) && !policy.names(tag))) continue;
      if (rules.include?.test(tag) === false || rules.exclude?.test(tag)) continue;
      if (unnamedPlatform(tag, policy, rules) === undefined) found.add(tag, key);
    }
  }
  return found;
}

/** The platform that a name ends with, unless the row names it: in `exact`, or by its word in Include or Extract. */
export function unnamedPlatform(tag: string, policy: NamePolicy, rules: Rules): string | undefined {
  const platform = policy.names(tag) ? undefined : platformOf(tag);
  if (platform === undefined) return undefined;
  const word = platform.toLowerCase().replace(/^(?:linux|windows|darwin)[-_]|[-_.].*$/g, "");
  const row = `${rules.include?.text ?? ""} ${rules.extract?.text ?? ""}`.toLowerCase();
  return row.includes(word) ? undefined : platform;
}
