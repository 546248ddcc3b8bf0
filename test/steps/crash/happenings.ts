import { formatImportId } from "../../../shared/documents/import-record.ts";
import type { DecisionKind } from "../../../shared/gates/decision.ts";
import type { Verdict } from "../../../shared/gates/gate.ts";
import type { Progress } from "../../../shared/methods/method.ts";
import { Failure, type FailureCode } from "../../../shared/model/failure.ts";
import { whatFits } from "../../../shared/steps/decide/apply-decision.ts";
import { decideOnImport } from "../../../shared/steps/decide/decide-on-import.ts";
import { slotOf } from "../../../shared/steps/drift/check-drift.ts";
import { applyProposal } from "../../../shared/steps/retention/apply-removal.ts";
import { proposeRemoval } from "../../../shared/steps/retention/propose-removal.ts";
import { collect } from "../../support/collect.ts";
import { digestNamed, upstreamHost } from "../../support/records.ts";
import { never } from "../../support/registries.ts";
import type { ScriptedRegistry } from "../../support/scripted-registry.ts";
import type { MethodCall } from "../../support/scripted-ways.ts";
import type { StepBench } from "../../support/step-bench.ts";
import type { Happening } from "./journey.ts";

const minuteMs = 60_000;
const hourMs = 60 * minuteMs;

/** Upstream has these tags from now on, each with the content of that name. */
export function published(tags: Readonly<Record<string, string>>): Happening {
  return ({ upstream }) => {
    for (const [tag, content] of Object.entries(tags)) put(upstream, `library/app:${tag}`, content);
  };
}

/** Somebody pushes, past Wharfgate. */
export function put({ tags }: ScriptedRegistry, name: string, content: string): void {
  tags.set(name, digestNamed(content));
}

/** Something happens at the target, and the watch's turn to be checked for drift comes. */
export function checkedAfter(happens: (bench: StepBench) => void): Happening {
  const slotMs = 5 * minuteMs;
  return async (bench) => {
    happens(bench);
    const wanted = slotOf({ group: "default", name: "app" });
    while (Math.floor(bench.now().getTime() / slotMs) % 288 !== wanted) bench.pass(slotMs);
    // As in a system whose schedule runs.
    await bench.stores.ticks.record(bench.now(), never);
    await bench.sweep();
  };
}

/** A person has retention propose what to remove, and applies it. */
export async function proposedAndApplied({ ports }: StepBench): Promise<void> {
  const { id } = await proposeRemoval({ keepAlso: [] }, "ann", ports, never);
  await applyProposal(id, "ann", ports, never);
}

/** The method's next calls, each once: an end that does not hang on how often it is called, for there may be one call more. */
export function methodSays(...calls: readonly MethodCall[]): Happening {
  return ({ method }) => void method.next.push(...calls);
}

/** All calls of the method, however often they come. */
export function always(start: MethodCall, check: MethodCall = start): Happening {
  return ({ method }) => {
    method.always = { start, check };
  };
}

/** Whatever was wrong with the method is not any more. */
export function mended({ method }: StepBench): void {
  method.always = {};
}

export function running(): Progress {
  return { kind: "running", operation: { id: "op" }, checkAfterMs: 10_000 };
}

export function failing(code: FailureCode, meanwhile = () => {}): () => never {
  return () => {
    meanwhile();
    throw new Failure(code, `it is ${code}`);
  };
}

/** Upstream wants to be left alone. */
export function limited(): never {
  const context = { registry: upstreamHost };
  throw new Failure("rate-limited", "429", { context, retryAfterMs: 2 * minuteMs });
}

/** A gate before all others: what it says of an import, by the time since it was first seen, and what happens meanwhile. */
export function gateSays(
  verdict: (ageMs: number) => Verdict,
  meanwhile: (bench: StepBench) => void = () => {},
): Happening {
  return (bench) => {
    bench.gates.verdict = ({ seenAt }, now) => {
      const said = verdict(now.getTime() - seenAt.getTime());
      if (said.kind === "waiting") meanwhile(bench);
      return said;
    };
  };
}

export const waiting = {
  kind: "waiting",
  on: "time",
  reason: "it is too early",
  next: "Wait",
  checkAfterMs: 20 * minuteMs,
} as const satisfies Verdict;

export const denied = { kind: "denied", reason: "it may not", next: "Ask" } as const satisfies Verdict;

export function waitingForAnHour(ageMs: number): Verdict {
  return ageMs < hourMs ? waiting : { kind: "off" };
}

/** A person decides on the one import that this fits; asked again after a crash, on the same. */
export function decides(kind: DecisionKind): Happening {
  return async (bench) => {
    const entries = await collect(bench.stores.ledger.all(never));
    const found = entries.find(
      ({ record }) => record.decisions.at(-1)?.kind === kind || whatFits(record).includes(kind),
    );
    if (found === undefined) throw new Error(`nothing that ${kind} fits`);
    const body = { decision: kind, reason: "because" };
    const importId = formatImportId(found.record);
    await decideOnImport({ importId, body, actor: "ops", fourEyes: "unknown" }, bench.ports, never);
  };
}

/** Somebody changes columns of the row. */
export function changed(columns: Readonly<Record<string, string>>): Happening {
  return async ({ stores }) => {
    const id = { group: "default", name: "app" };
    const row = await stores.watches.get(id, never);
    await stores.watches.put(id, { ...row?.columns, ...columns }, { signal: never, existing: "replace" });
  };
}

/** Upstream takes a tag back. */
export function withdrawn(tag: string): Happening {
  return ({ upstream }) => void upstream.tags.delete(`library/app:${tag}`);
}
