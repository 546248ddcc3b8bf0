/** A semantic version. `prerelease` is empty for a release. */
export interface Version {
  readonly major: number;
  readonly minor: number;
  readonly patch: number;
  readonly prerelease: readonly string[];
}

// Semantic Versioning 2.0.0 with an optional v. Build metadata is left out: `+` cannot be in a tag.
const number = "(0|[1-9][0-9]*)";
const identifier = "(?:0|[1-9][0-9]*|[0-9]*[a-zA-Z-][0-9a-zA-Z-]*)";
const pattern = new RegExp(`^v?${number}\\.${number}\\.${number}(?:-(${identifier}(?:\\.${identifier})*))?$`);
const release: readonly string[] = [];

/** Reads `X.Y.Z[-prerelease]` with an optional leading v; undefined for anything else, and for numbers over 2^53. */
export function readVersion(tag: string): Version | undefined {
  const match = pattern.exec(tag);
  if (match === null) return undefined;
  const major = Number(match[1]);
  const minor = Number(match[2]);
  const patch = Number(match[3]);
  if (!(Number.isSafeInteger(major) && Number.isSafeInteger(minor) && Number.isSafeInteger(patch))) {
    return undefined;
  }
  return { major, minor, patch, prerelease: match[4]?.split(".") ?? release };
}

/** Precedence by Semantic Versioning 2.0.0, section 11: negative when `a` is older. */
export function compareVersions(a: Version, b: Version): number {
  return (
    a.major - b.major ||
    a.minor - b.minor ||
    a.patch - b.patch ||
    comparePrereleases(a.prerelease, b.prerelease)
  );
}

function comparePrereleases(a: readonly string[], b: readonly string[]): number {
  if (a.length === 0 || b.length === 0) return b.length - a.length;
  for (const [index, left] of a.entries()) {
    const right = b[index];
    if (right === undefined) return 1;
    const order = compareIdentifiers(left, right);
    if (order !== 0) return order;
  }
  return a.length - b.length;
}

const digits = /^[0-9]+$/;

function compareIdentifiers(a: string, b: string): number {
  const numeric = digits.test(a);
  if (numeric !== digits.test(b)) return numeric ? -1 : 1;
  // Without leading zeros the longer number is the greater, however long.
  if (numeric && a.length !== b.length) return a.length - b.length;
  return a < b ? -1 : a > b ? 1 : 0;
}
