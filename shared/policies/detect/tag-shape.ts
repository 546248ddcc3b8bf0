/** How the tags of a line are built, such as `main-{commit}-{time}`, and how to take what orders them out of them. */
export interface TagShape {
  /** For people, and the same for all tags of one line. */
  readonly text: string;
  /** As `text`, with the words before the first part left open: lines that differ in them alone are of one kind. */
  readonly kind: string;
  /** A watch's Extract for the line. */
  readonly extract: string;
  /** The scheme that reads what was extracted. */
  readonly scheme: "semver" | "loose" | "calver" | "number";
  /** What is ordered by, as words: "dates". */
  readonly order: string;
}

interface Part {
  readonly name: string;
  readonly pattern: RegExp;
  /** RE2 that takes it out of the tag by its groups. */
  readonly extract: string;
  /** The greatest decides by which part a line is ordered; commits never do. */
  readonly rank: number;
  readonly scheme: TagShape["scheme"];
  readonly order: string;
  /** Template of the groups, when joining them by dots would not do; `$n` counts from 1. */
  readonly template?: string;
}

const month = "(?:0[1-9]|1[0-2])";
const day = "(?:0[1-9]|[12][0-9]|3[01])";
const year = "(?:19|20)[0-9]{2}";

// In the order in which they are tried at each place.
const parts: readonly Part[] = [
  {
    name: "time",
    pattern: new RegExp(`(?<![0-9])${year}-${month}-${day}T[0-9]{2}-[0-9]{2}-[0-9]{2}`, "y"),
    extract: "([0-9]{4})-([0-9]{2})-([0-9]{2})T([0-9]{2})-([0-9]{2})-([0-9]{2})",
    rank: 6,
    scheme: "calver",
    order: "dates with times",
    template: "$1.$2.$3.$4$5$6",
  },
  {
    name: "time",
    pattern: new RegExp(`(?<![0-9])${year}${month}${day}[0-9]{6}(?![0-9])`, "y"),
    extract: "([0-9]{14})",
    rank: 6,
    scheme: "number",
    order: "dates with times",
  },
  {
    name: "time",
    pattern: new RegExp(`(?<![0-9])${year}${month}${day}[-T._][0-9]{6}(?![0-9])`, "y"),
    extract: "([0-9]{8})[-T._]([0-9]{6})",
    rank: 6,
    scheme: "number",
    order: "dates with times",
    template: "$1$2",
  },
  {
    name: "date",
    pattern: new RegExp(`(?<![0-9])${year}${month}${day}(?:\\.[0-9]{1,3})?(?![0-9])`, "y"),
    extract: "([0-9]{8}(?:\\.[0-9]{1,3})?)",
    rank: 5,
    scheme: "calver",
    order: "dates",
  },
  {
    name: "date",
    pattern: new RegExp(`(?<![0-9])${year}-${month}-${day}(?![0-9])`, "y"),
    extract: "([0-9]{4}-[0-9]{2}-[0-9]{2})",
    rank: 5,
    scheme: "calver",
    order: "dates",
  },
  {
    name: "seconds",
    pattern: /(?<![0-9])1[0-9]{9}(?:[0-9]{3})?(?![0-9])/y,
    extract: "(1[0-9]{9,12})",
    rank: 4,
    scheme: "number",
    order: "times in seconds or milliseconds since 1970",
  },
  {
    name: "commit",
    pattern: /(?<=^|[-._])g?(?=[0-9]*[a-f])[0-9a-f]{7,40}(?=$|[-._])/y,
    extract: "g?[0-9a-f]{7,40}",
    rank: 0,
    scheme: "number",
    order: "",
  },
  {
    name: "version",
    pattern: /v?[0-9]+(?:\.[0-9]+){2}(?![.0-9])/y,
    extract: "(v?[0-9]+\\.[0-9]+\\.[0-9]+)",
    rank: 3,
    scheme: "semver",
    order: "versions",
  },
  {
    name: "version",
    pattern: /v?[0-9]+(?:\.[0-9]+){1,3}(?![.0-9])/y,
    extract: "(v?[0-9]+(?:\\.[0-9]+){1,3})",
    rank: 2,
    scheme: "loose",
    order: "versions",
  },
  {
    name: "number",
    pattern: /(?<![0-9])[0-9]+/y,
    extract: "([0-9]+)",
    rank: 1,
    scheme: "number",
    order: "numbers",
  },
];

type Piece = { readonly part: Part } | { readonly literal: string };

/** Undefined when the tag has nothing in it that could order it. */
export function shapeOf(tag: string): TagShape | undefined {
  const pieces = piecesOf(tag);
  const deciding = pieces.reduce<number | undefined>((best, _, at) => {
    const rank = rankAt(pieces, at);
    return rank > (best === undefined ? 0 : rankAt(pieces, best)) ? at : best;
  }, undefined);
  const part = deciding === undefined ? undefined : partAt(pieces, deciding);
  if (deciding === undefined || part === undefined) return undefined;
  const counter = counterAfter(pieces, deciding);
  const extract = pieces
    .map((piece, at) => {
      if ("literal" in piece) return piece.literal.replaceAll(".", "\\.");
      if (at === deciding || at === counter) return piece.part.extract;
      return piece.part.extract.replaceAll(/\((?!\?)/g, "(?:");
    })
    .join("");
  const template = counter === undefined ? part.template : "$1.$2";
  const text = pieces.map((piece) => ("literal" in piece ? piece.literal : `{${piece.part.name}}`)).join("");
  return {
    text,
    kind: text.replace(/^[^{]*/, ""),
    extract: template === undefined ? extract : `${extract} => ${template}`,
    scheme: counter === undefined ? part.scheme : "loose",
    order: part.order,
  };
}

/** A count after three numbers is the fourth: builds of a version, or commits since it, as `git describe` has them. */
function counterAfter(pieces: readonly Piece[], at: number): number | undefined {
  if (partAt(pieces, at)?.scheme !== "semver" || partAt(pieces, at + 2)?.name !== "number") return undefined;
  const between = pieces[at + 1];
  const counts =
    between !== undefined && "literal" in between && /^[-._](?:build|b|r)?[-.]?$/.test(between.literal);
  return counts ? at + 2 : undefined;
}

function partAt(pieces: readonly Piece[], at: number): Part | undefined {
  const piece = pieces[at];
  return piece !== undefined && "part" in piece ? piece.part : undefined;
}

function rankAt(pieces: readonly Piece[], at: number): number {
  return partAt(pieces, at)?.rank ?? 0;
}

function piecesOf(tag: string): Piece[] {
  const pieces: Piece[] = [];
  let literal = "";
  for (let at = 0; at < tag.length; ) {
    const match = matchAt(tag, at);
    if (match === undefined) {
      literal += tag[at];
      at += 1;
      continue;
    }
    if (literal !== "") pieces.push({ literal });
    literal = "";
    pieces.push({ part: match.part });
    at += match.length;
  }
  if (literal !== "") pieces.push({ literal });
  return pieces;
}

function matchAt(tag: string, at: number): { readonly part: Part; readonly length: number } | undefined {
  for (const part of parts) {
    part.pattern.lastIndex = at;
    const [text] = part.pattern.exec(tag) ?? [];
    if (text !== undefined) return { part, length: text.length };
  }
  return undefined;
}
