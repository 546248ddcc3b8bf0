import type { GateSubject, Verdict } from "./gate.ts";

const minuteMs = 60_000;
const soonestMs = 15 * minuteMs;
const latestMs = 6 * 60 * minuteMs;
const givenUpAfterMs = 7 * 24 * 60 * minuteMs;

/**
 * What is to be said of an image whose signature or report is not there: they are made after the image, so that it waits for
 * them, asking less and less often, for seven days from our own first sight.
 */
export function awaitEvidence(
  { seenAt }: Pick<GateSubject, "seenAt">,
  now: Date,
  { reason, next }: { readonly reason: string; readonly next: string },
): Verdict {
  const ageMs = Math.max(0, now.getTime() - seenAt.getTime());
  if (ageMs >= givenUpAfterMs) {
    return {
      kind: "denied",
      reason: `${reason}, and seven days have passed since the image was first seen`,
      next,
    };
  }
  const checkAfterMs = Math.min(latestMs, Math.max(soonestMs, ageMs), givenUpAfterMs - ageMs);
  return { kind: "waiting", on: "time", reason, next, checkAfterMs };
}
