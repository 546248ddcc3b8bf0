/** Compares `a` from `aStart` to before `aEnd` with a part of `b`: negative when that of `a` is older. */
export type CompareBytes = (
  a: Uint8Array,
  aStart: number,
  aEnd: number,
  b: Uint8Array,
  bStart: number,
  bEnd: number,
) => number;

const dot = 46;

/** Precedence of prereleases by Semantic Versioning 2.0.0, section 11: identifier by identifier. */
export const bySemver: CompareBytes = (a, aStart, aEnd, b, bStart, bEnd) => {
  let [left, right] = [aStart, bStart];
  while (left < aEnd && right < bEnd) {
    const [leftEnd, rightEnd] = [partEnd(a, left, aEnd), partEnd(b, right, bEnd)];
    const numeric = digitsEnd(a, left, leftEnd) === leftEnd;
    if (numeric !== (digitsEnd(b, right, rightEnd) === rightEnd)) return numeric ? -1 : 1;
    // Without leading zeros the longer number is the greater, however long.
    const order =
      (numeric ? leftEnd - left - (rightEnd - right) : 0) || byBytes(a, left, leftEnd, b, right, rightEnd);
    if (order !== 0) return order;
    [left, right] = [leftEnd + 1, rightEnd + 1];
  }
  return Math.max(aEnd - left, 0) - Math.max(bEnd - right, 0);
};

/** As people count: runs of digits by their value, letters whatever their case, `.`, `-` and `_` only part them. */
export const byNature: CompareBytes = (a, aStart, aEnd, b, bStart, bEnd) => {
  let [left, right] = [aStart, bStart];
  for (;;) {
    while (left < aEnd && isSeparator(a[left])) left++;
    while (right < bEnd && isSeparator(b[right])) right++;
    if (left >= aEnd || right >= bEnd) return (left < aEnd ? 1 : 0) - (right < bEnd ? 1 : 0);
    const [leftEnd, rightEnd] = [runEnd(a, left, aEnd), runEnd(b, right, bEnd)];
    const numeric = isDigit(a[left]);
    if (numeric !== isDigit(b[right])) return numeric ? -1 : 1;
    const order = numeric
      ? byValue(a, left, leftEnd, b, right, rightEnd)
      : byLetters(a, left, leftEnd, b, right, rightEnd);
    if (order !== 0) return order;
    [left, right] = [leftEnd, rightEnd];
  }
};

/** By bytes, the shorter first. */
export const byBytes: CompareBytes = (a, aStart, aEnd, b, bStart, bEnd) => {
  const length = Math.min(aEnd - aStart, bEnd - bStart);
  for (let at = 0; at < length; at++) {
    const order = (a[aStart + at] ?? 0) - (b[bStart + at] ?? 0);
    if (order !== 0) return order;
  }
  return aEnd - aStart - (bEnd - bStart);
};

const byValue: CompareBytes = (a, aStart, aEnd, b, bStart, bEnd) => {
  let [left, right] = [aStart, bStart];
  while (left < aEnd - 1 && a[left] === 48) left++;
  while (right < bEnd - 1 && b[right] === 48) right++;
  return aEnd - left - (bEnd - right) || byBytes(a, left, aEnd, b, right, bEnd);
};

const byLetters: CompareBytes = (a, aStart, aEnd, b, bStart, bEnd) => {
  const length = Math.min(aEnd - aStart, bEnd - bStart);
  for (let at = 0; at < length; at++) {
    const order = ((a[aStart + at] ?? 0) | 32) - ((b[bStart + at] ?? 0) | 32);
    if (order !== 0) return order;
  }
  return aEnd - aStart - (bEnd - bStart);
};

function partEnd(bytes: Uint8Array, from: number, end: number): number {
  let at = from;
  while (at < end && bytes[at] !== dot) at++;
  return at;
}

function digitsEnd(bytes: Uint8Array, from: number, end: number): number {
  let at = from;
  while (at < end && isDigit(bytes[at])) at++;
  return at;
}

function runEnd(bytes: Uint8Array, from: number, end: number): number {
  if (isDigit(bytes[from])) return digitsEnd(bytes, from, end);
  let at = from;
  while (at < end && !isDigit(bytes[at]) && !isSeparator(bytes[at])) at++;
  return at;
}

function isDigit(byte = 0): boolean {
  return byte >= 48 && byte <= 57;
}

function isSeparator(byte = 0): boolean {
  return byte === dot || byte === 45 || byte === 95;
}
