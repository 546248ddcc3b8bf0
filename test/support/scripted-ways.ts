import type { ImportOrder, Method, Operation, Progress } from "../../shared/methods/method.ts";
import type { Event } from "../../shared/model/event.ts";
import type { Notifier } from "../../shared/notifiers/notifier.ts";
import type { ScriptedRegistry } from "./scripted-registry.ts";

export interface ScriptedMethod extends Method {
  readonly calls: string[];
  /** What the next calls do in place of importing at once. */
  readonly next: ((order: ImportOrder) => Progress | Promise<Progress>)[];
  readonly orders: ImportOrder[];
}

export interface ScriptedChannel extends Notifier {
  readonly sent: { readonly key: string; readonly events: readonly Event[] }[];
  /** Thrown by the next sends; undefined lets one through. */
  readonly faults: (Error | undefined)[];
}

/** Runs what changes something outside the worker, unless the worker is dead. */
export type Effect = <T>(name: string, run: () => Promise<T>) => Promise<T>;

export function createScriptedMethod(target: ScriptedRegistry, effect: Effect): ScriptedMethod {
  const call = (name: string, order: ImportOrder): Promise<Progress> =>
    effect(`method ${name}`, async () => {
      method.calls.push(name);
      method.orders.push(order);
      const scripted = method.next.shift();
      if (scripted !== undefined) return scripted(order);
      target.tags.set(`${order.target.path}:${order.target.tag}`, order.source.digest);
      return { kind: "done" };
    });
  const method: ScriptedMethod = {
    calls: [],
    next: [],
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
