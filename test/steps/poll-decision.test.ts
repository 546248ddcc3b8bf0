import { describe, expect, it } from "vitest";
import { parseWatch } from "../../shared/documents/watch.ts";
import { decidePoll, questionsFor } from "../../shared/steps/poll/poll-decision.ts";
import { emptyState, type WatchState } from "../../shared/stores/watch-states.ts";
import { digestNamed, targetHost } from "../support/records.ts";

const watch = parseWatch("default", "app", {
  Source: "up.example/library/app",
  Tags: "semver *",
  Platforms: "linux/amd64,linux/arm64/v8",
  Credential: "env:HUB",
});
const now = new Date("2026-11-22T10:00:00.000Z");
const [a, b] = [digestNamed("a"), digestNamed("b")];

function stateOf(
  parts: Partial<Record<"known" | "moved", Record<string, string>>> &
    Partial<Pick<WatchState, "trouble" | "listed">>,
): WatchState {
  const { known = {}, moved = {}, ...rest } = parts;
  return {
    ...emptyState,
    revision: watch.revision,
    ...rest,
    known: new Map(Object.entries(known)),
    moved: new Map(Object.entries(moved)),
  };
}

interface Case {
  readonly name: string;
  readonly state: WatchState;
  readonly versions?: readonly string[];
  readonly tracked?: readonly string[];
  readonly answers: Readonly<Record<string, typeof a>>;
  readonly orders?: readonly string[];
  readonly moved?: readonly string[];
  /** Absent: nothing is to be written. */
  readonly next?: Record<"known" | "moved", Record<string, string>> & { readonly unanswered?: number };
}

const later = { before: { poll: "later", major: 1 }, accepted: new Map<string, string>() } as const;

