import { describe, expect, it } from "vitest";
import { mapConcurrent } from "../../shared/model/concurrency.ts";

const turn = () => new Promise((resolve) => setImmediate(resolve));

describe("mapConcurrent", () => {
  it("keeps the order, with no more calls under way than it may", async () => {
    let [now, most] = [0, 0];
    const found = await mapConcurrent([3, 1, 2], 2, async (turns) => {
      most = Math.max(most, ++now);
      for (let time = 0; time < turns; time += 1) await turn();
      now--;
      return turns * 10;
    });
    expect([found, most]).toEqual([[30, 10, 20], 2]);
  });

  it("makes no call after the first error, and throws it once the others have ended", async () => {
    const [begun, ended]: [number[], number[]] = [[], []];
    const mapping = mapConcurrent([1, 2, 3, 4, 5], 2, async (item) => {
      begun.push(item);
      if (item === 1) throw new Error("first");
      await turn();
      ended.push(item);
    });
    await expect(mapping).rejects.toThrow("first");
    expect([begun, ended]).toEqual([[1, 2], [2]]);
  });
});
