import type { Digest } from "../model/digest.ts";
import { formatRepository, type Repository } from "../model/reference.ts";
import { type Cooldown, type Demands, noDemands } from "./demands.ts";
import type { NamePattern } from "./name-pattern.ts";
import type { Verifier } from "./verifier.ts";

/** What security people demand of imports, whatever the watches say. */
export interface Policy {
  /** The demands of the first rule that matches; undefined when none does, which denies the import. */
  demandsOn(subject: PolicySubject): Demands | undefined;
  /** By the names that `Demands.verify` has. */
  readonly verifiers: ReadonlyMap<string, Verifier>;
}

export interface PolicySubject {
  readonly source: Repository;
  readonly tag: string;
  /** `group/name`, or `manual`. */
  readonly watch: string;
}

/** One rule of a policy, parsed. */
export interface Rule {
  /** What it is for, as it was written. */
  readonly name: string;
  readonly source: NamePattern;
  readonly watch: NamePattern;
  readonly cooldown?: Cooldown;
  readonly approval: "never" | "always" | "major";
  readonly verify: readonly string[];
  readonly pins: ReadonlyMap<string, Digest>;
  /** Tags that have no pin. */
  readonly others: "let-in" | "denied";
}

/** Without a policy any import may come in from the hosts that are configured as upstreams, as its watch demands. */
export const openPolicy: Policy = { demandsOn: () => noDemands, verifiers: new Map() };

export function createPolicy(rules: readonly Rule[], verifiers: Policy["verifiers"]): Policy {
  return {
    verifiers,
    demandsOn({ source, tag, watch }) {
      const name = formatRepository(source);
      const at = rules.findIndex((each) => each.source.matches(name) && each.watch.matches(watch));
      const rule = rules[at];
      if (rule === undefined) return undefined;
      const { cooldown, approval, verify, pins, others } = rule;
      const pin = pins.get(tag) ?? (others === "denied" ? "unlisted" : undefined);
      return {
        rule: `the policy lets it in by rule ${at + 1} (${rule.name})`,
        verify,
        ...(pin && { pin }),
        ...(cooldown && { cooldown }),
        ...(approval !== "never" && { approval }),
      };
    },
  };
}
