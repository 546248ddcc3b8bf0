import type { OraclePolicy } from "./oracle.ts";

/** A watch row, and the oracle's own reading of it. */
export interface Row {
  readonly history: string;
  readonly columns: Readonly<Record<string, string>>;
  readonly policy: OraclePolicy;
  /** Whether it is also polled and imported, step by step. */
  readonly imports?: "yes";
}

type Numbers = readonly number[];

/** Whether the first numbers are at least these. */
function from(...least: number[]): (numbers: Numbers) => boolean {
  return (numbers) => {
    for (const [at, limit] of least.entries()) {
      const number = numbers[at] ?? 0;
      if (number !== limit) return number > limit;
    }
    return true;
  };
}

const all = (): boolean => true;
const both =
  (a: (numbers: Numbers) => boolean, b: (numbers: Numbers) => boolean) =>
  (numbers: Numbers): boolean =>
    a(numbers) && b(numbers);
const not =
  (a: (numbers: Numbers) => boolean) =>
  (numbers: Numbers): boolean =>
    !a(numbers);
const suffix = (text: string) => ({ suffix: new RegExp(`^${text}$`) });
const counting = (text: string) => ({ suffix: new RegExp(`^${text}[0-9.]+$`), counts: true }) as const;

const plain = suffix("");

