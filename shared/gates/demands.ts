import type { Digest } from "../model/digest.ts";

/** What must be true of one import before it may come in. An import that demands nothing passes every gate but the allow-list. */
export interface Demands {
  /** The rule of the policy that demands it; absent for a watch's own demands. */
  readonly rule?: string;
  /** The digest that the tag is pinned to; `unlisted` when there are pins and none is for this tag. */
  readonly pin?: Digest | "unlisted";
  readonly cooldown?: Cooldown;
  /** `major`: a person must approve what is, or may be, of a new major version. */
  readonly approval?: "always" | "major";
  /** Names of verifiers in the policy; all of them must pass. */
  readonly verify: readonly string[];
}

/** Minutes from our own first sight of tag and digest. `exempt`: what a watch's very first poll finds need not wait. */
export interface Cooldown {
  readonly minutes: number;
  readonly first: "exempt" | "strict";
}

/** How we came to see a tag with its digest, kept as long as the first sight itself; what is demanded may depend on it. */
export interface Sighting {
  /** `first`: by a watch's very first poll, so that its age is not known. `asked`: somebody asked for it by hand. */
  readonly by: "first" | "later" | "asked";
  /** Why it is, or may be, of a new major version, as a sentence; absent when it is of a known one. */
  readonly major?: string;
  /** `digest`: asked for by its digest alone, so that upstream need not have the tag. */
  readonly named?: "digest";
}

export const noDemands: Demands = { verify: [] };

/** Of a poll after the first, and of no new major version. */
export const plainSighting: Sighting = { by: "later" };

/** Of each demand the stricter one, for an import that was found as `sighting` tells. */
export function strictest(one: Demands, other: Demands, sighting: Sighting = plainSighting): Demands {
  const cooldown = longer(one.cooldown, other.cooldown, sighting);
  const pin = one.pin ?? other.pin;
  const approval = one.approval === "always" ? one.approval : (other.approval ?? one.approval);
  return {
    verify: [...new Set([...one.verify, ...other.verify])],
    ...(cooldown && { cooldown }),
    // Two pins of one tag that disagree cannot both be had.
    ...(pin && { pin: other.pin !== undefined && other.pin !== pin ? "unlisted" : pin }),
    ...(approval && { approval }),
  };
}

/** Whether the import need not wait for its cooldown. */
export function isExempt({ first }: Cooldown, { by }: Sighting): boolean {
  return first === "exempt" && by === "first";
}

/** One that must be waited for is longer than one that is exempt. */
function longer(
  one: Cooldown | undefined,
  other: Cooldown | undefined,
  sighting: Sighting,
): Cooldown | undefined {
  if (one === undefined || other === undefined) return one ?? other;
  const [exempt, otherExempt] = [isExempt(one, sighting), isExempt(other, sighting)];
  if (exempt !== otherExempt) return exempt ? other : one;
  return one.minutes >= other.minutes ? one : other;
}
