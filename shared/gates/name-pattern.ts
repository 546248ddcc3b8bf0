import { printable } from "../model/digest.ts";
import { Failure } from "../model/failure.ts";

/** A pattern for names that are parted by slashes: `*` stands for anything within one part, `**` for anything at all. */
export interface NamePattern {
  readonly text: string;
  matches(name: string): boolean;
  /** Whether it matches all that `other` matches; a no may be wrong, a yes never is. */
  covers(other: NamePattern): boolean;
}

type Token = "*" | "**" | { readonly letter: string };

const longest = 400;
const allowed = /^[a-z0-9._:/*[\]-]+$/;
// Neither may stand in a name or a pattern: one for whatever `*` may be, one for whatever `**` may be besides.
const [within, across] = ["\u0001", "\u0002"];

/** Throws `invalid`. `what` names the field. */
export function parseNamePattern(what: string, text: string): NamePattern {
  if (text.length > longest || !allowed.test(text)) {
    throw new Failure(
      "invalid",
      `${what} "${printable(text)}" is not a pattern: expected lower-case letters, digits and . _ - : /, with * for one part's letters and ** for anything`,
    );
  }
  const tokens = (text.match(/\*\*+|./g) ?? []).map(
    (part): Token => (part === "*" ? "*" : part.startsWith("**") ? "**" : { letter: part }),
  );
  return {
    text,
    matches: (name) => run(tokens, name),
    covers: (other) => run(tokens, other.text.replaceAll(/\*\*+/g, across).replaceAll("*", within)),
  };
}

/** One pass over the name with the set of places in the pattern that it may have come to: no name makes it slow. */
function run(tokens: readonly Token[], name: string): boolean {
  let places = closure(tokens, new Set([0]));
  for (const letter of name) {
    const next = new Set<number>();
    for (const place of places) {
      const token = tokens[place];
      if (token === undefined) continue;
      if (token === "**") next.add(place);
      else if (token === "*") {
        if (letter !== "/" && letter !== across) next.add(place);
      } else if (token.letter === letter) next.add(place + 1);
    }
    places = closure(tokens, next);
    if (places.size === 0) return false;
  }
  return places.has(tokens.length);
}

/** A wildcard may stand for nothing. */
function closure(tokens: readonly Token[], places: Set<number>): Set<number> {
  for (const place of places) {
    const token = tokens[place];
    if (token === "*" || token === "**") places.add(place + 1);
  }
  return places;
}
