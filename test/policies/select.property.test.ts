import fc from "fast-check";
import npmSemver from "semver";
import { describe, expect, it } from "vitest";
import { isTag } from "../../shared/model/reference.ts";
import { bySemver } from "../../shared/policies/precedence.ts";
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
  "-alpine3.20",
  "-rc1-alpine",
  "-x",
  "-rc.2.1",
  "-1",
  "-beta-x",
  "-10",
);
const version = fc
  .tuple(fc.constantFrom("", "v"), number, number, number, prerelease)
  .map(([v, major, minor, patch, suffix]) => `${v}${major}.${minor}.${patch}${suffix}`);
// Any prerelease that is no suffix family: it begins with a word that we know or with a number.
const alphanumeric = fc.stringMatching(/^(?:0|[1-9][0-9]{0,15}|[0-9]{0,2}[a-zA-Z][0-9a-zA-Z]{0,4})$/);
const npmPrerelease = fc
  .tuple(
    fc.constantFrom("rc", "RC1", "alpha", "Beta2", "0", "11", "m3", "a1", "b2", "dev", "SNAPSHOT"),
    fc.array(fc.oneof({ weight: 4, arbitrary: alphanumeric.map((text) => `.${text}`) }, fc.constant("-12")), {
      maxLength: 3,
    }),
  )
  .map(([word, rest]) => `-${word}${rest.join("")}`);
const great = fc.oneof({ weight: 6, arbitrary: number }, fc.constantFrom(123456789, 1234567890, 2 ** 53 - 1));
const npmVersion = fc
  .tuple(fc.constantFrom("", "v"), number, great, great, fc.oneof(fc.constant(""), npmPrerelease))
  .map(([v, major, minor, patch, suffix]) => `${v}${major}.${minor}.${patch}${suffix}`);
const name = fc.constantFrom(
  "latest",
  "1.2",
  "1.2.3.4",
  "01.2.3",
  "1.2.3.0",
  "2021.12.16",
  "2021-12-16",
  "20211216",
  "21.4",
  "42",
  "v42",
  "42-alpine",
  "9f2c1ab",
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
  tags: fc.oneof(
    range.map((text) => `semver ${text}`),
    range.map((text) => `loose ${text}`),
    fc.constantFrom("calver *", "number *"),
  ),
  prereleases: fc.constantFrom("include", "exclude", "rc", "hotfix,alpine"),
  family: fc.constantFrom("plain", "v", "=,v", "plain,-alpine", "-alpine*,-alpine", "-alpine,=-x,v-x"),
  keep: fc.integer({ min: 1, max: 5 }),
  verbatim: fc.uniqueArray(fc.constantFrom("1.2.3", "edge", "1.2.3-rc1"), { maxLength: 2 }),
  track: fc.uniqueArray(
    fc.oneof(name, version).filter((tag) => isTag(tag) && !["1.2.3", "edge", "1.2.3-rc1"].includes(tag)),
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
        const families = rules.family.split(",").length;
        expect(versions.length).toBeLessThanOrEqual(rules.keep * families + rules.verbatim.length);
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

  it("selects each family by itself", () => {
    const families = ["plain", "-alpine", "-alpine*", "-x"];
    fc.assert(
      fc.property(list, columns, fc.shuffledSubarray(families), (tags, rules, some) => {
        const own = { ...rules, verbatim: [] };
        const apart = some.flatMap((family) => selectBy({ ...own, family }, tags).versions);
        if (some.length > 0)
          expect(selectBy({ ...own, family: some.join(",") }, tags).versions).toEqual(apart);
      }),
    );
  });

  it("keeps the newest of what it would choose without Keep, overall or per major or minor", () => {
    fc.assert(
      fc.property(
        fc.array(npmVersion, { maxLength: 200 }),
        fc.integer({ min: 1, max: 4 }),
        fc.constantFrom("all", "major", "minor"),
        (tags, keep, keepPer) => {
          const rules = { tags: "semver *", prereleases: "include" };
          const counts = new Map<string, number>();
          const expected = selectBy(rules, tags).versions.filter((tag) => {
            const parts = tag.replace("v", "").split(".");
            const group = parts.slice(0, ["all", "major", "minor"].indexOf(keepPer)).join(".");
            counts.set(group, (counts.get(group) ?? 0) + 1);
            return (counts.get(group) ?? 0) <= keep;
          });
          expect(selectBy({ ...rules, keep, keepPer }, tags).versions).toEqual(expected);
        },
      ),
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

  it("agrees with npm's semver on prereleases, but for those of an upper bound, and on their order", () => {
    fc.assert(
      fc.property(fc.array(npmVersion, { maxLength: 40 }), range, (tags, text) => {
        // What we add to npm's rule, written another way: "<1.2.3" means "<1.2.3-0".
        const bounded = text.replace(/<([0-9]+\.[0-9]+\.[0-9]+)/g, "<$1-0");
        const expected = tags.filter((tag) => npmSemver.satisfies(tag, bounded, { includePrerelease: true }));
        const { versions } = selectBy({ tags: `semver ${text}`, prereleases: "include" }, tags);
        expect(versions.map((tag) => npmSemver.clean(tag))).toEqual(
          npmSemver.rsort([...new Set(expected.map((tag) => npmSemver.clean(tag) ?? tag))]),
        );
      }),
    );
  });

  it("compares any two prereleases as npm's semver does", () => {
    const identifier = fc.stringMatching(/^(?:0|[1-9][0-9]{0,14}|[0-9]{0,2}[a-zA-Z-][0-9a-zA-Z-]{0,4})$/);
    const prerelease = fc.array(identifier, { minLength: 1, maxLength: 4 }).map((parts) => parts.join("."));
    fc.assert(
      fc.property(prerelease, prerelease, (a, b) => {
        const [left, right] = [Buffer.from(a), Buffer.from(b)];
        const order = bySemver(left, 0, left.length, right, 0, right.length);
        expect(Math.sign(order)).toBe(npmSemver.compare(`1.0.0-${a}`, `1.0.0-${b}`));
      }),
      { numRuns: 2_000 },
    );
  });

  it("reads what npm's semver reads, and nothing else", () => {
    const anything = fc.stringMatching(
      /^v?[0-9]{1,17}(?:\.[0-9]{1,17}){1,3}(?:-(?:rc|[0-9]{1,3}|\.){1,4})?$/,
    );
    fc.assert(
      fc.property(anything, (tag) => {
        const { versions } = selectBy({ tags: "semver *", prereleases: "include" }, [tag]);
        expect(versions).toEqual(
          npmSemver.valid(tag) === null || /-(?:rcrc|[0-9]+rc)/.test(tag) ? [] : [tag],
        );
      }),
      { numRuns: 2_000 },
    );
  });
});
