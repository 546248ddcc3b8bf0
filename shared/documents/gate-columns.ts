import { type Digest, parseDigest, printable } from "../model/digest.ts";
import { Failure } from "../model/failure.ts";
import { parseTag } from "../model/reference.ts";
import { parseList } from "./watch-columns.ts";

/** What a watch demands of its imports before they may come in. */
export interface WatchGates {
  /** Digests by tag; when there are any, a tag without one is denied. */
  readonly pins: ReadonlyMap<string, Digest>;
  readonly cooldown?: WatchCooldown;
  readonly approval: "never" | "always" | "major";
  /** Names of the policy's verifiers. */
  readonly verify: readonly string[];
}

/** `first`: whether what the watch's very first poll finds waits too. */
export interface WatchCooldown {
  readonly minutes: number;
  readonly first: "exempt" | "strict";
}

const minutesOf = { m: 1, h: 60, d: 24 * 60 } as const;
const longestMinutes = 365 * 24 * 60;

/** `3d`, `36h`, `90m`; `3d strict` holds for what the first poll finds, too. */
export function parseCooldown(text: string): WatchCooldown {
  const match = /^(\d{1,6})\s*([mhd])(\s+strict)?$/i.exec(text);
  const unit = match?.[2]?.toLowerCase();
  const minutes =
    match?.[1] === undefined || (unit !== "m" && unit !== "h" && unit !== "d")
      ? 0
      : Number(match[1]) * minutesOf[unit];
  if (minutes > 0 && minutes <= longestMinutes)
    return { minutes, first: match?.[3] === undefined ? "exempt" : "strict" };
  throw new Failure(
    "invalid",
    `Cooldown "${printable(text)}" is not a time of up to a year: expected 3d, 36h or 90m, with " strict" behind it for what the first poll finds, too`,
  );
}

/** `1.27.1@sha256:…, 1.27.2@sha256:…`. */
export function parsePins(text: string): ReadonlyMap<string, Digest> {
  const pins = new Map<string, Digest>();
  for (const item of parseList(text)) {
    const at = item.indexOf("@");
    if (at < 0)
      throw new Failure("invalid", `Pins: "${printable(item)}" has no digest: expected tag@sha256:…`);
    const tag = parseTag(item.slice(0, at));
    const digest = parseDigest(item.slice(at + 1));
    if ((pins.get(tag) ?? digest) !== digest)
      throw new Failure("invalid", `Pins: ${tag} is pinned to two digests`);
    pins.set(tag, digest);
  }
  return pins;
}

/** Names of verifiers of the policy. */
export function parseVerify(text: string): readonly string[] {
  return parseList(text).map((name) => {
    if (/^[a-z][a-z0-9-]{0,62}$/.test(name)) return name;
    throw new Failure(
      "invalid",
      `Verify: "${printable(name)}" is not the name of a verifier: a lower-case letter, then letters, digits, hyphens`,
    );
  });
}