describe("what a poll decides", () => {
  it.each<Case>([
    {
      name: "a new version is ordered",
      state: stateOf({}),
      versions: ["1"],
      answers: { 1: a },
      orders: ["1 keep"],
      next: { known: { 1: a }, moved: {} },
    },
    {
      name: "a known version is left alone",
      state: stateOf({ known: { 1: a } }),
      versions: ["1"],
      answers: { 1: a },
    },
    {
      name: "a known version that was not asked for is left alone",
      state: stateOf({ known: { 1: a } }),
      versions: ["1"],
      answers: {},
    },
    {
      name: "a version that is gone again is not taken for known, but counted as wanted",
      state: stateOf({}),
      versions: ["1"],
      answers: {},
      next: { known: {}, moved: {}, unanswered: 1 },
    },
    {
      name: "a version that was without an answer, and still is, is not worth a write",
      state: { ...stateOf({}), unanswered: 1 },
      versions: ["1"],
      answers: {},
    },
    {
      name: "a version that has its answer now is not counted any more",
      state: { ...stateOf({}), unanswered: 1 },
      versions: ["1"],
      answers: { 1: a },
      orders: ["1 keep"],
      next: { known: { 1: a }, moved: {} },
    },
    {
      name: "a version that is chosen no more is forgotten",
      state: stateOf({ known: { 1: a, 2: b } }),
      versions: ["2"],
      answers: {},
      next: { known: { 2: b }, moved: {} },
    },
    {
      name: "a re-pushed version is held",
      state: stateOf({ known: { 1: a } }),
      versions: ["1"],
      answers: { 1: b },
      moved: ["1"],
      next: { known: { 1: a }, moved: { 1: b } },
    },
    {
      name: "a held version is told no more",
      state: stateOf({ known: { 1: a }, moved: { 1: b } }),
      versions: ["1"],
      answers: { 1: b },
    },
    {
      name: "a held version that was not asked for stays held",
      state: stateOf({ known: { 1: a }, moved: { 1: b } }),
      versions: ["1"],
      answers: {},
    },
    {
      name: "a held version that came back is forgotten as moved",
      state: stateOf({ known: { 1: a }, moved: { 1: b } }),
      versions: ["1"],
      answers: { 1: a },
      next: { known: { 1: a }, moved: {} },
    },
    {
      name: "a new floating tag is ordered",
      state: stateOf({}),
      tracked: ["latest"],
      answers: { latest: a },
      orders: ["latest replace"],
      next: { known: { latest: a }, moved: {} },
    },
    {
      name: "a floating tag is followed",
      state: stateOf({ known: { latest: a } }),
      tracked: ["latest"],
      answers: { latest: b },
      orders: ["latest replace"],
      next: { known: { latest: b }, moved: {} },
    },
    {
      name: "a floating tag that stands still is left alone",
      state: stateOf({ known: { latest: a } }),
      tracked: ["latest"],
      answers: { latest: a },
    },
    {
      name: "a trouble that has gone is forgotten",
      state: stateOf({ known: { 1: a }, trouble: { code: "x", reason: "y", since: now } }),
      versions: ["1"],
      answers: {},
      next: { known: { 1: a }, moved: {} },
    },
  ])("$name", ({ state, versions = [], tracked = [], answers, orders = [], moved = [], next }) => {
    const selection = { versions, tracked, skipped: [] };
    const decision = decidePoll(
      state,
      { selection, answers: new Map(Object.entries(answers)) },
      { watch, targetHost, method: "copy", notify: ["ops"], now, ...later, listed: versions.length },
    );
    expect(decision.orders.map(({ tag, existing }) => `${tag} ${existing}`)).toEqual(orders);
    expect(decision.moved.map(({ tag }) => tag)).toEqual(moved);
    const written = decision.state && {
      known: Object.fromEntries(decision.state.known),
      moved: Object.fromEntries(decision.state.moved),
      unanswered: decision.state.unanswered,
    };
    expect(written).toEqual(next);
    expect(decision.state?.trouble).toBeUndefined();
  });

  it("puts all that an import needs into its order", () => {
    const selection = { versions: ["1"], tracked: [], skipped: [] };
    const context = {
      watch,
      targetHost,
      method: "copy",
      notify: ["ops"],
      now,
      ...later,
      listed: 1,
    } as const;
    const { orders } = decidePoll(stateOf({}), { selection, answers: new Map([["1", a]]) }, context);
    expect(orders).toEqual([
      {
        watch: { group: "default", name: "app" },
        key: expect.stringMatching(/^[0-9a-f]{64}$/),
        source: { host: "up.example", path: "library/app" },
        tag: "1",
        digest: a,
        target: { host: targetHost, path: "up.example/library/app", tag: "1" },
        state: "pending",
        method: "copy",
        existing: "keep",
        platforms: ["linux/amd64", "linux/arm64/v8"],
        credential: "env:HUB",
        notify: ["ops"],
        requestedBy: "watch",
        sighting: {
          by: "later",
          major: "1 is no version that the watch's scheme reads, so that it may be of a new major version",
        },
        seenAt: now,
        hop: 0,
        attempts: 0,
        handling: watch.handling,
        demands: { verify: [] },
        gates: [],
        decisions: [],
        operations: [],
      },
    ]);
  });

  it("remembers how long the listing was, down as well as up", () => {
    const selection = { versions: ["1"], tracked: [], skipped: [] };
    const context = { watch, targetHost, method: "copy", notify: [], now, ...later } as const;
    const listed = (before: number, count: number | undefined) =>
      decidePoll(
        stateOf({ listed: before }),
        { selection, answers: new Map([["1", a]]) },
        { ...context, listed: count },
      ).state?.listed;
    expect([listed(30, 20), listed(30, 40), listed(30, undefined)]).toEqual([20, 40, 30]);
  });

  it("keeps since when a trouble lasts, and writes nothing for it", () => {
    const selection = { versions: ["1"], tracked: [], skipped: [] };
    const since = new Date(0);
    const before = stateOf({ known: { 1: a }, trouble: { code: "integrity", reason: "old", since } });
    const context = { watch, targetHost, method: "copy", notify: [], now, ...later, listed: 1 } as const;
    const found = { selection, answers: new Map() };
    const trouble = { code: "integrity", reason: "new", since: now };
    expect(decidePoll(before, found, { ...context, trouble }).state).toBeUndefined();
    const other = { ...trouble, code: "protocol" };
    expect(decidePoll(before, found, { ...context, trouble: other }).state?.trouble).toEqual(other);
  });
});

describe("what a poll asks for", () => {
  const state = stateOf({ known: { 1: a, 2: a, 3: a } });

  it("is all that is new or floats, and one known version in turn", () => {
    const selection = { versions: ["4", "3", "2", "1"], tracked: ["latest"], skipped: [] };
    const asked = [0, 1, 2, 3].map((turn) => questionsFor(state, selection, turn));
    for (const { fresh, tracked } of asked) expect([fresh, tracked]).toEqual([["4"], ["latest"]]);
    expect(asked.map(({ recheck }) => recheck)).toEqual([["3"], ["2"], ["1"], ["3"]]);
  });

  it.each([1, 3, 5, 15, 16, 17, 32])(
    "rests at one poll in 16 and still comes round to all of %i versions",
    (count) => {
      const versions = Array.from({ length: count }, (_, index) => String(index));
      const all = stateOf({ known: Object.fromEntries(versions.map((tag) => [tag, a])) });
      const selection = { versions, tracked: [] };
      const asked = Array.from(
        { length: 16 * count },
        (_, turn) => questionsFor(all, selection, turn).recheck,
      );
      expect(asked.filter((recheck) => recheck.length === 0).length).toBe(count);
      expect(new Set(asked.flat())).toEqual(new Set(versions));
      expect(asked.flat().length).toBe(15 * count);
    },
  );

  it("is nothing known where nothing is", () => {
    const selection = { versions: ["9"], tracked: [], skipped: [] };
    expect(questionsFor(state, selection, 5)).toEqual({ fresh: ["9"], tracked: [], recheck: [] });
  });
});
