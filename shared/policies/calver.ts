import { parseNumberRange } from "./number-range.ts";
import type { PolicyMember } from "./policy.ts";
import type { Layout, ReadProblem, TagReader } from "./tag-reader.ts";

const layout: Layout = { least: 2, most: 4, suffixes: "wide", dashes: "part", adjust: adjustDate };

/** Dates: year and month, then a day or a count (2024.04, 24.04.1, 2024-04-01), or in one piece (20240401, 20240401.2). */
export const calver: PolicyMember = {
  kind: "calver",
  parse(text) {
    return {
      kind: "version",
      layout,
      range: parseNumberRange(text, {
        scheme: "calver",
        layout,
        example: "calver >=2024.04",
        shorthands: "allowed",
      }),
      text,
      traits: new Set(["aliases", "keepPer"]),
      explain(tag, problem) {
        switch (problem) {
          case "few-numbers":
            return `${tag} has a year alone, and calver reads a year with a month`;
          case "many-numbers":
            return `${tag} has more than the four numbers that calver reads`;
          case "no-date":
            return `${tag} does not begin with a year, a month of 1 to 12 and, where it has one, a day of that month`;
          case "too-great":
            return `${tag} has a number over 2^53, which cannot be compared exactly`;
          case "bad-suffix":
            return `${tag} has something after its date that is neither a prerelease nor a suffix led in by - . or _`;
          default:
            return `${tag} does not begin with a date such as 2024.04, 24.04.1 or 20240401`;
        }
      },
    };
  },
};

const [firstYear, lastYear, century] = [1970, 2199, 2000];

/** Compact dates become three numbers; a year of two digits is one after 2000, so that 24.04 and 2024.04 are one version. */
function adjustDate(read: TagReader): ReadProblem | undefined {
  const { numbers, widths } = read;
  const compact = widths[0] === 8;
  if (compact) {
    const [date = 0, count = 0] = numbers;
    if (read.count > 2) return "many-numbers";
    numbers.set([Math.floor(date / 10_000), Math.floor(date / 100) % 100, date % 100, count]);
    read.count += 2;
  } else if ((widths[0] ?? 0) <= 2) numbers[0] = (numbers[0] ?? 0) + century;
  const [year = 0, month = 0, day = 0] = numbers;
  if (year < firstYear || year > lastYear) return "no-date";
  if (read.count > 1 && (month < 1 || month > 12)) return "no-date";
  // With dots the third number may as well count releases of a month: 2024.6.0, 2024.10.45.
  read.dated = compact || (read.dashed && read.count > 2 && widths[2] === 2);
  return read.dated && (day < 1 || day > daysIn(year, month)) ? "no-date" : undefined;
}

function daysIn(year: number, month: number): number {
  return new Date(Date.UTC(year, month, 0)).getUTCDate();
}
