import { allowList } from "./allow-list.ts";
import { approval } from "./approval.ts";
import { cooldown } from "./cooldown.ts";
import { noDemands, strictest } from "./demands.ts";
import { digestPin } from "./digest-pin.ts";
import type { Gate, GateResult, GateSubject, Verdict } from "./gate.ts";
import type { GateMember, GatePorts } from "./gate-member.ts";
import { scan } from "./scan.ts";
import { signature } from "./signature.ts";

// Every gate, in the order in which they are passed. A new one is one file and one line here.
const members = [
  allowList, //
  digestPin,
  cooldown,
  signature,
  scan,
  approval,
] as const satisfies readonly GateMember[];

export type GateKind = (typeof members)[number]["kind"];

/** In the order in which they are passed. */
export const gateKinds: readonly GateKind[] = members.map(({ kind }) => kind);

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
      const ofPolicy = ports.policy.demandsOn(subject) ?? noDemands;
      const demands = strictest(subject.demands, ofPolicy, subject.sighting);
      const results: GateResult[] = [];
      for (const { kind, gate } of gates) {
        const verdict = await gate.check({ ...subject, demands }, signal);
        if (verdict.kind === "off") continue;
        results.push(resultOf(kind, verdict, { subject, at: ports.now() }));
        if (verdict.kind !== "passed") return { results, stopped: { gate: kind, verdict } };
      }
      return { results };
    },
  };
}

/** What still waits, waits since it began to. */
function resultOf(
  gate: GateKind,
  verdict: Exclude<Verdict, { readonly kind: "off" }>,
  { subject: { stoppedBefore }, at }: { readonly subject: GateSubject; readonly at: Date },
): GateResult {
  const { kind, reason } = verdict;
  if (kind !== "waiting") return { gate, verdict: kind, reason, at };
  const since = stoppedBefore?.gate === gate ? stoppedBefore.since : at;
  return { gate, verdict: kind, reason, at: since, on: verdict.on };
}
