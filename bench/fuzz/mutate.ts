import type { Random } from "./random.ts";

export interface Corpus {
  /** Valid texts, and near misses. */
  readonly texts: readonly string[];
  /** What the grammar is made of. */
  readonly tokens: readonly string[];
}

/** In characters: what a header, a column or a name may come to, and more. */
const longest = 64 * 1024;
/** One in so many inputs is as long as that. */
const rarity = 2000;

/** A text of the corpus that was spoilt in one to six places; now and then noise, or one token over and over. */
export function mutated(random: Random, corpus: Corpus): string {
  if (random.below(rarity) === 0) return repetition(random, corpus);
  if (random.below(20) === 0) return noise(random, random.below(80));
  let text = random.pick(corpus.texts);
  for (let count = random.below(6); count >= 0; count--) text = spoilt(text, random, corpus);
  return text.slice(0, longest);
}

function spoilt(text: string, random: Random, { texts, tokens }: Corpus): string {
  const from = random.below(text.length + 1);
  const to = Math.min(text.length, from + random.below(12));
  const [before, middle, after] = [text.slice(0, from), text.slice(from, to), text.slice(to)];
  switch (random.below(7)) {
    case 0:
      return before + after;
    case 1:
      return before + middle.repeat(2 + random.below(4)) + after;
    case 2:
      return before + random.pick(tokens) + middle + after;
    case 3:
      return before + random.pick(tokens) + after;
    case 4:
      return before + random.pick(texts).slice(random.below(20));
    case 5:
      return before + noise(random, 1 + random.below(4)) + after;
    default:
      return before + random.pick(tokens).repeat(1 + random.below(40)) + middle + after;
  }
}

/** What backtracks hates: one or two tokens over and over, between parts of a valid text. */
function repetition(random: Random, { texts, tokens }: Corpus): string {
  const text = random.pick(texts);
  const at = random.below(text.length + 1);
  const unit = random.pick(tokens) + (random.below(2) === 0 ? random.pick(tokens) : "");
  const count = Math.max(1, Math.floor(longest / Math.max(1, unit.length)));
  return `${text.slice(0, at)}${unit.repeat(count).slice(0, longest)}${text.slice(at)}`;
}

function noise(random: Random, length: number): string {
  let text = "";
  for (let at = 0; at < length; at++) text += random.pick(odd)(random);
  return text;
}

const odd: readonly ((random: Random) => string)[] = [
  (random) => String.fromCharCode(32 + random.below(95)),
  (random) => String.fromCharCode(random.below(256)),
  (random) => String.fromCharCode(random.below(65_536)),
  (random) => random.pick(["\0", "\r\n", "\u202e", "\ufeff", "💥", "\\", '"', "%00", "__proto__"]),
];
