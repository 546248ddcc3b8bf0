/** How prereleases are called, whatever the case; a number may follow. */
const known = [
  "alpha",
  "beta",
  "rc",
  "cr",
  "pre",
  "preview",
  "prerelease",
  "dev",
  "devel",
  "develop",
  "development",
  "canary",
  "nightly",
  "daily",
  "snapshot",
  "ea",
  "eap",
  "milestone",
  "next",
  "edge",
  "test",
  "testing",
  "experimental",
  "unstable",
  "insider",
  "insiders",
];

/** Words that mean a prerelease only with a number: `a1`, `m2`, `tp1`. */
const numbered = ["a", "b", "m", "tp"];

/** Which prereleases are wanted; labels are in lower case. */
export type Prereleases = "include" | "exclude" | readonly string[];

export interface Word {
  readonly letters: Uint8Array;
  readonly number: "optional" | "required";
  readonly wanted: "yes" | "no";
}

/** The words that make a suffix a prerelease, by their first letter (`a` is 0). A listed label is one, whether known or not. */
export function wordsOf(prereleases: Prereleases): readonly (readonly Word[])[] {
  return typeof prereleases === "string" ? usual[prereleases] : makeWords(prereleases);
}

function makeWords(prereleases: Prereleases): readonly (readonly Word[])[] {
  const labels = typeof prereleases === "string" ? [] : prereleases;
  const all = prereleases === "include" ? "yes" : "no";
  const others = (words: readonly string[]) => words.filter((word) => !labels.includes(word));
  const words = [
    ...labels.map((text) => toWord(text, "optional", "yes")),
    ...others(known).map((text) => toWord(text, "optional", all)),
    ...others(numbered).map((text) => toWord(text, "required", all)),
  ];
  return Array.from({ length: 26 }, (_, letter) => words.filter(({ letters }) => letters[0] === 97 + letter));
}

function toWord(text: string, number: Word["number"], wanted: Word["wanted"]): Word {
  return { letters: Buffer.from(text), number, wanted };
}

/** Made once: a poll of thousands of small repositories would else spend much of its time on them. */
const usual = { include: makeWords("include"), exclude: makeWords("exclude") };
