import { describe, expect, it } from "vitest";
import { parsePattern } from "../../shared/policies/pattern.ts";

describe("parsePattern", () => {
  it.each([
    ["latest|edge", "edge", true],
    ["latest|edge", "latest-x", false],
    ["latest|edge", "x-edge", false],
    ["1.27", "1127", true],
    ["1\\.27", "1127", false],
    ["(?i)ALPINE", "alpine", true],
    ["^1.*$", "1.2", true],
    [".*-alpine", "1.27.0-alpine", true],
    [".*-alpine", "1.27.0-alpine3.20", false],
    ["[0-9]+(\\.[0-9]+){2}", "1.27.0", true],
    ["a|ab", "ab", true],
    ["(?m)a$", "a\nb", false],
  ])("%s on %s: %s", (pattern, tag, matches) => {
    expect(parsePattern("Include", pattern).test(tag)).toBe(matches);
  });

  it.each([
    ["nothing", "", "Include is empty"],
    ["an open group", "(alpine", 'Include "(alpine" is not an RE2 pattern: missing closing )'],
    ["a wrong class", "x[z-a]", "invalid character class range at character 3"],
    ["look-ahead, which RE2 does not have", "a(?=b)", "invalid or unsupported Perl syntax at character 2"],
    ["back references", "(a)\\1", "invalid escape sequence at character 4"],
    ["what would close our own group", "a)|(b", "unexpected )"],
    ["a long one", "a".repeat(513), "Include has 513 characters: at most 512"],
    ["one that grows when compiled", "((a{30}){30})(b{900})", "repeats too much"],
    ["more repeats than RE2 takes", "((a{100}){100}){100}", "is not an RE2 pattern: invalid repeat count"],
  ])("refuses %s", (_, pattern, message) => {
    const parse = () => parsePattern("Include", pattern);
    expect(parse).toThrow(message);
    expect(parse).toThrow(expect.objectContaining({ code: "invalid" }));
  });

  it("is linear where backtracking engines take for ever", () => {
    const { test: matches } = parsePattern("Exclude", "^(a+)+$");
    const tag = `${"a".repeat(127)}!`;
    expect(Array.from({ length: 1_000 }, () => matches(tag))).not.toContain(true);
  });
});
