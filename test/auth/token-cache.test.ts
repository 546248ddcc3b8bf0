import { describe, expect, it } from "vitest";
import { createTokenCache, type Token } from "../../shared/auth/token-cache.ts";
import { Failure } from "../../shared/model/failure.ts";
import { failureOf } from "../support/failures.ts";
import { never } from "../support/registries.ts";

function setUp(expiresInSeconds = 300) {
  let time = Date.parse("2026-11-20T12:00:00Z");
  let fetched = 0;
  const cache = createTokenCache(() => new Date(time));
  const fetch = async (): Promise<Token> => ({ value: `token-${++fetched}`, expiresInSeconds });
  return {
    cache,
    get: (key = "a", signal = never) => cache.get(key, { fetch, signal }),
    pass: (seconds: number) => {
      time += seconds * 1000;
    },
  };
}

describe("the token cache", () => {
  it.each<[string, number, number, string]>([
    ["keeps a token", 300, 269, "token-1"],
    ["renews it half a minute before its end", 300, 271, "token-2"],
    ["keeps a short one for nine tenths", 60, 53, "token-1"],
    ["renews a short one after nine tenths", 60, 55, "token-2"],
    ["uses one without a life once", 0, 0, "token-2"],
    ["uses one with a negative life once", -5, 0, "token-2"],
    ["uses one with a life that is no number once", Number.NaN, 0, "token-2"],
  ])("%s", async (_name, life, seconds, expected) => {
    const { get, pass } = setUp(life);
    await get();
    pass(seconds);
    expect(await get()).toBe(expected);
  });

  it("keeps tokens apart by what they are for", async () => {
    const { get } = setUp();
    expect([await get("a"), await get("b"), await get("a")]).toEqual(["token-1", "token-2", "token-1"]);
  });

  it("forgets on demand", async () => {
    const { cache, get } = setUp();
    await get();
    cache.forget("a");
    expect(await get()).toBe("token-2");
  });

  it("fetches once for all who ask at the same time", async () => {
    const { get } = setUp();
    expect(await Promise.all([get(), get(), get()])).toEqual(["token-1", "token-1", "token-1"]);
  });

  it("goes on for the others when one of them cancels", async () => {
    const { get } = setUp();
    const controller = new AbortController();
    const canceled = get("a", controller.signal);
    const other = get("a");
    controller.abort();
    await failureOf(() => canceled, "canceled");
    expect(await other).toBe("token-1");
  });

  it("does not keep a failure", async () => {
    const { cache, get } = setUp();
    const fetch = async () => {
      throw new Failure("unavailable", "down");
    };
    await failureOf(() => cache.get("a", { fetch, signal: never }), "unavailable");
    expect(await get()).toBe("token-1");
  });
});
