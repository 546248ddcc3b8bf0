import { expect, it } from "vitest";
import { fuzz } from "../../bench/fuzz/run.ts";
import { targets } from "../../bench/fuzz/targets.ts";

it.each(targets)(
  "beyond: 20,000 spoilt inputs do no harm to what reads $name",
  { timeout: 120_000 },
  (target) => {
    const { inputs, taken, fault } = fuzz(target, { inputs: 20_000, seed: 7 });
    expect([inputs, fault]).toEqual([20_000, undefined]);
    // Neither all nothing nor all well: the inputs are on both sides of the grammar.
    expect(taken).toBeGreaterThan(100);
  },
);

it("beyond: a reader that fails otherwise than it may is found, with its input", () => {
  const spoilt = {
    name: "a reader with a flaw",
    refusals: [],
    prepare: (random: { below(limit: number): number }) => {
      const input = random.below(500);
      return {
        input,
        run: () => {
          if (input === 77) throw new TypeError("seventy-seven");
        },
      };
    },
  };
  expect(fuzz(spoilt, { inputs: 20_000, seed: 7 }).fault).toMatch(/^TypeError: seventy-seven.*: 77$/s);
});
