import { describe, expect, it } from "vitest";
import { importStates, isOpen } from "../../shared/documents/import-record.ts";
import { decisionKinds } from "../../shared/gates/decision.ts";
import type { EventKind } from "../../shared/model/event.ts";
import type { Outcome } from "../../shared/steps/import/import-outcome.ts";
import { collect } from "../support/collect.ts";
import { digestNamed, makeRecord } from "../support/records.ts";
import { never } from "../support/registries.ts";
import { outcomeOf, travel } from "./crash/journey.ts";
import { journeys } from "./crash/journeys.ts";

it.each(journeys)(
  "a worker that dies before or after any one effect loses nothing and tells nothing twice: $name",
  async (journey) => {
    const wanted = await outcomeOf(await travel(journey));
    expect(wanted).toMatchObject({
      target: digestsOf(journey.target),
      told: [...journey.told].sort(),
      repeatedUnderNewKey: 0,
      unfinished: [],
    });
    // Every import that came in, or was kept out, has left its evidence.
    const evident = wanted.ledger.filter((line) => /(?:done|denied|removed)$/.test(line));
    expect(wanted.evidence).toEqual(expect.arrayContaining(evident));
    for (const when of ["before", "after"] as const) {
      let effect = 0;
      for (;;) {
        const bench = await travel(journey, { when, effect });
        if (!bench.crashed) break;
        const last = `a crash ${when} effect ${effect}, ${bench.effects
          .slice(0, effect + 1)
          .slice(-4)
          .join(", ")}`;
        expect({ last, ...(await outcomeOf(bench)) }).toEqual({ last, ...wanted });
        effect += 1;
      }
      expect(effect).toBeGreaterThan(5);
    }
  },
);

function digestsOf(target: Readonly<Record<string, string>>) {
  return Object.fromEntries(Object.entries(target).map(([tag, name]) => [`m:${tag}`, digestNamed(name)]));
}

// A list that the compiler holds complete.
const outcomes = Object.keys({
  running: 1,
  proven: 1,
  waiting: 1,
  denied: 1,
  held: 1,
  overtaken: 1,
  "put-off": 1,
  unclear: 1,
  failed: 1,
} satisfies Record<Outcome["kind"], 1>);

/** What people are told of one import, or of something else. */
const events = Object.entries({
  imported: "import",
  updated: "import",
  failed: "import",
  moved: "import",
  waiting: "import",
  denied: "import",
  repaired: "import",
  drifted: "import",
  removed: "import",
  "watch-rejected": "watch",
  "watch-failing": "watch",
  stale: "watch",
  "dead-letter": "message",
} satisfies Record<EventKind, string>).flatMap(([kind, of]) => (of === "import" ? [{ kind }] : []));

const impossible: Readonly<Record<string, string>> = {
  "pending unclear": "only an operation can be unclear",
  "waiting unclear": "only an operation can be unclear",
  "running waiting": "gates are asked before a method is started",
  "running denied": "gates are asked before a method is started",
  "running overtaken": "an operation under way is followed to its end",
};

describe("the journeys, together,", async () => {
  const benches = await Promise.all(journeys.map((journey) => travel(journey)));
  const hops = new Set(benches.flatMap((bench) => bench.hops));
  const reached = new Set(benches.flatMap(({ changes }) => changes.map((change) => change.split(" ")[1])));

  const ledgers = await Promise.all(benches.map(({ stores }) => collect(stores.ledger.all(never))));
  const decided = new Set(
    ledgers.flat().flatMap(({ record }) => record.decisions.map(({ kind }): string => kind)),
  );

  it.each(
    importStates
      .filter((state) => isOpen(makeRecord({ state })))
      .flatMap((state) => outcomes.map((outcome) => ({ hop: `${state} ${outcome}` }))),
  )("come by every hop: $hop", ({ hop }) => {
    expect(hops.has(hop), impossible[hop]).toBe(impossible[hop] === undefined);
  });

  it.each(importStates.map((state) => ({ state })))("come by every state: $state", ({ state }) => {
    expect([...reached]).toContain(state);
  });

  it.each(decisionKinds.map((kind) => ({ kind })))("come by every decision: $kind", ({ kind }) => {
    expect([...decided]).toContain(kind);
  });

  it.each(events)("tell everything that there is to tell of imports: $kind", ({ kind }) => {
    expect(journeys.flatMap(({ told }) => told.map((text) => text.split(" ")[0]))).toContain(kind);
  });
});
