import { formatReference } from "../model/reference.ts";
import type { GateMember } from "./gate-member.ts";

/** Where a policy is configured, what none of its rules names may not come in. */
export const allowList = {
  kind: "allow-list",
  create: ({ policy }) => ({
    check: async (subject) => {
      const demanded = policy.demandsOn(subject);
      const { host, path } = subject.source;
      if (demanded !== undefined) {
        // A host that is no configured upstream cannot be asked at all.
        const by = demanded.rule ?? `${host} is a configured upstream, and there is no policy`;
        return { kind: "passed", reason: by };
      }
      return {
        kind: "denied",
        reason: `no rule of the policy names ${formatReference({ host, path, tag: subject.tag })} for ${subject.watch}`,
        next: "If it should come in, have a rule for it added to the policy, then retry the import",
      };
    },
  }),
} as const satisfies GateMember;