export const rows: readonly Row[] = [
  {
    history: "alpine",
    imports: "yes",
    columns: { Tags: "semver >=3.10", Keep: "2", KeepPer: "minor", Track: "latest,edge" },
    policy: {
      scheme: "semver",
      inRange: from(3, 10),
      keep: 2,
      keepPer: "minor",
      track: ["latest", "edge"],
      greatest: 3,
    },
  },
  {
    history: "alpine",
    columns: { Tags: "loose >=3", Prereleases: "include", Keep: "6" },
    policy: { scheme: "loose", inRange: from(3), prereleases: "include", keep: 6, greatest: 3 },
  },
  {
    history: "alpine",
    columns: { Tags: "calver >=2019", Keep: "3", Verbatim: "3.20.3,edge" },
    policy: { scheme: "calver", inRange: from(2019), keep: 3, verbatim: ["3.20.3", "edge"] },
  },
  {
    history: "alpine",
    columns: { Tags: "number >=20200101" },
    policy: { scheme: "number", inRange: from(20200101) },
  },
  {
    history: "eclipse-temurin",
    columns: {
      Tags: "loose >=11",
      Prereleases: "include",
      Family: "_*-jre-alpine,-jdk-jammy",
      Keep: "2",
      KeepPer: "major",
    },
    policy: {
      scheme: "loose",
      inRange: from(11),
      prereleases: "include",
      families: [{ suffix: /^_[0-9.]+-jre-alpine$/, counts: true }, suffix("-jdk-jammy")],
      keep: 2,
      keepPer: "major",
      greatest: 11,
    },
  },
  {
    history: "eclipse-temurin",
    columns: {
      Tags: "loose >=17 <22",
      Extract: "([0-9]+)\\.([0-9]+)\\.([0-9]+)_([0-9]+)-jre => $1.$2.$3.$4",
      Keep: "4",
    },
    policy: {
      scheme: "loose",
      inRange: both(from(17), not(from(22))),
      extract: (tag) => /^(\d+\.\d+\.\d+)_(\d+)-jre$/.exec(tag)?.slice(1).join("."),
      keep: 4,
      greatest: 22,
    },
  },
  {
    history: "eclipse-temurin",
    imports: "yes",
    columns: { Tags: "number >=11", Family: "-jre,-jdk-alpine", Keep: "3", Track: "17-jre" },
    policy: {
      scheme: "number",
      inRange: from(11),
      families: [suffix("-jre"), suffix("-jdk-alpine")],
      keep: 3,
      track: ["17-jre"],
    },
  },
  {
    history: "nginx",
    imports: "yes",
    columns: { Tags: "semver >=1.9", Family: "plain,-alpine,-bookworm-perl", Keep: "3", Track: "mainline" },
    policy: {
      scheme: "semver",
      inRange: from(1, 9),
      families: [plain, suffix("-alpine"), suffix("-bookworm-perl")],
      keep: 3,
      track: ["mainline"],
      greatest: 1,
    },
  },
  {
    history: "nginx",
    columns: { Tags: "loose >=1.20", Family: "-alpine*,-alpine*-slim", Keep: "4" },
    policy: {
      scheme: "loose",
      inRange: from(1, 20),
      families: [counting("-alpine"), { suffix: /^-alpine[0-9.]+-slim$/, counts: true }],
      keep: 4,
      greatest: 1,
    },
  },
  {
    history: "nginx",
    columns: { Tags: "semver *", Keep: "1", KeepPer: "minor", Exclude: "1\\.(?:[0-9]|1[0-9])\\..*" },
    policy: { scheme: "semver", inRange: all, keep: 1, keepPer: "minor", exclude: /1\.(?:[0-9]|1[0-9])\..*/ },
  },
  {
    history: "node",
    imports: "yes",
    columns: { Tags: "semver >=18", Family: "-slim,-alpine*", Keep: "2", KeepPer: "major", Track: "lts" },
    policy: {
      scheme: "semver",
      inRange: from(18),
      families: [suffix("-slim"), counting("-alpine")],
      keep: 2,
      keepPer: "major",
      track: ["lts"],
      greatest: 18,
    },
  },
  {
    history: "node",
    columns: { Tags: "semver ^20.0.0 || ^22.0.0", Keep: "6" },
    policy: { scheme: "semver", inRange: ([major]) => major === 20 || major === 22, keep: 6, greatest: 22 },
  },
  {
    history: "node",
    columns: {
      Tags: "loose >=4 <20",
      Keep: "8",
      Include: "[0-9.]+(?:-bullseye)?",
      Family: "-bullseye,plain",
    },
    policy: {
      scheme: "loose",
      inRange: both(from(4), not(from(20))),
      keep: 8,
      include: /[0-9.]+(?:-bullseye)?/,
      families: [suffix("-bullseye"), plain],
      greatest: 20,
    },
  },
  {
    history: "php",
    columns: { Tags: "semver >=8 <9", Family: "-fpm-alpine*", Keep: "2", KeepPer: "minor" },
    policy: {
      scheme: "semver",
      inRange: both(from(8), not(from(9))),
      families: [counting("-fpm-alpine")],
      keep: 2,
      keepPer: "minor",
      greatest: 9,
    },
  },
  {
    history: "php",
    imports: "yes",
    columns: { Tags: "loose >=7.4", Prereleases: "rc", Keep: "8", Family: "plain,-cli" },
    policy: {
      scheme: "loose",
      inRange: from(7, 4),
      prereleases: ["rc"],
      keep: 8,
      families: [plain, suffix("-cli")],
      greatest: 7,
    },
  },
  {
    history: "php",
    columns: { Tags: "loose *", Prereleases: "include", Keep: "5", Track: "latest,fpm" },
    policy: { scheme: "loose", inRange: all, prereleases: "include", keep: 5, track: ["latest", "fpm"] },
  },
  {
    history: "redis",
    imports: "yes",
    columns: { Tags: "semver >=5", Family: "plain,-alpine", Keep: "1", KeepPer: "minor", Track: "alpine" },
    policy: {
      scheme: "semver",
      inRange: from(5),
      families: [plain, suffix("-alpine")],
      keep: 1,
      keepPer: "minor",
      track: ["alpine"],
      greatest: 5,
    },
  },
  {
    history: "redis",
    columns: { Tags: "loose >=6", Prereleases: "include", Keep: "10" },
    policy: { scheme: "loose", inRange: from(6), prereleases: "include", keep: 10, greatest: 6 },
  },
  {
    history: "redis",
    columns: { Tags: "loose >=4", Prereleases: "rc", Family: "-alpine*,-32bit", Keep: "5" },
    policy: {
      scheme: "loose",
      inRange: from(4),
      prereleases: ["rc"],
      families: [counting("-alpine"), suffix("-32bit")],
      keep: 5,
      greatest: 4,
    },
  },
  {
    history: "traefik",
    imports: "yes",
    columns: { Tags: "semver >=2", Family: "v,=", Keep: "3", Track: "latest" },
    policy: {
      scheme: "semver",
      inRange: from(2),
      families: [
        { ...plain, v: "must" },
        { ...plain, v: "must-not" },
      ],
      keep: 3,
      track: ["latest"],
      greatest: 2,
    },
  },
  {
    history: "traefik",
    columns: { Tags: "semver >=1", Prereleases: "include", Keep: "5", Family: "plain,-alpine" },
    policy: {
      scheme: "semver",
      inRange: from(1),
      prereleases: "include",
      keep: 5,
      families: [plain, suffix("-alpine")],
      greatest: 1,
    },
  },
  {
    history: "traefik",
    columns: { Tags: "loose >=1.7 <3.5", Keep: "2", KeepPer: "minor", Family: "v" },
    policy: {
      scheme: "loose",
      inRange: both(from(1, 7), not(from(3, 5))),
      keep: 2,
      keepPer: "minor",
      families: [{ ...plain, v: "must" }],
      greatest: 3,
    },
  },
  {
    history: "ubuntu",
    imports: "yes",
    columns: { Tags: "calver >=14.04", Keep: "3", Track: "latest,rolling" },
    policy: { scheme: "calver", inRange: from(2014, 4), keep: 3, track: ["latest", "rolling"] },
  },
  {
    history: "ubuntu",
    columns: { Tags: "calver *", Extract: "(?:jammy|noble|focal)-(.*) => $1", Keep: "4" },
    policy: {
      scheme: "calver",
      inRange: all,
      extract: (tag) => /^(?:jammy|noble|focal)-(.*)$/.exec(tag)?.[1],
      keep: 4,
    },
  },
  {
    history: "ubuntu",
    columns: { Tags: "alphabetical >=bionic <noble", Keep: "7", Exclude: "[a-z]+" },
    policy: {
      scheme: "names",
      inRange: (_numbers, name) => name >= "bionic" && name < "noble",
      exclude: /[a-z]+/,
      keep: 7,
    },
  },
];
