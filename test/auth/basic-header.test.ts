import { describe, expect, it } from "vitest";
import { basicHeader } from "../../shared/auth/basic-header.ts";
import { failureOf } from "../support/failures.ts";

describe("basicHeader", () => {
  it.each([
    ["robot", "secret", "Basic cm9ib3Q6c2VjcmV0"],
    ["robot", "with:colon", "Basic cm9ib3Q6d2l0aDpjb2xvbg=="],
    ["", "token", "Basic OnRva2Vu"],
    ["jürgen", "pässword", "Basic asO8cmdlbjpww6Rzc3dvcmQ="],
  ])("encodes %s and %s", (username, password, expected) => {
    expect(basicHeader({ username, password })).toBe(expected);
  });

  it.each([
    ["a line break at the end", "robot", "secret\n"],
    ["a header in the user name", "robot\r\nx-evil: 1", "secret"],
    ["a zero byte", "robot", "sec\0ret"],
    ["a delete", "robot", "secret\x7f"],
    ["a colon in the user name", "ro:bot", "secret"],
  ])("refuses %s", async (_name, username, password) => {
    const failure = await failureOf(() => basicHeader({ username, password }), "invalid");
    expect(failure.message).not.toMatch(/robot|secret/);
  });
});
