import type { Quota } from "../../http/quota.ts";
import type { HostLimits } from "../../registry/limits.ts";
import type { HostState, HostView, LowQuota, Pause } from "../../stores/hosts.ts";

/** Who asks: people go before imports of watches, and these before polls. */
export type Urgency = "manual" | "import" | "poll";

export interface Ask {
  readonly urgency: Urgency;
  /** Requests that it expects to send; fewer may be granted. */
  readonly requests: number;
  /** Connections that it would use at once; fewer may be granted. 0: it is not counted. */
  readonly connections: number;
  /** Names the message, so that its slots can be given back. */
  readonly holder: string;
}

/** Not now. The reason is a whole sentence for people, without the moment until when. */
export interface PutOff {
  readonly kind: "put-off";
  readonly until: Date;
  readonly reason: string;
}

/** Request k (from 0) may start `leadMs + k * spacingMs` after the grant, or at once when that is negative. */
export interface Grant {
  readonly kind: "granted";
  readonly requests: number;
  readonly leadMs: number;
  readonly spacingMs: number;
  readonly connections: number;
}

export interface Decision<T> {
  readonly answer: T;
  /** The row to be written; absent when nothing changes. */
  readonly next?: HostState;
}

export const upstreamAsks = "The upstream asked for a pause.";
/** How long a worker may hold connections; who works for longer has lost them. */
export const slotMs = 300_000;
/** How far ahead requests are granted. What comes later is put off, and leaves its place to others. */
const horizonMs: Readonly<Record<Urgency, number>> = { manual: 40_000, import: 60_000, poll: 30_000 };
const busyMs = 5_000;
const longestQuotaWaitMs = 3_600_000;
const defaultQuotaWaitMs = 900_000;

/** Pure: whether a host may be asked now, at which pace and over how many connections. */
export function admit({ state, at }: HostView, limits: HostLimits, ask: Ask): Decision<Grant | PutOff> {
  const barred = barredBy(state, { at, limits, urgency: ask.urgency });
  if (barred !== undefined) return { answer: barred };
  const slots = takeSlots(state, { at, limits, ask });
  if (slots.kind === "put-off") return { answer: slots };
  const pace = takeTurns(state, { at, limits, ask });
  if (pace.kind === "put-off") return { answer: pace };
  const answer: Grant = { ...pace.grant, connections: slots.count };
  const changed = pace.spentAt !== state.spentAt || slots.slots !== state.slots;
  if (!changed) return { answer };
  return {
    answer,
    next: { ...state, slots: slots.slots, ...(pace.spentAt && { spentAt: pace.spentAt }) },
  };
}

/** Pure: why a host must not be asked at all now, whatever its pace. */
export function barredBy(
  { pause, quota }: Pick<HostState, "pause" | "quota">,
  { at, limits, urgency }: { readonly at: Date; readonly limits: HostLimits; readonly urgency: Urgency },
): PutOff | undefined {
  if (pause !== undefined && pause.until > at)
    return { kind: "put-off", until: pause.until, reason: upstreamAsks };
  if (quota === undefined || quota.until <= at || !isKept(quota, limits, urgency)) return undefined;
  return { kind: "put-off", until: quota.until, reason: describeQuota(quota) };
}

/** Pure: the span in which polls wait for the host, whichever of its reasons lasts longer. */
export function pollPause({ pause, quota }: HostState, limits: HostLimits): Pause | undefined {
  if (quota === undefined || !isKept(quota, limits, "poll")) return pause;
  if (pause === undefined || pause.until < quota.until) return { since: quota.since, until: quota.until };
  return pause;
}

export function describeQuota({ limit, remaining }: Pick<Quota, "limit" | "remaining">): string {
  return `The upstream's quota has ${remaining} of ${limit} left, which are kept for more urgent work.`;
}

/** Whether what is left of a quota is kept from such work. People may use it up: the upstream's 429 is then the bound. */
export function isKept(
  { limit, remaining }: Pick<Quota, "limit" | "remaining">,
  { reserve, counts }: HostLimits,
  urgency: Urgency,
): boolean {
  if (urgency === "manual" || (urgency === "poll" && counts === "pulls")) return false;
  return remaining <= limit * (urgency === "poll" ? reserve : reserve / 2);
}

