import { formatReference } from "../model/reference.ts";
import type { GateMember } from "./gate-member.ts";

/** Where a policy is configured, what none of its rules names may not come in. */
export const allowList = {
  kind: "allow-list",
  create: ({ policy }) => ({
    check: async (subject) => {
      if (policy.demandsOn(subject) !== undefined)
        return { kind: "passed", reason: "a rule of the policy names it" };
      const { host, path } = subject.source;
      return {
        kind: "denied",
        reason: `no rule of the policy names ${formatReference({ host, path, tag: subject.tag })}`,
        next: "If it should come in, have a rule for it added to the policy, then retry the import",
      };
    },
  }),
} as const satisfies GateMember;
