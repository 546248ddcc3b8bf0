import { type TagList, tagAt } from "../model/tag-list.ts";
import { textOf } from "./tag-reader.ts";

/** Tags that the row names: a test of bytes that makes a string only where one could match. */
export interface NamedTags {
  has(bytes: Uint8Array, start: number, end: number): boolean;
}

export function createNamedTags(names: readonly string[]): NamedTags {
  if (names.length === 0) return { has: () => false };
  const all = new Set(names);
  // Most tags differ already in their length and first letter.
  const signatures = new Uint8Array(129 * 128);
  for (const name of names) signatures[signatureOf(name.length, name.charCodeAt(0))] = 1;
  return {
    has(bytes, start, end) {
      if (signatures[signatureOf(end - start, bytes[start] ?? 0)] !== 1) return false;
      return all.has(textOf(bytes, start, end));
    },
  };
}

function signatureOf(length: number, first: number): number {
  return length * 128 + first;
}

/** Those of `names` that the list has. */
export function* presentIn(list: TagList, names: readonly string[]): Generator<void, ReadonlySet<string>> {
  const present = new Set<string>();
  if (names.length === 0) return present;
  const named = createNamedTags(names);
  let count = 0;
  for (const page of list.pages) {
    for (let index = 0; index < page.bounds.length / 2; index++) {
      if (++count % 4096 === 0) yield;
      if (named.has(page.bytes, page.bounds[2 * index] ?? 0, page.bounds[2 * index + 1] ?? 0))
        present.add(tagAt(page, index));
    }
  }
  return present;
}
