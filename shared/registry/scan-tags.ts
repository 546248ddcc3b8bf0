import { isAscii } from "node:buffer";
import {
  backslash,
  closeBrace,
  closeBracket,
  comma,
  endOfText,
  openBrace,
  openBracket,
  quote,
  skipByte,
  skipKey,
  skipSpace,
  skipValue,
  skipWord,
  stride,
} from "./skip-json.ts";

/** Gives `TagPage.bounds` at its end; yields now and then on a long page, so that others may run. */
export type TagScan = Generator<undefined, Uint32Array | undefined, undefined>;

const mostKeys = 64;

/**
 * Finds the tags in the JSON of a listing without parsing it: `{"name": "…", "tags": ["…", …]}`, or `tags: null`, in any
 * order, with white space and with other keys. Undefined means that it is anything else (escapes, characters beyond ASCII,
 * a key twice, no JSON at all), which JSON.parse must read.
 */
export function* scanTags(bytes: Uint8Array): TagScan {
  if (bytes.includes(backslash) || !isAscii(bytes)) return undefined;
  const found: Found = { bounds: roomFor(bytes), count: 0 };
  const keys = new Set<string>();
  let at = skipByte(bytes, skipSpace(bytes, 0), openBrace);
  for (let more = true; more; ) {
    const start = skipSpace(bytes, at);
    at = skipKey(bytes, start);
    if (at < 0) return undefined;
    const key = latin1(bytes, start + 1, endOfText(bytes, start + 1));
    if (keys.has(key) || key === "__proto__" || keys.size === mostKeys) return undefined;
    keys.add(key);
    if (key === "tags" && bytes[at] !== n) {
      at = yield* scanList(bytes, skipSpace(bytes, skipByte(bytes, at, openBracket)), found);
    } else at = key === "tags" ? skipWord(bytes, at, "null") : yield* skipValue(bytes, at);
    at = skipSpace(bytes, at);
    more = bytes[at] === comma;
    if (more) at++;
  }
  at = skipSpace(bytes, skipByte(bytes, at, closeBrace));
  return at === bytes.length && keys.has("tags") ? trimmed(found) : undefined;
}

function latin1(bytes: Uint8Array, start: number, end: number): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset + start, end - start).toString("latin1");
}

interface Found {
  bounds: Uint32Array;
  /** Numbers in `bounds`, two for each tag. */
  count: number;
}

function* scanList(bytes: Uint8Array, start: number, found: Found): Generator<undefined, number, undefined> {
  if (bytes[start] === closeBracket) return start + 1;
  for (let at = start; ; ) {
    at = scanStrings(bytes, at, found);
    if (at < 0 || bytes[at - 1] === closeBracket) return at;
    yield;
  }
}

/** Strings and commas up to after the bracket, or to a string's beginning once a stride is done. */
function scanStrings(bytes: Uint8Array, start: number, found: Found): number {
  let { bounds, count } = found;
  let at = start;
  for (const pause = start + stride; at < pause; ) {
    if (bytes[at] !== quote) return -1;
    if (count + 2 > bounds.length) bounds = doubled(bounds);
    bounds[count++] = ++at;
    // The hot loop: all that is greater than a quote is plain text.
    while ((bytes[at] ?? 0) > quote) at++;
    if (bytes[at] !== quote) at = endOfText(bytes, at);
    bounds[count++] = at++;
    if (bytes[at] !== comma) at = skipSpace(bytes, at);
    if (bytes[at] !== comma) {
      Object.assign(found, { bounds, count });
      return skipByte(bytes, at, closeBracket);
    }
    at++;
    if (bytes[at] !== quote) at = skipSpace(bytes, at);
  }
  Object.assign(found, { bounds, count });
  return at;
}

// Pages of some kilobytes share their array: to make one for each would be a third of the scan.
const shared: { room: Uint32Array } = { room: new Uint32Array(0) };
const sharedLength = 64 * 1024;
const smallPage = 64 * 1024;

/** A short page is scanned without a pause, so that nobody else takes of the same room meanwhile. */
function roomFor(bytes: Uint8Array): Uint32Array {
  if (bytes.length > smallPage) return new Uint32Array(bytes.length >> 2);
  // The shortest tag, an empty one, has three bytes with its quotes and its comma.
  if (shared.room.length < bytes.length) shared.room = new Uint32Array(sharedLength);
  return shared.room;
}

/** Without a copy, unless that would hold on to much more than is used. */
function trimmed({ bounds, count }: Found): Uint32Array {
  if (bounds === shared.room) {
    shared.room = bounds.subarray(count);
    return bounds.subarray(0, count);
  }
  return count * 2 < bounds.length ? bounds.slice(0, count) : bounds.subarray(0, count);
}

function doubled(bounds: Uint32Array): Uint32Array {
  const larger = new Uint32Array(bounds.length * 2);
  larger.set(bounds);
  return larger;
}

const n = 0x6e;
