import type { GateSubject, Verdict } from "../../shared/gates/gate.ts";
import type { Gates } from "../../shared/gates/members.ts";
import type { ImportOrder, Method, Operation, Progress } from "../../shared/methods/method.ts";
import type { Clock } from "../../shared/model/clock.ts";
import type { Event } from "../../shared/model/event.ts";
import type { Notifier } from "../../shared/notifiers/notifier.ts";
import type { ScriptedRegistry } from "./scripted-registry.ts";

export type MethodCall = (order: ImportOrder) => Progress | Promise<Progress>;

export interface ScriptedMethod extends Method {
  readonly calls: string[];
  /** What the next calls do in place of importing at once. */
  readonly next: MethodCall[];
  /** What all other calls do, however often they come. */
  always: { readonly start?: MethodCall; readonly check?: MethodCall };
  readonly orders: ImportOrder[];
}

export interface ScriptedChannel extends Notifier {
  readonly sent: { readonly key: string; readonly events: readonly Event[] }[];
  /** Thrown by the next sends; undefined lets one through. */
  readonly faults: (Error | undefined)[];
}

/** Gates that a test may open and shut, before the product's own. */
export interface ScriptedGates {
  /** What is said of an import; `off` leaves it to the product's gates. It is asked again after a crash: let it go by time. */
  verdict: (subject: GateSubject, now: Date) => Verdict;
  before(gates: Gates): Gates;
}

/** Runs what changes something outside the worker, unless the worker is dead. */
export type Effect = <T>(name: string, run: () => Promise<T>) => Promise<T>;

export function createScriptedMethod(
  { upstream, target }: { readonly upstream: ScriptedRegistry; readonly target: ScriptedRegistry },
  effect: Effect,
): ScriptedMethod {
  const call = (name: "start" | "check", order: ImportOrder): Promise<Progress> =>
    effect(`method ${name}`, async () => {
      method.calls.push(name);
      method.orders.push(order);
      const scripted = method.next.shift() ?? method.always[name];
      if (scripted !== undefined) return scripted(order);
      const { source, target: place } = order;
      const manifest = upstream.manifests.get(`${source.path}@${source.digest}`) ?? {};
      if (place.tag === undefined) target.manifests.set(`${place.path}@${source.digest}`, manifest);
      else target.tags.set(`${place.path}:${place.tag}`, source.digest);
      return { kind: "done" };
    });
  const method: ScriptedMethod = {
    calls: [],
    next: [],
    always: {},
    orders: [],
    start: (order) => call("start", order),
    check: (order, _operation: Operation) => call("check", order),
    cancel: async () => {
      method.calls.push("cancel");
    },
  };
  return method;
}

export function createScriptedChannel(effect: Effect): ScriptedChannel {
  const channel: ScriptedChannel = {
    sent: [],
    faults: [],
    send: (message) =>
      effect("channel send", async () => {
        const fault = channel.faults.shift();
        if (fault !== undefined) throw fault;
        channel.sent.push(message);
      }),
  };
  return channel;
}

export function createScriptedGates(now: Clock): ScriptedGates {
  const scripted: ScriptedGates = {
    verdict: () => ({ kind: "off" }),
    before: (gates) => ({
      ...gates,
      pass: async (subject, signal) => {
        const verdict = scripted.verdict(subject, now());
        if (verdict.kind === "off" || verdict.kind === "passed") return gates.pass(subject, signal);
        const result = { gate: "allow-list", verdict: verdict.kind, reason: verdict.reason, at: now() };
        return { results: [result], stopped: { gate: "allow-list", verdict } };
      },
    }),
  };
  return scripted;
}
