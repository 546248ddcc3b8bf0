import { describe, expect, it } from "vitest";
import { byNature, bySemver, type CompareBytes } from "../../shared/policies/precedence.ts";

const order = (compare: CompareBytes, a: string, b: string) => {
  const [left, right] = [Buffer.from(`<${a}>`), Buffer.from(`${b}<`)];
  return Math.sign(compare(left, 1, left.length - 1, right, 0, right.length - 1));
};

describe("precedence", () => {
  it.each([
    ["1", "2", -1],
    ["2", "10", -1],
    ["9".repeat(60), `1${"0".repeat(60)}`, -1],
    ["rc.2", "rc.10", -1],
    ["rc2", "rc10", 1],
    ["1", "alpha", -1],
    ["alpha", "alpha.1", -1],
    ["RC", "rc", -1],
    ["rc.1", "rc.1", 0],
  ])("by semver %s and %s: %i", (a, b, expected) => {
    expect(order(bySemver, a, b)).toBe(expected);
    expect(order(bySemver, b, a)).toBe(expected === 0 ? 0 : -expected);
  });

  it.each([
    ["rc2", "rc10", -1],
    ["rc002", "rc10", -1],
    ["rc.2", "rc2", 0],
    ["rc02", "rc2", 0],
    ["RC1", "rc1", 0],
    ["rc", "rc1", -1],
    ["-alpine3.9", "-alpine3.20", -1],
    ["-alpine3.20", "-alpine3.20.1", -1],
    ["-r009", "-r10", -1],
    ["a", "alpha", -1],
    ["1", "a", -1],
  ])("by nature %s and %s: %i", (a, b, expected) => {
    expect(order(byNature, a, b)).toBe(expected);
    expect(order(byNature, b, a)).toBe(expected === 0 ? 0 : -expected);
  });
});
