import { printable } from "../model/digest.ts";
import { lastDecision } from "./decision.ts";
import { plainSighting } from "./demands.ts";
import type { GateSubject } from "./gate.ts";
import type { GateMember } from "./gate-member.ts";

const dayMs = 24 * 3_600_000;
const undecidedDays = 30;

/** A person lets it in: each import, or those of a new major version. */
export const approval = {
  kind: "approval",
  create: ({ now }) => ({
    check: async (subject) => {
      const { demands, decisions, watch, tag, stoppedBefore } = subject;
      if (demands.approval === undefined) return { kind: "off" };
      const why = demands.approval === "always" ? "every import must be approved" : majorOf(subject);
      if (why === undefined) return { kind: "passed", reason: `${tag} is of no new major version` };
      // Whoever lets a moved tag's new digest in has approved it.
      const given = lastDecision(decisions, "approve") ?? lastDecision(decisions, "accept");
      if (given !== undefined) {
        const words = given.reason === undefined ? "" : `: ${printable(given.reason, 500)}`;
        return { kind: "passed", reason: `approved by ${printable(given.by)}${words}` };
      }
      const since = stoppedBefore?.gate === "approval" ? stoppedBefore.since : now();
      const restMs = since.getTime() + undecidedDays * dayMs - now().getTime();
      if (restMs <= 0) {
        return {
          kind: "denied",
          reason: `nobody decided within ${undecidedDays} days (${why})`,
          next: `To have it looked at again: wharfgate retry ${watch}:${tag}`,
        };
      }
      return {
        kind: "waiting",
        on: "person",
        reason: `a person must approve: ${why}`,
        next: `Let it in: wharfgate approve ${watch}:${tag}. Turn it down: wharfgate refuse ${watch}:${tag} --reason "..."`,
        checkAfterMs: Math.min(restMs, dayMs),
      };
    },
  }),
} as const satisfies GateMember;

/** No watch tells which major versions are known when an image is asked for by hand. */
function majorOf({ sighting = plainSighting }: GateSubject): string | undefined {
  if (sighting.by === "asked") return "it was asked for by hand, so that no known major version is told of";
  return sighting.major;
}
