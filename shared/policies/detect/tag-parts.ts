/** Something in a tag that may order it. */
export interface TagPart {
  readonly name: string;
  readonly pattern: RegExp;
  /** RE2 that takes it out of the tag by its groups. */
  readonly extract: string;
  /** The greatest decides by which part a line is ordered; commits never do. */
  readonly rank: number;
  readonly scheme: "semver" | "loose" | "calver" | "number";
  readonly order: string;
  /** Template of the groups, when joining them by dots would not do; `$n` counts from 1. */
  readonly template?: string;
}

const month = "(?:0[1-9]|1[0-2])";
const day = "(?:0[1-9]|[12][0-9]|3[01])";
const year = "(?:19|20)[0-9]{2}";

// In the order in which they are tried at each place.
export const tagParts: readonly TagPart[] = [
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
    pattern: /v?[0-9]+\.[0-9]+(?![.0-9])/y,
    extract: "(v?[0-9]+\\.[0-9]+)",
    rank: 2,
    scheme: "loose",
    order: "versions",
  },
  {
    name: "version",
    pattern: /v?[0-9]+(?:\.[0-9]+){3}(?![.0-9])/y,
    extract: "(v?[0-9]+(?:\\.[0-9]+){3})",
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
