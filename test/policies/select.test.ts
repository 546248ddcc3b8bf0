import { describe, expect, it } from "vitest";
import { type Columns, reasonsOf, selectBy } from "./selecting.ts";

const hex = "0123456789abcdef".repeat(4);

interface Case extends Columns {
  readonly name: string;
  readonly list: readonly string[];
  readonly versions: readonly string[];
  readonly reasons?: Readonly<Record<string, string>>;
}

const cases: readonly Case[] = [
  { name: "nothing of nothing", tags: "semver *", list: [], versions: [] },
  {
    name: "newest first, whatever the order of the list",
    tags: "semver *",
    list: ["1.9.0", "1.10.0", "1.2.0", "2.0.0"],
    versions: ["2.0.0", "1.10.0", "1.9.0", "1.2.0"],
  },
  { name: "repeats once", tags: "semver *", list: ["1.0.0", "1.0.0", "1.0.0"], versions: ["1.0.0"] },
  {
    name: "no artifact tags",
    tags: "semver *",
    include: ".*",
    list: [
      `sha256-${hex}`,
      `sha256-${hex}.sig`,
      `sha256-${hex}.att`,
      `sha256-${hex}.sbom`,
      `sha512-${hex}`,
      "1.0.0",
    ],
    versions: ["1.0.0"],
    reasons: {
      [`sha256-${hex}`]: "artifact",
      [`sha256-${hex}.sig`]: "artifact",
      [`sha256-${hex}.att`]: "artifact",
      [`sha256-${hex}.sbom`]: "artifact",
      [`sha512-${hex}`]: "artifact",
    },
  },
  {
    name: "artifact tags not even when exact lists them",
    tags: `exact sha256-${hex}.sig`,
    list: [`sha256-${hex}.sig`],
    versions: [],
    reasons: { [`sha256-${hex}.sig`]: "artifact" },
  },
  {
    name: "commit ids and names are not versions",
    tags: "semver *",
    list: [
      "1234567",
      "9f2c1ab",
      "sha-9f2c1ab",
      "git-1234567",
      "sha-latest",
      "a".repeat(40),
      "latest",
      "mainline",
      `sha256-${hex}.txt`,
    ],
    versions: [],
    reasons: {
      "1234567": "not-a-version",
      "9f2c1ab": "commit-id",
      ["a".repeat(40)]: "commit-id",
      "sha-9f2c1ab": "commit-id",
      "git-1234567": "commit-id",
      "sha-latest": "not-a-version",
      latest: "not-a-version",
      mainline: "not-a-version",
      [`sha256-${hex}.txt`]: "not-a-version",
    },
  },
  {
    name: "nothing outside the tag grammar",
    tags: "semver *",
    list: [
      "",
      "1.0.0+build",
      "-1.0.0",
      "1.0.0\r\n",
      "1.0.0\u202e",
      `1.0.0-${"a".repeat(123)}`,
      "../1.0.0",
      "1.0.1",
    ],
    versions: ["1.0.1"],
    reasons: {
      "": "invalid-tag",
      "1.0.0+build": "invalid-tag",
      "-1.0.0": "invalid-tag",
      "1.0.0\r\n": "invalid-tag",
      "1.0.0\u202e": "invalid-tag",
      [`1.0.0-${"a".repeat(123)}`]: "invalid-tag",
      "../1.0.0": "invalid-tag",
    },
  },
  {
    name: "include means the whole tag: latest|edge does not match latest-x (regsync)",
    tags: "exact latest-x, edge, my-edge",
    include: "latest|edge",
    list: ["latest-x", "edge", "my-edge"],
    versions: ["edge"],
    reasons: { "latest-x": "not-included", "my-edge": "not-included" },
  },
  {
    name: "exclude after include",
    tags: "semver *",
    include: "1\\..*",
    exclude: ".*\\.0",
    list: ["1.0.0", "1.0.1", "2.0.0"],
    versions: ["1.0.1"],
    reasons: { "1.0.0": "excluded", "2.0.0": "not-included" },
  },
  {
    name: "only the newest N (regclient#215, #761; image-syncer#52)",
    tags: "semver *",
    keep: 2,
    list: ["1.0.0", "1.2.0", "1.1.0", "latest"],
    versions: ["1.2.0", "1.1.0"],
    reasons: { "1.0.0": "superseded", latest: "not-a-version" },
  },
  {
    name: "two spellings of a version count once for Keep, and the one without v stands",
    tags: "semver *",
    keep: 2,
    list: ["v1.2.0", "1.2.0", "v1.1.0", "v1.0.0"],
    versions: ["1.2.0", "v1.1.0"],
    reasons: { "v1.2.0": "same-version", "v1.0.0": "superseded" },
  },
  {
    name: "a second spelling of a superseded version is the same version",
    tags: "semver *",
    keep: 1,
    list: ["2.0.0", "v1.0.0", "1.0.0"],
    versions: ["2.0.0"],
    reasons: { "1.0.0": "superseded", "v1.0.0": "same-version" },
  },
  {
    name: "a tracked tag that is a version is tracked, once (dregsy keeps verbatim tags)",
    tags: "semver *",
    keep: 1,
    track: ["1.0.0", "latest"],
    list: ["latest", "1.0.0", "2.0.0", "1.5.0"],
    versions: ["2.0.0"],
    reasons: { "1.5.0": "superseded" },
  },
  {
    name: "neither a tracked nor a verbatim tag counts for Keep",
    tags: "semver *",
    keep: 1,
    track: ["3.0.0"],
    verbatim: ["2.0.0"],
    list: ["3.0.0", "2.0.0", "1.5.0", "1.4.0"],
    versions: ["1.5.0", "2.0.0"],
    reasons: { "1.4.0": "superseded" },
  },
  {
    name: "no tag of more than 128 characters, whatever its numbers",
    tags: "semver *",
    prereleases: "include",
    list: [`1.0.0-${"1".repeat(123)}`, `1.0.0-${"1".repeat(122)}`],
    versions: [`1.0.0-${"1".repeat(122)}`],
    reasons: { [`1.0.0-${"1".repeat(123)}`]: "invalid-tag" },
  },
  {
    name: "a tracked tag needs no Include and no Exclude",
    tags: "semver *",
    include: "[0-9.]+",
    exclude: "latest",
    track: ["latest"],
    list: ["latest", "1.0.0"],
    versions: ["1.0.0"],
  },
  {
    name: "without Tags only Track chooses",
    track: ["latest"],
    exclude: "2.*",
    list: ["latest", "1.0.0", "2.0.0"],
    versions: [],
    reasons: { "1.0.0": "not-listed", "2.0.0": "excluded" },
  },
];

