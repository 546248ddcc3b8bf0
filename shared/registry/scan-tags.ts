import { isAscii } from "node:buffer";

/** Gives `TagPage.bounds` at its end; yields now and then on a long page, so that others may run. */
export type TagScan = Generator<undefined, Uint32Array | undefined, undefined>;

/** Bytes between two yields: a few milliseconds. */
const stride = 1024 * 1024;

/**
 * Finds the tags in the JSON of a listing without parsing it: `{"name": "…", "tags": ["…", …]}`, in either order, with
 * white space, or `tags: null`. Undefined means that it is anything else (escapes, other keys, a key twice, characters
 * beyond ASCII, no JSON at all), which JSON.parse must read.
 */
export function* scanTags(bytes: Uint8Array): TagScan {
  if (bytes.includes(backslash) || !isAscii(bytes)) return undefined;
  const found: Found = { bounds: roomFor(bytes), count: 0 };
  const keys = new Set<string>();
  let at = skipByte(bytes, skipSpace(bytes, 0), openBrace);
  for (let more = true; more; ) {
    const start = skipSpace(bytes, at);
    const end = skipString(bytes, start);
    if (end < 0) return undefined;
    const key = String.fromCharCode(...bytes.subarray(start + 1, Math.min(end - 1, start + 6)));
    if (keys.has(key)) return undefined;
    keys.add(key);
    at = skipSpace(bytes, skipByte(bytes, skipSpace(bytes, end), colon));
    if (key === "name") at = skipString(bytes, at);
    else if (key !== "tags") return undefined;
    else if (bytes[at] === n) at = skipNull(bytes, at);
    else at = yield* scanList(bytes, skipSpace(bytes, skipByte(bytes, at, openBracket)), found);
    at = skipSpace(bytes, at);
    more = bytes[at] === comma;
    if (more) at++;
  }
  at = skipSpace(bytes, skipByte(bytes, at, closeBrace));
  return at === bytes.length && keys.has("tags") ? trimmed(found) : undefined;
}

interface Found {
  bounds: Uint32Array;
  /** Numbers in `bounds`, two for each tag. */
  count: number;
}

// All below give the index after what they passed over, or -1 when it is not there; -1 leads to -1.

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

/** Where the string's closing quote is, from within it. */
function endOfText(bytes: Uint8Array, start: number): number {
  let at = start;
  while ((bytes[at] ?? 0) >= space && bytes[at] !== quote) at++;
  return bytes[at] === quote ? at : bytes.length;
}

function skipString(bytes: Uint8Array, start: number): number {
  return bytes[start] === quote ? skipByte(bytes, endOfText(bytes, start + 1), quote) : -1;
}

function skipSpace(bytes: Uint8Array, start: number): number {
  let at = start;
  while (bytes[at] === space || bytes[at] === 0x0a || bytes[at] === 0x0d || bytes[at] === 0x09) at++;
  return at;
}

function skipByte(bytes: Uint8Array, at: number, byte: number): number {
  return bytes[at] === byte ? at + 1 : -1;
}

function skipNull(bytes: Uint8Array, at: number): number {
  const isNull = bytes[at + 1] === 0x75 && bytes[at + 2] === 0x6c && bytes[at + 3] === 0x6c;
  return isNull ? at + 4 : -1;
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

const quote = 0x22;
const comma = 0x2c;
const colon = 0x3a;
const space = 0x20;
const backslash = 0x5c;
const openBracket = 0x5b;
const closeBracket = 0x5d;
const openBrace = 0x7b;
const closeBrace = 0x7d;
const n = 0x6e;
