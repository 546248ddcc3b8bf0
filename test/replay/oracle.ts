/**
 * The selection by brute force, without anything of the product: plain patterns, plain sorting, every tag looked at anew for
 * each list. It knows less syntax than the product (a range is a function here) and must come to the same tags.
 */
export interface OraclePolicy {
  readonly scheme: "semver" | "loose" | "calver" | "number" | "names";
  /** On the numbers, those that are missing as 0; on names, `name` is all there is. */
  readonly inRange: (numbers: readonly number[], name: string) => boolean;
  /** What follows version and prerelease; each is selected within itself. Default: nothing. */
  readonly families?: readonly OracleFamily[];
  readonly prereleases?: "include" | "exclude" | readonly string[];
  readonly include?: RegExp;
  readonly exclude?: RegExp;
  /** What the scheme reads instead of the tag; undefined for a tag that does not match. */
  readonly extract?: (tag: string) => string | undefined;
  readonly keep?: number;
  readonly keepPer?: "major" | "minor";
  readonly verbatim?: readonly string[];
  readonly track?: readonly string[];
  /** Names: whether the first in the alphabet is the newest. */
  readonly direction?: "asc" | "desc";
  /** The greatest first number that the range names, for the guard on dates among versions. */
  readonly greatest?: number;
}

export interface OracleFamily {
  readonly suffix: RegExp;
  readonly v?: "must" | "must-not";
  /** Whether the greater number in the suffix is the newer. */
  readonly counts?: true;
}

interface Reading {
  readonly tag: string;
  readonly key: string;
  readonly v: boolean;
  /** As many as are written. */
  readonly written: readonly number[];
  readonly numbers: readonly number[];
  readonly prerelease: string;
  readonly family: OracleFamily;
  readonly suffix: string;
}

const plain: readonly OracleFamily[] = [{ suffix: /^$/ }];

/** The tags that a row chooses, the newest first, family by family; then Verbatim. Floating ones that are tracked are not among them. */
export function oracle(tags: readonly string[], policy: OraclePolicy): string[] {
  const { track = [], verbatim = [] } = policy;
  const candidates = [...new Set(tags)].filter((tag) => !track.includes(tag) && isWanted(tag, policy));
  const chosen =
    policy.scheme === "names" ? chooseNames(candidates, policy) : chooseVersions(candidates, policy);
  const always = verbatim.filter((tag) => tags.includes(tag) && !track.includes(tag));
  return [...chosen.filter((tag) => !always.includes(tag)), ...always];
}

function isWanted(tag: string, { include, exclude }: OraclePolicy): boolean {
  if (!/^\w[\w.-]{0,127}$/.test(tag)) return false;
  if (/^sha(256|512)-[0-9a-f]{64}/.test(tag)) return false;
  if (/^(sha-|git-)[0-9a-f]{7,40}$/.test(tag)) return false;
  if (/^[0-9a-f]{7,40}$/.test(tag) && /[a-f]/.test(tag)) return false;
  if (include !== undefined && include.exec(tag)?.[0] !== tag) return false;
  return exclude?.exec(tag)?.[0] !== tag;
}

function chooseNames(
  tags: readonly string[],
  { inRange, direction, keep = tags.length }: OraclePolicy,
): string[] {
  const fitting = tags.filter((tag) => inRange([], tag) && !platform.test(tag)).sort();
  return (direction === "desc" ? fitting : fitting.reverse()).slice(0, keep);
}

const platform =
  /[-_.](amd64|arm64(v8)?|arm32v[5-7]|i386|ppc64le|s390x|riscv64|windowsservercore.*|nanoserver.*|ltsc\d+)$/;

function chooseVersions(tags: readonly string[], policy: OraclePolicy): string[] {
  const { families = plain, scheme, inRange, keep = Number.POSITIVE_INFINITY, keepPer } = policy;
  const all = tags.flatMap((tag) => read(tag, policy) ?? []);
  return families.flatMap((family) => {
    const own = all.filter((each) => each.family === family);
    const aliases = scheme === "loose" || scheme === "calver" ? aliasesOf(own) : new Set<Reading>();
    const farOff =
      scheme === "semver" || scheme === "loose" ? firstOfGap(own, policy.greatest ?? 0) : Infinity;
    const fitting = own.filter(
      (each) =>
        inRange(each.numbers, each.key) &&
        prereleaseIsWanted(each.prerelease, policy) &&
        !aliases.has(each) &&
        (each.numbers[0] ?? 0) < farOff,
    );
    fitting.sort((a, b) => newer(a, b, scheme) || a.tag.length - b.tag.length || (a.tag < b.tag ? -1 : 1));
    const kept: string[] = [];
    const perGroup = new Map<string, number>();
    for (const [index, each] of fitting.entries()) {
      const before = fitting[index - 1];
      const group = keepPer === undefined ? "" : each.numbers.slice(0, keepPer === "major" ? 1 : 2).join(".");
      const count = perGroup.get(group) ?? 0;
      if (before !== undefined && newer(before, each, scheme) === 0) {
        // One version under two tags: a spelling with v gives way, but what Extract made one stays, both or none.
        if (policy.extract !== undefined && kept.includes(before.tag)) kept.push(each.tag);
      } else if (count < keep) {
        perGroup.set(group, count + 1);
        kept.push(each.tag);
      }
    }
    return kept;
  });
}

