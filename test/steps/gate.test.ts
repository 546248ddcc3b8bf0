import { expect, it } from "vitest";
import { createGate } from "../../shared/steps/pace/gate.ts";

/** Calls that end when they are told to. */
function calls(count: number, limit: number) {
  const gate = createGate(limit);
  const begun: number[] = [];
  const ends: ((failure?: Error) => void)[] = [];
  const results = Array.from({ length: count }, (_, index) =>
    gate(
      () =>
        new Promise<number>((resolve, reject) => {
          begun.push(index);
          ends[index] = (failure) => (failure === undefined ? resolve(index) : reject(failure));
        }),
    ),
  );
  return { begun, ends, results };
}

it("lets so many through at once, the others in their order", async () => {
  const { begun, ends, results } = calls(4, 2);
  expect(begun).toEqual([0, 1]);
  ends[1]?.();
  await results[1];
  expect(begun).toEqual([0, 1, 2]);
  ends[0]?.();
  ends[2]?.();
  await Promise.all([results[0], results[2]]);
  expect(begun).toEqual([0, 1, 2, 3]);
  ends[3]?.();
  expect(await Promise.all(results)).toEqual([0, 1, 2, 3]);
});

it("goes on after a failure", async () => {
  const { begun, ends, results } = calls(2, 1);
  ends[0]?.(new Error("broken"));
  await expect(results[0]).rejects.toThrow("broken");
  expect(begun).toEqual([0, 1]);
  ends[1]?.();
  expect(await results[1]).toBe(1);
});

it("of 0 lets all through", () => {
  expect(calls(9, 0).begun).toHaveLength(9);
});