describe("select", () => {
  it.each(cases)("$name", ({ list, versions, reasons = {}, ...columns }) => {
    const selection = selectBy(columns, list);
    expect(selection.versions).toEqual(versions);
    expect(reasonsOf(selection)).toEqual(reasons);
  });

  it("returns tracked tags in the order of the watch, once, whether the list has them or not", () => {
    const { tracked, skipped } = selectBy({ track: ["stable", "latest", "stable"] }, ["latest"]);
    expect(tracked).toEqual(["stable", "latest"]);
    expect(skipped).toEqual([]);
  });

  it("gives one short sentence per skipped tag, without what could break a terminal", () => {
    const list = [
      "1.0.0\u001b[31m",
      "latest",
      "1.0.0",
      "v1.0.0",
      "0.9.0",
      "2.0.0-rc1",
      `sha256-${hex}`,
      "nope.1",
    ];
    const { skipped } = selectBy(
      { tags: "semver <=2", keep: 1, exclude: "nope.*", prereleases: "exclude" },
      list,
    );
    expect(skipped).toHaveLength(7);
    for (const { detail } of skipped) {
      expect(detail).toMatch(/^[\x20-\x7e]{10,240}$/);
      expect(detail).not.toMatch(/\.$/);
    }
    expect(skipped.find(({ tag }) => tag === "0.9.0")?.detail).toBe(
      "0.9.0 comes after the 1 that Keep allows",
    );
    expect(skipped.find(({ tag }) => tag === "v1.0.0")?.detail).toBe(
      "v1.0.0 is the same version as 1.0.0, which stands for both",
    );
  });

  it("selects from 50,000 tags without quadratic work", () => {
    const list = Array.from(
      { length: 50_000 },
      (_, i) => `${i % 7}.${i % 100}.${i}${i % 3 === 0 ? "-alpine" : ""}`,
    );
    const { versions, skipped } = selectBy({ tags: "semver *", exclude: "(a+)+b", keep: 3 }, list);
    expect(versions).toEqual(["6.99.49699", "6.99.48299", "6.99.47599"]);
    expect(skipped).toHaveLength(49_997);
  });
});
