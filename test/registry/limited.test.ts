import { describe, expect, it } from "vitest";
import { Failure } from "../../shared/model/failure.ts";
import { forEachLimited } from "../../shared/registry/limited.ts";
import { failureOf } from "../support/failures.ts";
import { never } from "../support/registries.ts";

const items = [1, 2, 3, 4, 5, 6, 7];
const turn = () => new Promise((resolve) => setImmediate(resolve));

describe("forEachLimited", () => {
  it("works on all, and on no more at a time than it may", async () => {
    const done: number[] = [];
    let [now, most] = [0, 0];
    const left = await forEachLimited(items, { limit: 3, signal: never }, async (item) => {
      most = Math.max(most, ++now);
      await turn();
      now--;
      done.push(item);
    });
    expect([done.toSorted(), most, left]).toEqual([items, 3, 0]);
  });

  it("aborts the others at the first failure, and waits for them", async () => {
    const ended: string[] = [];
    const failure = await failureOf(
      () =>
        forEachLimited(items, { limit: 2, signal: never }, async (item, signal) => {
          if (item === 1) throw new Failure("network", "first");
          while (!signal.aborted) await turn();
          await turn();
          ended.push(`${item} ${signal.reason.message}`);
        }),
      "network",
    );
    expect([failure.message, ended]).toEqual(["first", ["2 first"]]);
  });

  it("begins nothing after a pause, and tells how many are left", async () => {
    const pause = new AbortController();
    const begun: number[] = [];
    const left = await forEachLimited(
      items,
      { limit: 2, signal: never, pause: pause.signal },
      async (item) => {
        begun.push(item);
        await turn();
        if (item === 3) pause.abort();
      },
    );
    expect(begun.length + left).toBe(items.length);
    expect(left).toBeGreaterThan(0);
  });

  it.each([
    ["canceled", new DOMException("stop", "AbortError"), "canceled"],
    ["late", new DOMException("late", "TimeoutError"), "timeout"],
  ] as const)("fails when it is %s before all is done", async (_name, reason, code) => {
    const controller = new AbortController();
    await failureOf(
      () =>
        forEachLimited(items, { limit: 2, signal: controller.signal }, async () => controller.abort(reason)),
      code,
    );
  });
});
