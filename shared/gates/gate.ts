import type { Digest } from "../model/digest.ts";
import type { Repository } from "../model/reference.ts";
import type { Decision } from "./decision.ts";
import type { Demands, Sighting } from "./demands.ts";

/** An import as gates see it. Whatever they verify, they verify of this very digest. */
export interface GateSubject {
  readonly source: Repository & { readonly digest: Digest };
  readonly tag: string;
  readonly target: Repository & { readonly tag?: string };
  /** `group/name` of the watch, or `manual`. */
  readonly watch: string;
  readonly requestedBy: string;
  /** Reference to the source's credential; never the secret. */
  readonly credential?: string;
  /** When we first saw this tag with this digest, by our own clock. */
  readonly seenAt: Date;
  /** How we came to see it; absent: by a poll, and of no new major version. */
  readonly sighting?: Sighting;
  /** The gate at which it waited when they were last asked, and since when. */
  readonly stoppedBefore?: { readonly gate: string; readonly since: Date };
  /** Of the watch and of the policy's rule together: the stricter one of each. */
  readonly demands: Demands;
  /** What people decided about this import, oldest first. */
  readonly decisions: readonly Decision[];
  /** `os/architecture[/variant]` of the children that are brought in; empty: all. */
  readonly only: readonly string[];
}

/**
 * What a gate says. `off`: nobody asked for it. `waiting`: time, or a person, or something upstream may still open it.
 * `next` tells people what to do, in one sentence.
 */
export type Verdict =
  | { readonly kind: "off" }
  | { readonly kind: "passed"; readonly reason: string }
  | {
      readonly kind: "waiting";
      /** `person`: somebody must do something, and is told so once. */
      readonly on: "time" | "person";
      readonly reason: string;
      readonly next: string;
      readonly checkAfterMs: number;
    }
  | { readonly kind: "denied"; readonly reason: string; readonly next: string };

/** A verdict as the ledger keeps it. */
export interface GateResult {
  readonly gate: string;
  readonly verdict: "passed" | "waiting" | "denied";
  readonly reason: string;
  /** When it was asked; for one that waits: since when. */
  readonly at: Date;
  /** For one that waits: what may open it. */
  readonly on?: "time" | "person";
}

/** A check that an import must pass first. Throws a transient `Failure` when it cannot be made just now. */
export interface Gate {
  check(subject: GateSubject, signal: AbortSignal): Promise<Verdict>;
}
