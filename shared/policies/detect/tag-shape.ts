import { type TagPart, tagParts } from "./tag-parts.ts";

/** How the tags of a line are built, such as `main-{commit}-{time}`, and how to take what orders them out of them. */
export interface TagShape {
  /** For people, and the same for all tags of one line. */
  readonly text: string;
  /** As `text`, with the words before the first part left open: lines that differ in them alone are of one kind. */
  readonly kind: string;
  /** A watch's Extract for the line. */
  readonly extract: string;
  /** The scheme that reads what was extracted. */
  readonly scheme: TagPart["scheme"];
  /** What is ordered by, as words: "dates". */
  readonly order: string;
}

type Piece = { readonly part: TagPart } | { readonly literal: string };

// A tag of more parts is no version of anything, and its pattern would be larger than a row may have.
const mostParts = 8;

/** Undefined when the tag has nothing in it that could order it. */
export function shapeOf(tag: string): TagShape | undefined {
  const pieces = piecesOf(tag);
  if (pieces.filter((piece) => "part" in piece).length > mostParts) return undefined;
  const taken = takenParts(pieces);
  const [first] = taken;
  const part = first === undefined ? undefined : partAt(pieces, first);
  if (part === undefined) return undefined;
  const extract = pieces
    .map((piece, at) => {
      if ("literal" in piece) return piece.literal.replaceAll(".", "\\.");
      return taken.includes(at) ? piece.part.extract : piece.part.extract.replaceAll(/\((?!\?)/g, "(?:");
    })
    .join("");
  const text = pieces.map((piece) => ("literal" in piece ? piece.literal : `{${piece.part.name}}`)).join("");
  return {
    text,
    kind: text.replace(/^[^{]*/, ""),
    // Groups are joined by dots unless told otherwise.
    extract: part.template === undefined ? extract : `${extract} => ${part.template}`,
    scheme: taken.length > 1 ? "loose" : part.scheme,
    order: part.order,
  };
}

/** Places of what orders the tag: one part, a version and the count after it, or two to four numbers. */
function takenParts(pieces: readonly Piece[]): readonly number[] {
  const counted = pieces.findIndex((_, at) => counterAfter(pieces, at) !== undefined);
  if (counted >= 0) return [counted, counted + 2];
  const deciding = highest(pieces);
  if (deciding === undefined) return [];
  if (partAt(pieces, deciding)?.name !== "number") return [deciding];
  return [...pieces.keys()].filter((at) => partAt(pieces, at)?.name === "number").slice(0, 4);
}

/** The first of the parts with the greatest rank. */
function highest(pieces: readonly Piece[]): number | undefined {
  return pieces.reduce<number | undefined>((best, _, at) => {
    const rank = rankAt(pieces, at);
    return rank > (best === undefined ? 0 : rankAt(pieces, best)) ? at : best;
  }, undefined);
}

const counters = new Set(["number", "date", "seconds"]);

/**
 * A count after two or three numbers is one more: builds of a version, their dates, or commits since it, as `git describe`
 * has them.
 */
function counterAfter(pieces: readonly Piece[], at: number): number | undefined {
  const [version, count] = [partAt(pieces, at), partAt(pieces, at + 2)];
  if (version?.name !== "version" || version.extract.endsWith("{3})")) return undefined;
  if (count === undefined || !counters.has(count.name) || count.extract.includes("]{4}-")) return undefined;
  const between = pieces[at + 1];
  const counts =
    between !== undefined && "literal" in between && /^[-._](?:build|b|r)?[-.]?$/.test(between.literal);
  return counts ? at + 2 : undefined;
}

function partAt(pieces: readonly Piece[], at: number): TagPart | undefined {
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

function matchAt(tag: string, at: number): { readonly part: TagPart; readonly length: number } | undefined {
  for (const part of tagParts) {
    part.pattern.lastIndex = at;
    const [text] = part.pattern.exec(tag) ?? [];
    if (text !== undefined) return { part, length: text.length };
  }
  return undefined;
}
