import { allowList } from "./allow-list.ts";
import { type Demands, noDemands } from "./demands.ts";
import type { Gate, GateResult, GateSubject, Verdict } from "./gate.ts";
import type { GateMember, GatePorts } from "./gate-member.ts";
import { scan } from "./scan.ts";
import { signature } from "./signature.ts";

// Every gate, in the order in which they are passed. A new one is one file and one line here.
const members = [
  allowList, //
  signature,
  scan,
] as const satisfies readonly GateMember[];

export type GateKind = (typeof members)[number]["kind"];

/** What the gates came to: all that said something, in order; the last one is what stopped the import, if it was stopped. */
export interface Passage {
  readonly results: readonly GateResult[];
  /** The gate that is not open, and what it says. */
  readonly stopped?: {
    readonly gate: GateKind;
    readonly verdict: Extract<Verdict, { kind: "waiting" | "denied" }>;
  };
}

export interface Gates {
  /** Asks one gate after the other until one is not open. `subject.demands` are the watch's own; the policy's are added. */
  pass(subject: GateSubject, signal: AbortSignal): Promise<Passage>;
}

export function createGates(ports: GatePorts): Gates {
  const gates = members.map((member): { kind: GateKind; gate: Gate } => ({
    kind: member.kind,
    gate: member.create(ports),
  }));
  return {
    async pass(subject, signal) {
      const demands = strictest(subject.demands, ports.policy.demandsOn(subject) ?? noDemands);
      const results: GateResult[] = [];
      for (const { kind, gate } of gates) {
        const verdict = await gate.check({ ...subject, demands }, signal);
        if (verdict.kind === "off") continue;
        results.push({ gate: kind, verdict: verdict.kind, reason: verdict.reason, at: ports.now() });
        if (verdict.kind !== "passed") return { results, stopped: { gate: kind, verdict } };
      }
      return { results };
    },
  };
}

/** Of each demand the stricter one. */
export function strictest(one: Demands, other: Demands): Demands {
  const cooldown = longer(one.cooldown, other.cooldown);
  const pin = one.pin ?? other.pin;
  const approval = one.approval ?? other.approval;
  return {
    verify: [...new Set([...one.verify, ...other.verify])],
    ...(cooldown && { cooldown }),
    // Two pins of one tag that disagree cannot both be had.
    ...(pin && { pin: other.pin !== undefined && other.pin !== pin ? "unlisted" : pin }),
    ...(approval !== undefined && { approval }),
  };
}

/** One that must be waited for is longer than one that is exempt. */
function longer(one: Demands["cooldown"], other: Demands["cooldown"]): Demands["cooldown"] {
  if (one === undefined || other === undefined) return one ?? other;
  if ((one.exempt === undefined) !== (other.exempt === undefined))
    return one.exempt === undefined ? one : other;
  return one.minutes >= other.minutes ? one : other;
}
