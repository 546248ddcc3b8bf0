import type { Demands } from "../../shared/gates/demands.ts";
import type { GateSubject, Verdict } from "../../shared/gates/gate.ts";
import type { GateMember } from "../../shared/gates/gate-member.ts";
import { openPolicy, type Policy } from "../../shared/gates/policy.ts";
import { digestNamed, targetHost, upstreamHost } from "../support/records.ts";
import { never } from "../support/registries.ts";
import { createScriptedRegistry } from "../support/scripted-registry.ts";

export const seenAt = new Date("2026-11-20T10:00:00.000Z");
export const theDigest = digestNamed("seen");
export const hoursLater = (hours: number): Date => new Date(seenAt.getTime() + hours * 3_600_000);

/** `up.example/library/app:1.0.0`, first seen by a poll after the first. */
export function makeSubject(parts: Partial<GateSubject> = {}): GateSubject {
  return {
    source: { host: upstreamHost, path: "library/app", digest: theDigest },
    tag: "1.0.0",
    target: { host: targetHost, path: "mirror/app", tag: "1.0.0" },
    watch: "default/app",
    requestedBy: "watch",
    seenAt,
    demands: { verify: [] },
    decisions: [],
    only: [],
    ...parts,
  };
}

export interface Asking {
  readonly demands?: Omit<Demands, "verify">;
  readonly subject?: Partial<GateSubject>;
  readonly now?: Date;
  readonly policy?: Policy;
  /** What upstream has under the tag; null: nothing. */
  readonly upstream?: string | null | Error;
}

/** Asks one gate; tells its verdict and what it asked of upstream. */
export async function ask(
  member: GateMember,
  { demands = {}, subject = {}, now = hoursLater(0), policy = openPolicy, upstream = "seen" }: Asking,
): Promise<{ readonly verdict: Verdict; readonly calls: readonly string[] }> {
  const registry = createScriptedRegistry(upstreamHost);
  if (upstream instanceof Error) registry.faults.set("head", upstream);
  else if (upstream !== null) registry.tags.set("library/app:1.0.0", digestNamed(upstream));
  const reports = { find: async () => undefined };
  const gate = member.create({ registries: { open: () => registry }, policy, reports, now: () => now });
  const verdict = await gate.check(makeSubject({ demands: { verify: [], ...demands }, ...subject }), never);
  return { verdict, calls: registry.calls };
}
