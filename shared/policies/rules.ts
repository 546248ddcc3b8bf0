import { printable } from "../model/digest.ts";
import { Failure } from "../model/failure.ts";
import type { Extract } from "./extract.ts";
import type { Family } from "./families.ts";
import type { Pattern } from "./pattern.ts";
import type { Policy } from "./policy.ts";
import type { Prereleases } from "./prerelease-words.ts";

/** Of what `Keep` keeps the newest: of a family, or of each major or minor version in it. */
export type KeepPer = "all" | "major" | "minor";

/** What a watch wants of a tag list; all parts are parsed and checked. */
export interface Rules {
  /** Absent when the watch only names tags. */
  readonly policy?: Policy;
  readonly include?: Pattern;
  readonly exclude?: Pattern;
  readonly extract?: Extract;
  /** At least one; each is selected within itself. */
  readonly families: readonly Family[];
  readonly prereleases: Prereleases;
  /** How many of the newest to keep; absent means all. */
  readonly keep?: number;
  readonly keepPer: KeepPer;
  /** Tags that are chosen as versions whenever the list has them. */
  readonly verbatim: readonly string[];
  /** Floating tags that are followed by digest. */
  readonly track: readonly string[];
}

/** Whether the rules say anything about tags that the row does not name for `Track`: only then is a list needed. */
export function needsList({ policy, verbatim }: Rules): boolean {
  return policy !== undefined || verbatim.length > 0;
}

const maxLabels = 32;

/** `include`, `exclude` or labels such as `rc,beta`. Throws `invalid`. */
export function parsePrereleases(text: string): Prereleases {
  if (text === "include" || text === "exclude") return text;
  const labels = [...new Set(text.split(",").map((label) => label.trim().toLowerCase()))];
  const wrong = labels.find(
    (label) => !/^[a-z]{1,32}$/.test(label) || label === "include" || label === "exclude",
  );
  if (wrong === undefined && labels.length <= maxLabels) return labels;
  throw new Failure(
    "invalid",
    `Prereleases must be include, exclude or a list of labels (letters only), such as "rc,beta", not "${printable(text)}"`,
  );
}

export function parseKeepPer(text: string): KeepPer {
  if (text === "all" || text === "major" || text === "minor") return text;
  throw new Failure("invalid", `KeepPer must be all, major or minor, not "${printable(text)}"`);
}

/** What does not go together, a sentence each that says how to mend it. */
export function contradictions({
  policy,
  families,
  keep,
  keepPer,
  verbatim,
  track,
}: Partial<Rules>): string[] {
  const both = verbatim?.find((tag) => track?.includes(tag));
  const names = policy?.kind === "name";
  return [
    ...(keepPer !== undefined && keepPer !== "all" && (names || policy?.traits.has("keepPer") === false)
      ? [
          `KeepPer is ${keepPer}, and this scheme of Tags has no major and minor versions: leave KeepPer empty, or use semver, loose or calver`,
        ]
      : []),
    ...(keepPer !== undefined && keepPer !== "all" && keep === undefined
      ? [`KeepPer is ${keepPer} and Keep is empty: set Keep to how many of each ${keepPer} to follow`]
      : []),
    ...(families !== undefined && names
      ? [
          "Family parts versions by their suffix, and this scheme of Tags takes whole names: leave Family empty and use Include",
        ]
      : []),
    ...(both === undefined
      ? []
      : [
          `${both} is in Verbatim, which never moves a tag, and in Track, which moves it with upstream: leave it in one of them`,
        ]),
  ];
}