/** Words that make a prerelease of what follows the numbers, from SELECTION's list; a number does, too. */
const word =
  /^(alpha|beta|rc|cr|preview|prerelease|pre|develop|development|devel|dev|canary|nightly|daily|snapshot|eap|ea|milestone|next|edge|testing|test|experimental|unstable|insiders|insider|m(?=\d)|a(?=\d)|b(?=\d)|tp(?=\d))(?![a-z])/i;

function read(tag: string, policy: OraclePolicy): Reading | undefined {
  const { scheme, extract, families = plain } = policy;
  const key = extract === undefined ? tag : extract(tag);
  if (key === undefined) return undefined;
  const separators = scheme === "calver" ? /^(v?)(\d+(?:[.-]\d+)*)(.*)$/ : /^(v?)(\d+(?:\.\d+)*)(.*)$/;
  const [, v, digits = "", rest = ""] = separators.exec(key) ?? [];
  if (v === undefined) return undefined;
  const parts = digits.split(/[.-]/);
  const written = parts.map(Number);
  if (scheme === "semver" && (parts.length !== 3 || parts.some((part) => /^0\d/.test(part))))
    return undefined;
  if (scheme === "loose" && (parts.length < 2 || parts.length > 4)) return undefined;
  if (scheme === "number" && parts.length !== 1) return undefined;
  const numbers = scheme === "calver" ? dateOf(parts) : [...written];
  if (numbers === undefined) return undefined;
  while (numbers.length < 4) numbers.push(0);
  const parted = partSuffix(rest, scheme === "semver" ? "strict" : "wide", policy);
  if (parted === undefined) return undefined;
  const family = families.find(
    (each) =>
      each.suffix.test(parted.suffix) && (each.v === undefined || (each.v === "must") === (v === "v")),
  );
  if (family === undefined) return undefined;
  return {
    tag,
    key,
    v: v === "v",
    written: scheme === "calver" ? numbers.slice(0, lengthOf(parts)) : written,
    numbers,
    ...parted,
    family,
  };
}

/** Year, month, day and count of a date in parts or in one piece; undefined when it is none. */
function dateOf(parts: readonly string[]): number[] | undefined {
  const [first = "", second] = parts;
  const compact = /^(\d{4})(\d{2})(\d{2})$/.exec(first);
  if (compact !== null) {
    if (parts.length > 2) return undefined;
    const [year = 0, month = 0, day = 0] = compact.slice(1).map(Number);
    const valid = new Date(Date.UTC(year, month - 1, day));
    if (year < 1970 || year > 2199 || valid.getUTCMonth() !== month - 1 || valid.getUTCDate() !== day)
      return undefined;
    return [year, month, day, Number(second ?? 0)];
  }
  if (parts.length < 2 || parts.length > 4) return undefined;
  const numbers = parts.map(Number);
  if (first.length <= 2) numbers[0] = 2000 + Number(first);
  const [year = 0, month = 0] = numbers;
  return year < 1970 || year > 2199 || month < 1 || month > 12 ? undefined : numbers;
}

function lengthOf(parts: readonly string[]): number {
  return parts[0]?.length === 8 ? parts.length + 2 : parts.length;
}

/** What follows the numbers: a prerelease, which goes on over `.identifier` and `-digits`, and a suffix. */
function partSuffix(
  rest: string,
  kind: "strict" | "wide",
  { prereleases = "exclude" }: OraclePolicy,
): { readonly prerelease: string; readonly suffix: string } | undefined {
  if (rest === "") return { prerelease: "", suffix: "" };
  const lead = /^[-._]/.test(rest) ? rest.slice(0, 1) : "";
  if (kind === "strict" && lead !== "-") return undefined;
  const text = rest.slice(lead.length);
  const labels = typeof prereleases === "string" ? [] : prereleases;
  const listed = labels.some((label) => new RegExp(`^${label}(?![a-z])`, "i").test(text));
  // A number after `_` is what Helm and others write for +: a build, not a prerelease.
  const numbered = lead === "-" && /^\d+(?=[-._]|$)/.test(text);
  if (!listed && !word.test(text) && !numbered)
    return lead === "" ? undefined : { prerelease: "", suffix: rest };
  const [prerelease = ""] = /^[^-._]+(?:\.[^-._]+|-\d+(?![^-._]))*/.exec(text) ?? [];
  return { prerelease, suffix: text.slice(prerelease.length) };
}