/** Pure: what is to be written of a quota that was seen: only what is low, or no longer is, and differs from what is known. */
export function noteQuota(view: HostView, limits: HostLimits, seen: Quota): HostState | undefined {
  const { state, at } = view;
  const isLow = seen.remaining <= seen.limit * Math.max(2 * limits.reserve, 0.05);
  if (!isLow) {
    const { quota, ...rest } = state;
    return quota === undefined || quota.until <= at ? undefined : rest;
  }
  const known = state.quota;
  if (known?.limit === seen.limit && known.remaining === seen.remaining && known.until > at) return undefined;
  const waitMs = Math.min(seen.resetMs ?? defaultQuotaWaitMs, longestQuotaWaitMs);
  const quota: LowQuota = {
    limit: seen.limit,
    remaining: seen.remaining,
    since: known !== undefined && known.until.getTime() + followsOnMs > at.getTime() ? known.since : at,
    until: new Date(at.getTime() + waitMs),
  };
  return { ...state, quota };
}

// As with pauses: the schedule may not have seen the end of a span that ended this long ago.
const followsOnMs = 120_000;

/** Pure: gives connections back, and pays for requests that were sent beyond what was granted. */
export function settle(
  { state, at }: HostView,
  limits: HostLimits,
  { holder, unpaid }: { readonly holder: string; readonly unpaid: number },
): HostState | undefined {
  const slots = state.slots.filter((each) => each.holder !== holder && each.until > at);
  const owes = limits.requestsPerSecond !== undefined && unpaid > 0;
  if (slots.length === state.slots.length && !owes) return undefined;
  const paid = owes && { spentAt: spend(state, at, unpaid * spacingOf(limits)) };
  return { ...state, slots, ...paid };
}

function takeSlots(
  { slots }: HostState,
  { at, limits, ask }: { readonly at: Date; readonly limits: HostLimits; readonly ask: Ask },
): { readonly kind: "taken"; readonly count: number; readonly slots: HostState["slots"] } | PutOff {
  const { connections: most } = limits;
  if (most === undefined || ask.connections === 0) return { kind: "taken", count: ask.connections, slots };
  const others = slots.filter(({ holder, until }) => holder !== ask.holder && until > at);
  const free = most - others.reduce((sum, { count }) => sum + count, 0);
  if (free < 1) {
    const first = Math.min(...others.map(({ until }) => until.getTime()));
    return {
      kind: "put-off",
      until: new Date(Math.min(first, at.getTime() + busyMs)),
      reason: `All ${most} connections to the upstream are in use.`,
    };
  }
  const count = Math.min(free, ask.connections);
  const until = new Date(at.getTime() + slotMs);
  return { kind: "taken", count, slots: [...others, { holder: ask.holder, count, until }] };
}

/**
 * Virtual scheduling, the generic cell rate algorithm (ITU-T I.371): granted requests move `spentAt` on by one spacing each,
 * and may run ahead of it by a burst of one second's worth, of which polls leave half to others.
 */
function takeTurns(
  state: HostState,
  { at, limits, ask }: { readonly at: Date; readonly limits: HostLimits; readonly ask: Ask },
):
  | { readonly kind: "taken"; readonly grant: Omit<Grant, "connections">; readonly spentAt: Date | undefined }
  | PutOff {
  const { requestsPerSecond: rate } = limits;
  if (rate === undefined) {
    const grant = { kind: "granted", requests: ask.requests, leadMs: 0, spacingMs: 0 } as const;
    return { kind: "taken", grant, spentAt: state.spentAt };
  }
  const spacingMs = spacingOf(limits);
  const burst = burstOf(rate, ask.urgency);
  const ahead = Math.max(0, (state.spentAt?.getTime() ?? 0) - at.getTime());
  const leadMs = ahead - (burst - 1) * spacingMs;
  const inTime = Math.floor((horizonMs[ask.urgency] - leadMs) / spacingMs) + 1;
  const requests = Math.min(ask.requests, Math.max(inTime, leadMs <= 0 ? 1 : 0));
  if (requests < 1) {
    return {
      kind: "put-off",
      until: new Date(at.getTime() + Math.ceil(leadMs)),
      reason: `Others have the upstream's ${rate} requests a second until then.`,
    };
  }
  const grant = { kind: "granted", requests, leadMs, spacingMs } as const;
  return { kind: "taken", grant, spentAt: spend(state, at, requests * spacingMs) };
}

/** One second's worth; polls use half of it at most, so that urgent work need not wait for them. */
function burstOf(rate: number, urgency: Urgency): number {
  const whole = Math.max(1, Math.floor(rate));
  return urgency === "poll" ? Math.max(1, Math.floor(whole / 2)) : whole;
}

function spacingOf({ requestsPerSecond = Number.POSITIVE_INFINITY }: HostLimits): number {
  return 1000 / requestsPerSecond;
}

function spend({ spentAt }: HostState, at: Date, ms: number): Date {
  return new Date(Math.ceil(Math.max(at.getTime(), spentAt?.getTime() ?? 0) + ms));
}
