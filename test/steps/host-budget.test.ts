import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { HostLimits } from "../../shared/registry/limits.ts";
import {
  admit,
  isKept,
  noteQuota,
  pollPause,
  settle,
  slotMs,
  type Urgency,
} from "../../shared/steps/pace/host-budget.ts";
import type { HostState, HostView } from "../../shared/stores/hosts.ts";

const start = Date.parse("2026-11-22T10:00:00.000Z");
const at = (seconds: number): Date => new Date(start + seconds * 1000);
const empty: HostState = { slots: [] };
const view = (state: Partial<HostState> = {}, seconds = 0): HostView => ({
  state: { ...empty, ...state },
  at: at(seconds),
});
const limits = (parts: Partial<HostLimits> = {}): HostLimits => ({
  reserve: 0.2,
  counts: "requests",
  ...parts,
});
const ask = { urgency: "poll", requests: 20, connections: 8, holder: "me" } as const;
const low = (remaining: number) => ({ limit: 100, remaining, since: at(-60), until: at(600) });

describe("a host", () => {
  it("without limits grants all at once and writes nothing", () => {
    expect(admit(view(), limits(), ask)).toEqual({
      answer: { kind: "granted", requests: 20, leadMs: 0, spacingMs: 0, connections: 8 },
    });
  });

  it.each<[string, Partial<HostState>, Urgency, HostLimits, number | undefined]>([
    ["in a pause", { pause: { since: at(-9), until: at(60) } }, "poll", limits(), 60],
    ["in a pause, for people too", { pause: { since: at(-9), until: at(60) } }, "manual", limits(), 60],
    ["after a pause", { pause: { since: at(-9), until: at(0) } }, "poll", limits(), undefined],
    ["with more than the reserve", { quota: low(21) }, "poll", limits(), undefined],
    ["at the reserve", { quota: low(20) }, "poll", limits(), 600],
    ["at the reserve, for an import", { quota: low(20) }, "import", limits(), undefined],
    ["at half of the reserve, for an import", { quota: low(10) }, "import", limits(), 600],
    ["with nothing left, for people", { quota: low(0) }, "manual", limits(), undefined],
    [
      "at the reserve, where polls cost nothing",
      { quota: low(0) },
      "poll",
      limits({ counts: "pulls" }),
      undefined,
    ],
    [
      "at the reserve, where imports cost pulls",
      { quota: low(0) },
      "import",
      limits({ counts: "pulls" }),
      600,
    ],
    [
      "at the reserve of a window that is over",
      { quota: { ...low(0), until: at(0) } },
      "poll",
      limits(),
      undefined,
    ],
  ])("%s", (_, state, urgency, of, until) => {
    const { answer, next } = admit(view(state), of, { ...ask, urgency });
    expect(answer.kind === "put-off" ? answer.until : undefined).toEqual(
      until === undefined ? undefined : at(until),
    );
    expect(next).toBeUndefined();
  });

  it("of 2 requests a second spaces them by half a second, and charges all of them by one write", () => {
    expect(admit(view(), limits({ requestsPerSecond: 2 }), ask)).toEqual({
      answer: { kind: "granted", requests: 20, leadMs: 0, spacingMs: 500, connections: 8 },
      next: { slots: [], spentAt: at(10) },
    });
  });

  it("grants no more than half a minute of work at once", () => {
    const { answer } = admit(view(), limits({ requestsPerSecond: 1 }), { ...ask, requests: 100 });
    expect(answer).toMatchObject({ requests: 31 });
  });

  it("puts off what could not start within half a minute, and urgent work later", () => {
    const busy = view({ spentAt: at(35) });
    const of = limits({ requestsPerSecond: 1 });
    expect(admit(busy, of, ask).answer).toMatchObject({ kind: "put-off", until: at(35) });
    expect(admit(busy, of, { ...ask, urgency: "manual" }).answer).toMatchObject({ leadMs: 35_000 });
  });

  it("lets urgent work use the whole burst, polls half of it", () => {
    const busy = view({ spentAt: at(0.7) });
    const of = limits({ requestsPerSecond: 10 });
    expect(admit(busy, of, ask).answer).toMatchObject({ leadMs: 300 });
    expect(admit(busy, of, { ...ask, urgency: "import" }).answer).toMatchObject({ leadMs: -200 });
  });

  it("gives what slots are free, none of a worker that died, and puts off at last", () => {
    const of = limits({ connections: 4 });
    const slots = [
      { holder: "dead", count: 2, until: at(0) },
      { holder: "a", count: 3, until: at(100) },
    ];
    expect(admit(view({ slots }), of, ask)).toMatchObject({
      answer: { connections: 1 },
      next: {
        slots: [
          { holder: "a", count: 3, until: at(100) },
          { holder: "me", count: 1, until: new Date(start + slotMs) },
        ],
      },
    });
    const full = [{ holder: "a", count: 4, until: at(100) }];
    expect(admit(view({ slots: full }), of, ask).answer).toMatchObject({ kind: "put-off", until: at(5) });
    expect(admit(view({ slots: full }, 98), of, ask).answer).toMatchObject({ until: at(100) });
  });
});

