import { type Demands, noDemands } from "./demands.ts";
import type { GateSubject } from "./gate.ts";
import type { Verifier } from "./verifier.ts";

/** What security people demand of imports, whatever the watches say. */
export interface Policy {
  /** The demands of the first rule that matches; undefined when none does, which denies the import. */
  demandsOn(subject: Pick<GateSubject, "source" | "tag" | "watch">): Demands | undefined;
  /** By the names that `Demands.verify` has. */
  readonly verifiers: ReadonlyMap<string, Verifier>;
}

/** Without a policy any import may come in from the hosts that are configured as upstreams, as its watch demands. */
export const openPolicy: Policy = { demandsOn: () => noDemands, verifiers: new Map() };
