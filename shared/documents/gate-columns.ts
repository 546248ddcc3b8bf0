import type { Cooldown } from "../gates/demands.ts";
import { type Digest, parseDigest, printable } from "../model/digest.ts";
import { Failure } from "../model/failure.ts";
import { parseTag } from "../model/reference.ts";
import { parseList } from "./watch-columns.ts";

/** What a watch demands of its imports before they may come in. */
export interface WatchGates {
  /** Digests by tag; when there are any, a tag without one is denied. */
  readonly pins: ReadonlyMap<string, Digest>;
  readonly cooldown?: Cooldown;
  readonly approval: "never" | "always" | "major";
  /** Names of the policy's verifiers. */
  readonly verify: readonly string[];
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
