import fc from "fast-check";
import npmSemver from "semver";
import { describe, expect, it } from "vitest";
import { compareVersions, readVersion } from "../../shared/policies/version.ts";
import { selectBy } from "./selecting.ts";

const number = fc.integer({ min: 0, max: 12 });
const prerelease = fc.constantFrom(
  "",
  "",
  "",
  "-rc1",
  "-rc.2",
  "-0",
  "-alpine",
  "-rc.2.1",
  "-1",
  "-beta-x",
  "-10",
);
const version = fc
  .tuple(fc.constantFrom("", "v"), number, number, number, prerelease)
  .map(([v, major, minor, patch, suffix]) => `${v}${major}.${minor}.${patch}${suffix}`);
const name = fc.constantFrom(
  "latest",
  "1.2",
  "1.2.3.4",
  "01.2.3",
  "sha256-x",
  "1.2.3+x",
  "",
  "edge",
  `sha256-${"a".repeat(64)}`,
);
const list = fc.array(fc.oneof({ weight: 5, arbitrary: version }, name), { maxLength: 60 });
const partial = fc.oneof(
  fc.tuple(number, number, number).map((parts) => parts.join(".")),
  fc.tuple(number, number).map((parts) => parts.join(".")),
  number.map(String),
);
const bound = fc
  .tuple(fc.constantFrom("<", "<=", ">", ">=", "^", "~", ""), partial)
  .map((parts) => parts.join(""));
const range = fc
  .array(fc.array(bound, { minLength: 1, maxLength: 2 }), { minLength: 1, maxLength: 2 })
  .map((alternatives) => alternatives.map((bounds) => bounds.join(" ")).join(" || "));
const columns = fc.record({
  tags: range.map((text) => `semver ${text}`),
  prereleases: fc.constantFrom("include", "exclude"),
  keep: fc.integer({ min: 1, max: 5 }),
  track: fc.uniqueArray(
    fc.oneof(
      name.filter((tag) => tag !== ""),
      version,
    ),
    { maxLength: 3 },
  ),
  exclude: fc.constantFrom("none", "1\\..*", ".*-alpine"),
});

describe("select, for any list and any rules", () => {
  it("parts the unique tags into chosen, tracked and skipped", () => {
    fc.assert(
      fc.property(list, columns, (tags, rules) => {
        const { versions, tracked, skipped } = selectBy(rules, tags);
        const unique = new Set(tags);
        const parts = [
          ...versions,
          ...tracked.filter((tag) => unique.has(tag)),
          ...skipped.map(({ tag }) => tag),
        ];
        expect(parts.toSorted()).toEqual([...unique].toSorted());
        expect(versions.length).toBeLessThanOrEqual(rules.keep);
      }),
    );
  });

  it("does not depend on the order of the list, nor on repeats", () => {
    const shuffled = list.chain((tags) =>
      fc.tuple(fc.constant(tags), fc.shuffledSubarray(tags, { minLength: tags.length })),
    );
    fc.assert(
      fc.property(shuffled, columns, ([tags, other], rules) => {
        expect(selectBy(rules, [...other, ...other])).toEqual(selectBy(rules, tags));
      }),
    );
  });

  it("agrees with npm's semver on releases, and on their order", () => {
    fc.assert(
      fc.property(fc.array(version, { maxLength: 40 }), range, (tags, text) => {
        const expected = new Set(
          tags
            .filter((tag) => npmSemver.prerelease(tag) === null && npmSemver.satisfies(tag, text))
            .map((tag) => npmSemver.clean(tag) ?? tag),
        );
        const { versions } = selectBy({ tags: `semver ${text}` }, tags);
        expect(versions.map((tag) => npmSemver.clean(tag))).toEqual(npmSemver.rsort([...expected]));
      }),
    );
  });

  it("agrees with npm's semver on prereleases, but for those of an upper bound", () => {
    fc.assert(
      fc.property(fc.array(version, { maxLength: 40 }), range, (tags, text) => {
        // What we add to npm's rule, written another way: "<1.2.3" means "<1.2.3-0".
        const bounded = text.replace(/<([0-9]+\.[0-9]+\.[0-9]+)/g, "<$1-0");
        const expected = tags.filter((tag) => npmSemver.satisfies(tag, bounded, { includePrerelease: true }));
        const { versions } = selectBy({ tags: `semver ${text}`, prereleases: "include" }, tags);
        expect(new Set(versions.map((tag) => npmSemver.clean(tag)))).toEqual(
          new Set(expected.map((tag) => npmSemver.clean(tag))),
        );
      }),
    );
  });

  it("reads and compares any two versions as npm's semver does", () => {
    const identifier = fc.stringMatching(/^[0-9a-zA-Z-]{1,6}$/);
    const any = fc
      .tuple(fc.nat(), fc.nat(9), fc.nat(9), fc.array(identifier, { maxLength: 3 }))
      .map(
        ([major, minor, patch, identifiers]) =>
          `${major}.${minor}.${patch}${identifiers.map((part, i) => `${i === 0 ? "-" : "."}${part}`).join("")}`,
      );
    fc.assert(
      fc.property(any, any, (a, b) => {
        const [left, right] = [readVersion(a), readVersion(b)];
        expect(left === undefined).toBe(npmSemver.parse(a) === null);
        if (left === undefined || right === undefined) return;
        expect(Math.sign(compareVersions(left, right))).toBe(npmSemver.compare(a, b));
      }),
    );
  });
});
