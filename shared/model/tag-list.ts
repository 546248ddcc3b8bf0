/**
 * Tags as a registry sent them: bytes in place, not strings. A hundred thousand cost a few megabytes and are judged without
 * making a string of any; one is made only for a tag that somebody asks for.
 */
export interface TagPage {
  /** UTF-8 text in which the tags stand, such as the JSON of one page of a listing. */
  readonly bytes: Uint8Array;
  /** Tag `i` is `bytes` from `bounds[2 * i]` to before `bounds[2 * i + 1]`. */
  readonly bounds: Uint32Array;
}

/** All tags of one repository, in the registry's order; a registry may repeat itself. */
export interface TagList {
  readonly pages: readonly TagPage[];
  /** Repeats are counted. */
  readonly size: number;
}

export function tagListOf(pages: readonly TagPage[]): TagList {
  return { pages, size: pages.reduce((sum, { bounds }) => sum + bounds.length / 2, 0) };
}

/** A page of its own for tags that came as strings. */
export function tagPageOf(tags: readonly string[]): TagPage {
  const bounds = new Uint32Array(tags.length * 2);
  let text = "";
  let bound = 0;
  for (const tag of tags) {
    bounds[bound++] = text.length;
    text += tag;
    bounds[bound++] = text.length;
  }
  const bytes = Buffer.from(text);
  // Tags are ASCII, a byte for each character; where anything else came, bytes are counted anew.
  if (bytes.length > text.length) {
    let at = 0;
    for (const [index, tag] of tags.entries()) {
      bounds[2 * index] = at;
      at += Buffer.byteLength(tag);
      bounds[2 * index + 1] = at;
    }
  }
  return { bytes, bounds };
}

export function tagAt({ bytes, bounds }: TagPage, index: number): string {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return buffer.toString("utf8", bounds[2 * index], bounds[2 * index + 1]);
}

/** Every tag as a string, repeats and all: for people and tests, not for polls. */
export function* tagsOf({ pages }: TagList): Generator<string, void, undefined> {
  for (const page of pages)
    for (let index = 0; index < page.bounds.length / 2; index++) yield tagAt(page, index);
}
