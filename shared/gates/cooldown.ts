import { printable, shortDigest } from "../model/digest.ts";
import { Failure } from "../model/failure.ts";
import { formatReference } from "../model/reference.ts";
import type { Registries } from "../registry/registry.ts";
import { lastDecision } from "./decision.ts";
import { type Cooldown, isExempt, plainSighting } from "./demands.ts";
import type { GateSubject, Verdict } from "./gate.ts";
import type { GateMember } from "./gate-member.ts";

const minuteMs = 60_000;
const hourMs = 60 * minuteMs;
// A queue hides a message for seven days at most; looking once a day also tells that a version was taken back.
const longestWaitMs = 24 * hourMs;
// What was seen just now need not be asked for again.
const freshMs = hourMs;

/**
 * A new version waits, counted from our own first sight of tag and digest: what upstream says of its age, anybody may have
 * written. Malicious versions are found and withdrawn within days, so that upstream is asked again before the gate opens.
 */
export const cooldown = {
  kind: "cooldown",
  create: ({ registries, now }) => ({
    async check(subject, signal) {
      const { demands, sighting = plainSighting, decisions } = subject;
      if (demands.cooldown === undefined) return { kind: "off" };
      if (isExempt(demands.cooldown, sighting)) {
        return {
          kind: "passed",
          reason: "exempt: the watch's very first poll found it, its age is not known",
        };
      }
      const seen = subject.seenAt.toISOString();
      const waitedMs = now().getTime() - subject.seenAt.getTime();
      const skipped = lastDecision(decisions, "skip-cooldown");
      const restMs = skipped === undefined ? demands.cooldown.minutes * minuteMs - waitedMs : 0;
      const asked = { freshness: restMs > 0 ? "wished" : "needed", signal } as const;
      const early = restMs > 0 && waitedMs < freshMs;
      const gone = early ? undefined : await takenBack(subject, registries, asked);
      if (gone !== undefined) return gone;
      if (skipped !== undefined) {
        const why = skipped.reason === undefined ? "" : `: ${printable(skipped.reason, 500)}`;
        return { kind: "passed", reason: `first seen ${seen}; skipped by ${printable(skipped.by)}${why}` };
      }
      const spoken = formatMinutes(demands.cooldown.minutes);
      if (restMs <= 0) return { kind: "passed", reason: `first seen ${seen}, at least ${spoken} ago` };
      const until = new Date(now().getTime() + restMs).toISOString();
      return {
        kind: "waiting",
        on: "time",
        reason: `first seen ${seen}, it cools down for ${spoken}, until ${until}`,
        next: `It goes on by itself then; to let it in at once: wharfgate skip-cooldown ${subject.watch}:${subject.tag} --reason "..."`,
        checkAfterMs: Math.min(restMs, longestWaitMs),
      };
    },
  }),
} as const satisfies GateMember;

/** Whether upstream has withdrawn the tag, or given it another digest, since we first saw it. */
async function takenBack(
  { source, tag, credential, sighting }: GateSubject,
  registries: Registries,
  { freshness, signal }: { readonly freshness: "wished" | "needed"; readonly signal: AbortSignal },
): Promise<Verdict | undefined> {
  if (sighting?.named === "digest") return undefined;
  const { host, path, digest } = source;
  let found: Awaited<ReturnType<ReturnType<Registries["open"]>["headManifest"]>>;
  try {
    found = await registries.open(host, credential).headManifest(path, tag, signal);
  } catch (error) {
    // A day's look that fails says nothing; the one before the gate opens must succeed. A refusal pauses the host.
    if (!(error instanceof Failure) || !error.transient) throw error;
    if (error.code === "rate-limited" || error.code === "canceled") throw error;
    if (freshness === "wished") return undefined;
    return {
      kind: "waiting",
      on: "time",
      reason: `its cooldown is over, but upstream cannot be asked whether it still stands by it: ${error.message}`,
      next: "It is asked again by itself",
      checkAfterMs: hourMs,
    };
  }
  if (found?.digest === digest) return undefined;
  const name = formatReference({ host, path, tag });
  const anyway = `wharfgate import ${formatReference({ host, path, digest })} --target <repository>:${tag}`;
  return {
    kind: "denied",
    reason:
      found === undefined
        ? `${name} was withdrawn upstream while it waited`
        : `${name} was re-pushed upstream with another digest, ${shortDigest(found.digest)}, while it waited`,
    next: `Find out why. Should this digest come in all the same, ask for it by name: ${anyway}`,
  };
}

const minutesOf = { m: 1, h: 60, d: 24 * 60 } as const;
const longestMinutes = 365 * 24 * 60;

/** `3d`, `36h`, `90m`; `3d strict` holds for what a watch's first poll finds, too. Throws `invalid`. */
export function parseCooldown(text: string): Cooldown {
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

/** As `parseCooldown` reads it, for people: `3d`. */
export function formatMinutes(minutes: number): string {
  if (minutes % minutesOf.d === 0) return `${minutes / minutesOf.d}d`;
  return minutes % minutesOf.h === 0 ? `${minutes / minutesOf.h}h` : `${minutes}m`;
}
