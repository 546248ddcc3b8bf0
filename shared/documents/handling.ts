import { printable } from "../model/digest.ts";
import { Failure } from "../model/failure.ts";
import { type Platform, parsePlatform } from "../model/platform.ts";
import { parseList } from "./watch-columns.ts";

/** How an image is brought in and kept, beyond the method that does it. */
export interface Handling {
  /** What is brought in of the manifests that refer to the image. */
  readonly referrers: readonly ReferrerKind[];
  /** `demanded`: the image comes whole and must offer the platforms. `only`: no others are brought in; the index stays as it is. */
  readonly platforms: "demanded" | "only";
  /** Layers that their owner does not let registries distribute. */
  readonly nondistributable: "leave" | "bring";
  /** Whether the imported tag is locked at the target. */
  readonly lock: "open" | "locked";
  /** What becomes of the digest that a tracked tag had before: kept under a dated tag, or not. */
  readonly previous: "drop" | "keep";
  /** What is done about an imported tag that was changed at the target. */
  readonly drift: "report" | "repair";
  /** The disconnected site that bundles are for. */
  readonly site?: string;
}

export const referrerKinds = ["signatures", "attestations", "sboms", "all"] as const;

export type ReferrerKind = (typeof referrerKinds)[number];

export const defaultHandling: Handling = {
  referrers: [],
  platforms: "demanded",
  nondistributable: "leave",
  lock: "open",
  previous: "drop",
  drift: "report",
};

/** `none`, `all`, or a list such as `signatures, sboms`. */
export function parseReferrers(text: string): readonly ReferrerKind[] {
  if (/^none$/i.test(text)) return [];
  return parseList(text).map((item) => oneOf("Referrers", referrerKinds, item));
}

/** `linux/amd64, linux/arm64`, or the same after `only`. */
export function parsePlatforms(text: string): {
  readonly mode: Handling["platforms"];
  readonly list: readonly Platform[];
} {
  const [, only, list = ""] = /^(only\s+)?(.*)$/is.exec(text) ?? [];
  return { mode: only === undefined ? "demanded" : "only", list: parseList(list).map(parsePlatform) };
}

/** Reads one of a few words, whatever their case. Throws `invalid`, naming them. */
export function oneOf<Word extends string>(column: string, words: readonly Word[], text: string): Word {
  const word = words.find((each) => each === text.toLowerCase());
  if (word !== undefined) return word;
  throw new Failure("invalid", `${column} must be ${words.join(" or ")}, not "${printable(text)}"`);
}

export function parseSite(text: string): string {
  if (/^[a-z0-9-]{1,63}$/.test(text)) return text;
  throw new Failure(
    "invalid",
    `Site "${printable(text)}" is not a name: lower-case letters, digits and hyphens, at most 63`,
  );
}