describe("what is settled at the end", () => {
  const slots = [
    { holder: "me", count: 2, until: at(100) },
    { holder: "a", count: 1, until: at(100) },
  ];
  it.each<[string, Partial<HostState>, HostLimits, number, HostState | undefined]>([
    ["nothing", {}, limits(), 3, undefined],
    ["its own slots", { slots }, limits({ connections: 4 }), 0, { slots: slots.slice(1) }],
    [
      "pages beyond what was granted",
      { spentAt: at(2) },
      limits({ requestsPerSecond: 2 }),
      3,
      { slots: [], spentAt: at(3.5) },
    ],
  ])("%s", (_, state, of, unpaid, next) => {
    expect(settle(view(state), of, { holder: "me", unpaid })).toEqual(next);
  });
});

describe("a quota that was seen", () => {
  it.each<
    [string, HostState["quota"] | undefined, { remaining: number; resetMs?: number }, HostState | undefined]
  >([
    ["is not written while there is plenty", undefined, { remaining: 41 }, undefined],
    [
      "is written when it is low, for the window at most an hour",
      undefined,
      { remaining: 40, resetMs: 21_600_000 },
      { slots: [], quota: { limit: 100, remaining: 40, since: at(0), until: at(3600) } },
    ],
    [
      "is written for a quarter of an hour when it does not say",
      undefined,
      { remaining: 0 },
      { slots: [], quota: { limit: 100, remaining: 0, since: at(0), until: at(900) } },
    ],
    ["is not written again while it is the same", low(7), { remaining: 7 }, undefined],
    [
      "is written when it changed, as one span",
      low(7),
      { remaining: 6, resetMs: 60_000 },
      { slots: [], quota: { limit: 100, remaining: 6, since: at(-60), until: at(60) } },
    ],
    ["is taken back when there is plenty again", low(7), { remaining: 90 }, { slots: [] }],
  ])("%s", (_, quota, seen, next) => {
    expect(noteQuota(view({ ...(quota && { quota }) }), limits(), { limit: 100, ...seen })).toEqual(next);
  });

  it("puts polls off like a pause does, for the longer of both", () => {
    const pause = { since: at(-5), until: at(30) };
    expect(pollPause({ slots: [], pause }, limits())).toEqual(pause);
    expect(pollPause({ slots: [], pause, quota: low(1) }, limits())).toEqual({
      since: at(-60),
      until: at(600),
    });
    expect(pollPause({ slots: [], pause, quota: low(50) }, limits())).toEqual(pause);
    expect(isKept(low(0), limits({ reserve: 0 }), "poll")).toBe(true);
  });
});

describe("any interleaving of workers", () => {
  const step = fc.record({
    worker: fc.nat(6),
    waitMs: fc.nat(3_000),
    requests: fc.integer({ min: 1, max: 40 }),
    urgency: fc.constantFrom<Urgency>("poll", "import", "manual"),
    does: fc.constantFrom("ask", "ask", "ask", "release", "die"),
  });

  it("never sends more than rate × time + burst, however the grants fall", () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), fc.constantFrom(0.5, 1, 3, 10), (steps, rate) => {
        const of = limits({ requestsPerSecond: rate });
        let state = empty;
        let time = start;
        const sent: number[] = [];
        for (const { worker, waitMs, requests, urgency } of steps) {
          time += waitMs;
          const asked = { urgency, requests, connections: 0, holder: `w${worker}` };
          const { answer, next } = admit({ state, at: new Date(time) }, of, asked);
          state = next ?? state;
          if (answer.kind === "put-off") continue;
          for (let k = 0; k < answer.requests; k += 1)
            sent.push(time + Math.max(0, answer.leadMs + k * answer.spacingMs));
        }
        sent.sort((a, b) => a - b);
        const burst = Math.max(1, Math.floor(rate));
        const tooMany = sent.some((from, first) =>
          sent.some((to, last) => {
            const allowed = burst + (rate * (to - from)) / 1000;
            return last >= first && last - first + 1 > allowed + 1e-6;
          }),
        );
        expect(tooMany).toBe(false);
      }),
    );
  });

  it("never holds more connections than there are, and those of the dead come back", () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), fc.integer({ min: 1, max: 9 }), (steps, most) => {
        const of = limits({ connections: most });
        let state = empty;
        let time = start;
        const held = new Map<string, { readonly count: number; readonly until: number }>();
        for (const { worker, waitMs, requests, does } of steps) {
          time += waitMs * 40;
          const holder = `w${worker}`;
          const now = { state, at: new Date(time) };
          for (const [name, { until }] of held) if (until <= time) held.delete(name);
          // Who dies says nothing: its connections break, its slots stay until they lapse.
          if (does === "die") continue;
          if (does === "release") {
            state = settle(now, of, { holder, unpaid: 0 }) ?? state;
            held.delete(holder);
            continue;
          }
          const asked = { urgency: "poll" as const, requests, connections: requests, holder };
          const { answer, next } = admit(now, of, asked);
          state = next ?? state;
          if (answer.kind === "granted")
            held.set(holder, { count: answer.connections, until: time + slotMs });
          const sum = [...held.values()].reduce((total, { count }) => total + count, 0);
          expect(sum).toBeLessThanOrEqual(most);
        }
        const later = { state, at: new Date(time + slotMs) };
        expect(admit(later, of, { ...ask, connections: most, holder: "new" }).answer).toMatchObject({
          kind: "granted",
          connections: most,
        });
      }),
    );
  });
});