function prereleaseIsWanted(prerelease: string, { prereleases = "exclude" }: OraclePolicy): boolean {
  if (prerelease === "" || prereleases === "include") return true;
  if (prereleases === "exclude") return false;
  return prereleases.some((label) => new RegExp(`^${label}(?![a-z])`, "i").test(prerelease));
}

/**
 * Tags whose numbers begin a longer tag's with the same suffix: 1.27 beside 1.27.4. Among prereleases a word alone stands for
 * any (8.0-rc beside 8.0.0beta1), another for those that begin with it. A whole date in one piece is none: 20231211 is a build
 * as 20231211.1 is one.
 */
function aliasesOf(own: readonly Reading[]): ReadonlySet<Reading> {
  const longer = (short: Reading, long: Reading): boolean =>
    long.suffix === short.suffix &&
    long.written.length > short.written.length &&
    short.written.every((number, at) => number === long.written[at]);
  const standsFor = (early: string, late: string): boolean => {
    if (early === "" || late === "") return early === late;
    return /^[a-z]+$/i.test(early) || late.toLowerCase().startsWith(early.toLowerCase());
  };
  const groups = Map.groupBy(own, ({ numbers }) => numbers.slice(0, 2).join("."));
  return new Set(
    own.filter((short) => {
      if (/^v?\d{8}(?!\d)/.test(short.key)) return false;
      const near = groups.get(short.numbers.slice(0, 2).join(".")) ?? [];
      return near.some((long) => longer(short, long) && standsFor(short.prerelease, long.prerelease));
    }),
  );
}

/** The first major above a gap: over 100 above and over 10 times the one before it, unless the range names such numbers. */
function firstOfGap(own: readonly Reading[], greatest: number): number {
  const majors = [...new Set(own.map(({ numbers }) => numbers[0] ?? 0))].sort((a, b) => a - b);
  const after = majors.find((major, at) => {
    const before = majors[at - 1];
    return before !== undefined && major > before + 100 && major > before * 10 && greatest < major;
  });
  return after ?? Number.POSITIVE_INFINITY;
}

/** Negative when `a` is newer than `b`. */
function newer(a: Reading, b: Reading, scheme: OraclePolicy["scheme"]): number {
  for (let at = 0; at < 4; at++) {
    const difference = (b.numbers[at] ?? 0) - (a.numbers[at] ?? 0);
    if (difference !== 0) return difference;
  }
  if ((a.prerelease === "") !== (b.prerelease === "")) return a.prerelease === "" ? -1 : 1;
  const order =
    scheme === "semver" ? byPrecedence(b.prerelease, a.prerelease) : byRuns(b.prerelease, a.prerelease);
  if (order !== 0) return order;
  return a.family.counts === true ? byRuns(b.suffix, a.suffix) : 0;
}

/** Semantic Versioning 2.0.0, section 11. */
function byPrecedence(a: string, b: string): number {
  const [left, right] = [a.split("."), b.split(".")];
  for (let at = 0; at < Math.max(left.length, right.length); at++) {
    const [one, two] = [left[at], right[at]];
    if (one === two) continue;
    if (one === undefined || two === undefined) return one === undefined ? -1 : 1;
    const [first, second] = [/^\d+$/.test(one), /^\d+$/.test(two)];
    if (first && second) return Number(one) - Number(two);
    if (first !== second) return first ? -1 : 1;
    return one < two ? -1 : 1;
  }
  return 0;
}

/** Digits as numbers, all else as text. */
function byRuns(a: string, b: string): number {
  const [left, right] = [a.toLowerCase().match(/\d+|\D+/g) ?? [], b.toLowerCase().match(/\d+|\D+/g) ?? []];
  for (let at = 0; at < Math.max(left.length, right.length); at++) {
    const [one = "", two = ""] = [left[at], right[at]];
    if (one === two) continue;
    if (/^\d/.test(one) && /^\d/.test(two)) {
      if (Number(one) !== Number(two)) return Number(one) - Number(two);
    } else return one < two ? -1 : 1;
  }
  return 0;
}
