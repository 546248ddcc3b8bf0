/*
 * Passes over JSON in place, as strict as JSON.parse but for what it does not know: escapes and characters beyond ASCII,
 * which the caller must have looked for. Every function gives the index after what it passed over, or -1 when that is not
 * there; -1 leads to -1.
 */

export const quote = 0x22;
export const comma = 0x2c;
export const colon = 0x3a;
export const openBracket = 0x5b;
export const closeBracket = 0x5d;
export const openBrace = 0x7b;
export const closeBrace = 0x7d;
export const backslash = 0x5c;
const space = 0x20;

/** Bytes between two yields: a few milliseconds. */
export const stride = 1024 * 1024;
const mostLevels = 64;

export function skipSpace(bytes: Uint8Array, start: number): number {
  let at = start;
  while (bytes[at] === space || bytes[at] === 0x0a || bytes[at] === 0x0d || bytes[at] === 0x09) at++;
  return at;
}

export function skipByte(bytes: Uint8Array, at: number, byte: number): number {
  return bytes[at] === byte ? at + 1 : -1;
}

export function skipString(bytes: Uint8Array, start: number): number {
  return bytes[start] === quote ? skipByte(bytes, endOfText(bytes, start + 1), quote) : -1;
}

/** Where the string's closing quote is, from within it; the end of all where it has none. */
export function endOfText(bytes: Uint8Array, start: number): number {
  let at = start;
  while ((bytes[at] ?? 0) >= space && bytes[at] !== quote) at++;
  return bytes[at] === quote ? at : bytes.length;
}

/** A key, its colon and the spaces around it, up to the value. */
export function skipKey(bytes: Uint8Array, start: number): number {
  const end = skipString(bytes, start);
  return end < 0 ? -1 : skipSpace(bytes, skipByte(bytes, skipSpace(bytes, end), colon));
}

/** Any value; yields once for each stride. Not deeper than 64 levels. */
export function* skipValue(bytes: Uint8Array, start: number): Generator<undefined, number, undefined> {
  // What closes the lists and objects that are open.
  const open: number[] = [];
  let pause = start + stride;
  for (let at = start; ; ) {
    if (at >= pause) {
      pause = at + stride;
      yield;
    }
    const opening = bytes[at];
    if (opening === openBrace || opening === openBracket) {
      const closing = opening === openBrace ? closeBrace : closeBracket;
      at = skipSpace(bytes, at + 1);
      if (bytes[at] !== closing) {
        if (open.push(closing) > mostLevels) return -1;
        if (opening === openBrace) at = skipKey(bytes, at);
        if (at < 0) return -1;
        continue;
      }
      at++;
    } else at = skipScalar(bytes, at);
    at = skipEnds(bytes, at, open);
    if (at < 0 || open.length === 0) return at;
    at = skipSpace(bytes, skipByte(bytes, at, comma));
    if (open.at(-1) === closeBrace) at = skipKey(bytes, at);
    if (at < 0) return -1;
  }
}

/** What closes after a value: up to the comma of the list or object that is still open, or after the last of them. */
function skipEnds(bytes: Uint8Array, start: number, open: number[]): number {
  let at = start;
  while (at >= 0 && open.length > 0) {
    at = skipSpace(bytes, at);
    if (bytes[at] !== open.at(-1)) return at;
    open.pop();
    at++;
  }
  return at;
}

function skipScalar(bytes: Uint8Array, at: number): number {
  switch (bytes[at]) {
    case quote:
      return skipString(bytes, at);
    case 0x6e:
      return skipWord(bytes, at, "null");
    case 0x74:
      return skipWord(bytes, at, "true");
    case 0x66:
      return skipWord(bytes, at, "false");
    default:
      return skipNumber(bytes, at);
  }
}

export function skipWord(bytes: Uint8Array, at: number, word: string): number {
  for (let index = 0; index < word.length; index++)
    if (bytes[at + index] !== word.charCodeAt(index)) return -1;
  return at + word.length;
}

function skipNumber(bytes: Uint8Array, start: number): number {
  let at = bytes[start] === 0x2d ? start + 1 : start;
  at = bytes[at] === 0x30 ? at + 1 : skipDigits(bytes, at);
  if (bytes[at] === 0x2e) at = skipDigits(bytes, at + 1);
  if (((bytes[at] ?? 0) | 0x20) !== 0x65) return at;
  const sign = bytes[at + 1];
  return skipDigits(bytes, sign === 0x2b || sign === 0x2d ? at + 2 : at + 1);
}

/** One digit at least. */
function skipDigits(bytes: Uint8Array, start: number): number {
  let at = start;
  for (let byte = bytes[at] ?? 0; byte >= 0x30 && byte <= 0x39; byte = bytes[at] ?? 0) at++;
  return at > start ? at : -1;
}
