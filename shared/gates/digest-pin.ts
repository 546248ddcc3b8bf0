import type { GateMember } from "./gate-member.ts";

/** A tag that is pinned comes in with that digest or not at all. */
export const digestPin = {
  kind: "digest-pin",
  create: () => ({
    check: async ({ demands: { pin }, source: { digest }, tag }) => {
      if (pin === undefined) return { kind: "off" };
      if (pin === digest) return { kind: "passed", reason: "it has the digest that it is pinned to" };
      if (pin === "unlisted") {
        return {
          kind: "denied",
          reason: `${tag} has the digest ${digest}, and is not pinned to any, or is pinned to two that disagree`,
          next: `If the digest is right, add ${tag}@${digest} to the pins, of the watch or of the policy, then retry the import`,
        };
      }
      return {
        kind: "denied",
        reason: `${tag} has the digest ${digest}, and is pinned to ${pin}`,
        next: "Find out why upstream has another image. If its digest is the right one, change the pin, then retry the import",
      };
    },
  }),
} as const satisfies GateMember;
