import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { createTokens } from "../../../local/registry/access/token.ts";

describe("createTokens", () => {
  beforeEach(() => {
    vi.useFakeTimers({ now: new Date("2026-11-22T09:00:00Z") });
  });
  afterEach(() => {
    vi.useRealTimers();
  });

  it("reads back what it signed, until it is over", () => {
    const tokens = createTokens();
    const token = tokens.issue({ use: "refresh" }, 60);
    vi.setSystemTime(new Date("2026-11-22T09:00:59Z"));
    expect(tokens.verify(token)).toMatchObject({ use: "refresh" });
    vi.setSystemTime(new Date("2026-11-22T09:01:00Z"));
    expect(tokens.verify(token)).toBeUndefined();
  });

  it("carries its expiry where clients look for it", () => {
    const [, body = ""] = createTokens().issue({ use: "access", access: [] }, 60).split(".");
    expect(JSON.parse(Buffer.from(body, "base64url").toString())).toMatchObject({
      exp: Date.parse("2026-11-22T09:01:00Z") / 1000,
      access: [],
    });
  });

  it("does not know tokens of another start", () => {
    const token = createTokens().issue({ use: "refresh" }, 60);
    expect(createTokens().verify(token)).toBeUndefined();
  });

  it.each(["", ".", "..", "a.b", "a.b.c", "a.b.c.d"])("does not know %j", (token) => {
    expect(createTokens().verify(token)).toBeUndefined();
  });
});
