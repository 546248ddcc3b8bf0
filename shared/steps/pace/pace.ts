import { randomUUID } from "node:crypto";
import type { Clock, Sleep } from "../../model/clock.ts";
import { Failure } from "../../model/failure.ts";
import type { Limits } from "../../registry/limits.ts";
import type { SeenQuotas } from "../../registry/seen-quotas.ts";
import type { Hosts, HostView } from "../../stores/hosts.ts";
import { createGate } from "./gate.ts";
import {
  admit,
  barredBy,
  describeQuota,
  type Grant,
  isKept,
  noteQuota,
  type PutOff,
  settle,
  slotMs,
  type Urgency,
} from "./host-budget.ts";

export interface PacePorts {
  readonly hosts: Hosts;
  readonly limits: Limits;
  readonly quotas: SeenQuotas;
  readonly now: Clock;
  readonly sleep: Sleep;
  /** From 0 to 1. */
  readonly random: () => number;
}

export interface PaceOptions {
  readonly host: string;
  readonly urgency: Urgency;
  /** Requests that it expects to send: granted at once, by one write. */
  readonly requests: number;
  readonly connections: number;
}

/** One message's share of a host: what it sends goes by turns. */
export interface Pace {
  readonly kind: "pace";
  /** Sends when it may. Throws `rate-limited` when that is too far off: `putOff` then says until when. */
  turn<T>(send: (signal: AbortSignal) => Promise<T>, signal: AbortSignal): Promise<T>;
  /** Requests that were sent beside the turns: further pages of a list. They are paid for by later ones. */
  charge(requests: number): void;
  readonly putOff: PutOff | undefined;
  /** Gives back what it holds and writes down what others should know: at most one write, mostly none. */
  close(signal: AbortSignal): Promise<void>;
}

// Within the life of its slots and of an invocation, with time left for the last answers.
const workMs = slotMs - 90_000;
const contendedMs = 5_000;
// What is granted at once when more is to be asked than was expected.
const requestsAtOnce = 10;

/** A host's share for one message, or until when it is put off. A host without limits costs one read and no write. */
export async function openPace(
  options: PaceOptions,
  ports: PacePorts,
  signal: AbortSignal,
): Promise<Pace | PutOff> {
  const { host, urgency } = options;
  const { hosts, now } = ports;
  const limits = ports.limits.of(host);
  const holder = randomUUID();
  const mark = ports.quotas.mark(host);
  const limited = limits.requestsPerSecond !== undefined || limits.connections !== undefined;
  const view: HostView = (await hosts.get(host, signal)) ?? { state: { slots: [] }, at: now() };
  const barred = barredBy(view.state, { at: view.at, limits, urgency });
  if (barred !== undefined) return barred;

  const reserve = async (requests: number, connections: number): Promise<Grant | PutOff> => {
    const ask = { urgency, requests, connections, holder };
    try {
      return await hosts.change(host, (current) => admit(current, limits, ask), signal);
    } catch (error) {
      if (!(error instanceof Failure) || error.code !== "conflict") throw error;
      const until = new Date(now().getTime() + contendedMs * (0.5 + ports.random()));
      return { kind: "put-off", until, reason: "Too many workers ask the upstream at once." };
    }
  };
  const opened = now().getTime();
  let granted = limited
    ? await reserve(options.requests, options.connections)
    : admit(view, limits, { ...options, holder }).answer;
  if (granted.kind === "put-off") return granted;

  const gate = createGate(granted.connections);
  const lifetime = limits.connections === undefined ? undefined : AbortSignal.timeout(slotMs - 10_000);
  let grantedAt = now().getTime();
  let used = 0;
  let unpaid = 0;
  let putOff: PutOff | undefined;
  let turns: Promise<unknown> = Promise.resolve();

  const refuse = (reason: PutOff): never => {
    putOff ??= reason;
    const retryAfterMs = Math.max(0, putOff.until.getTime() - now().getTime());
    throw new Failure("rate-limited", `${host} is not asked now. ${putOff.reason}`, { retryAfterMs });
  };
  const take = async (): Promise<void> => {
    if (putOff !== undefined) refuse(putOff);
    const time = now();
    const quota = ports.quotas.since(host, mark);
    if (quota !== undefined && isKept(quota, limits, urgency)) {
      const noted = noteQuota({ ...view, at: time }, limits, quota)?.quota?.until ?? time;
      refuse({ kind: "put-off", until: noted, reason: describeQuota(quota) });
    }
    if (limits.requestsPerSecond === undefined || granted.kind === "put-off") return;
    if (time.getTime() - opened > workMs)
      refuse({ kind: "put-off", until: time, reason: "The upstream's rate leaves the rest for later." });
    if (used >= granted.requests) {
      const next = await reserve(requestsAtOnce + unpaid, 0);
      if (next.kind === "put-off") refuse(next);
      else {
        granted = { ...next, connections: granted.connections };
        grantedAt = now().getTime();
        used = Math.min(unpaid, granted.requests - 1);
        unpaid -= used;
      }
    }
    const due = grantedAt + granted.leadMs + used * granted.spacingMs;
    used += 1;
    const waitMs = due - now().getTime();
    if (waitMs > 0) await ports.sleep(waitMs, signal);
  };

  return {
    kind: "pace",
    turn: (send, asked) =>
      gate(async () => {
        const mine = turns.then(take);
        turns = mine.catch(() => {});
        await mine;
        return send(lifetime === undefined ? asked : AbortSignal.any([asked, lifetime]));
      }),
    charge: (requests) => {
      unpaid += requests;
    },
    get putOff() {
      return putOff;
    },
    close: async (closing) => {
      const seen = ports.quotas.since(host, mark);
      const finish = (current: HostView) => {
        const settled = settle(current, limits, { holder, unpaid });
        const noted = seen && noteQuota({ ...current, state: settled ?? current.state }, limits, seen);
        const next = noted ?? settled;
        return { answer: undefined, ...(next && { next }) };
      };
      if (limits.connections === undefined && finish(view).next === undefined) return;
      try {
        await hosts.change(host, finish, closing);
      } catch (error) {
        // What is held lapses by itself, and the next answer tells of the quota again.
        if (!(error instanceof Failure) || error.code !== "conflict") throw error;
      }
    },
  };
}
