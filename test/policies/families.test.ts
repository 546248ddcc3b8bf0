import { describe, expect, it } from "vitest";
import { formatFamily, parseFamilies } from "../../shared/policies/families.ts";
import { type Columns, reasonsOf, selectBy } from "./selecting.ts";

interface Case extends Columns {
  readonly name: string;
  readonly list: readonly string[];
  readonly chosen: readonly string[];
  readonly skipped?: Readonly<Record<string, string>>;
}

const cases: readonly Case[] = [
  {
    name: "an empty column is plain, with or without v",
    list: ["1.0.0", "v1.1.0", "1.2.0-alpine"],
    chosen: ["v1.1.0", "1.0.0"],
    skipped: { "1.2.0-alpine": "other-family" },
  },
  {
    name: "families in the order of the column, each with its own newest",
    family: "-alpine, plain",
    keep: 1,
    list: ["1.0.0", "2.0.0", "1.0.0-alpine", "1.1.0-alpine", "3.0.0-slim"],
    chosen: ["1.1.0-alpine", "2.0.0"],
    skipped: { "1.0.0": "superseded", "1.0.0-alpine": "superseded", "3.0.0-slim": "other-family" },
  },
  {
    name: "a suffix is compared as a whole",
    family: "-slim-bookworm",
    list: ["1.0.0-slim-bookworm", "1.0.0-slim", "1.0.0-bookworm", "1.0.0-slim-bookworm2"],
    chosen: ["1.0.0-slim-bookworm"],
    skipped: {
      "1.0.0-slim": "other-family",
      "1.0.0-bookworm": "other-family",
      "1.0.0-slim-bookworm2": "other-family",
    },
  },
  {
    name: "a star is one family, in which the greater number is newer at equal version",
    family: "-alpine*",
    keep: 2,
    list: ["1.0.0-alpine3.9", "1.0.0-alpine3.20", "0.9.0-alpine3.21", "1.0.0-alpine"],
    chosen: ["1.0.0-alpine3.20", "1.0.0-alpine3.9"],
    skipped: { "0.9.0-alpine3.21": "superseded", "1.0.0-alpine": "other-family" },
  },
  {
    name: "two stars, and what stands between them",
    family: "-debian-*-r*",
    list: ["1.0.0-debian-12-r9", "1.0.0-debian-12-r10", "1.0.0-debian-11-r20", "1.0.0-debian-12"],
    chosen: ["1.0.0-debian-12-r10", "1.0.0-debian-12-r9", "1.0.0-debian-11-r20"],
    skipped: { "1.0.0-debian-12": "other-family" },
  },
  {
    name: "the first family that fits has the tag",
    family: "-alpine3.20, -alpine*",
    list: ["1.0.0-alpine3.20", "1.0.0-alpine3.19"],
    chosen: ["1.0.0-alpine3.20", "1.0.0-alpine3.19"],
  },
  {
    name: "only with v",
    family: "v",
    list: ["v1.0.0", "2.0.0", "v1.1.0-alpine"],
    chosen: ["v1.0.0"],
    skipped: { "2.0.0": "other-family", "v1.1.0-alpine": "other-family" },
  },
  {
    name: "only without v",
    family: "=, =-alpine",
    list: ["v1.0.0", "2.0.0", "v1.1.0-alpine", "1.1.0-alpine"],
    chosen: ["2.0.0", "1.1.0-alpine"],
    skipped: { "v1.0.0": "other-family", "v1.1.0-alpine": "other-family" },
  },
  {
    name: "v and no v as two families",
    family: "v, =",
    keep: 1,
    list: ["v1.0.0", "2.0.0", "1.0.0"],
    chosen: ["v1.0.0", "2.0.0"],
    skipped: { "1.0.0": "superseded" },
  },
  {
    name: "v with a suffix",
    family: "v-alpine",
    list: ["v1.0.0-alpine", "1.0.0-alpine"],
    chosen: ["v1.0.0-alpine"],
    skipped: { "1.0.0-alpine": "other-family" },
  },
  {
    name: "one version with and without v: the one without stands",
    family: "-alpine",
    list: ["v1.0.0-alpine", "1.0.0-alpine"],
    chosen: ["1.0.0-alpine"],
    skipped: { "v1.0.0-alpine": "same-version" },
  },
  {
    name: "prereleases of a family",
    family: "-alpine",
    prereleases: "include",
    list: ["1.27.0-rc1-alpine", "1.27.0-rc1", "1.27.0-alpine"],
    chosen: ["1.27.0-alpine", "1.27.0-rc1-alpine"],
    skipped: { "1.27.0-rc1": "other-family" },
  },
  {
    name: "one platform of an image only when Family names it",
    list: [
      "1.0.0-amd64",
      "1.0.0-linux-arm64",
      "1.0.0-arm64v8",
      "1.0.0-alpine-s390x",
      "1.0.0-windowsservercore-1809",
      "1.0.0-nanoserver-ltsc2022",
      "1.0.0-ltsc2022",
      "1.0.0",
    ],
    chosen: ["1.0.0"],
    skipped: {
      "1.0.0-amd64": "platform-suffix",
      "1.0.0-linux-arm64": "platform-suffix",
      "1.0.0-arm64v8": "platform-suffix",
      "1.0.0-alpine-s390x": "platform-suffix",
      "1.0.0-windowsservercore-1809": "platform-suffix",
      "1.0.0-nanoserver-ltsc2022": "platform-suffix",
      "1.0.0-ltsc2022": "platform-suffix",
    },
  },
  {
    name: "a named platform",
    family: "-linux-arm64",
    list: ["1.0.0-linux-arm64"],
    chosen: ["1.0.0-linux-arm64"],
  },
];

describe("Family", () => {
  it.each(cases)("$name", ({ list, chosen, skipped = {}, ...columns }) => {
    const selection = selectBy({ tags: "semver *", ...columns }, list);
    expect(selection.versions).toEqual(chosen);
    expect(reasonsOf(selection)).toEqual(skipped);
  });

  it.each([
    [
      "1.0.0-alpine",
      "plain",
      "is of the family -alpine, and Family is plain; to follow it, add -alpine to Family",
    ],
    ["v1.0.0", "=", "has a leading v and no suffix, and Family is =; to follow it, add v to Family"],
    ["1.0.0", "v", "has no leading v and no suffix, and Family is v; to follow it, add = to Family"],
    [
      "1.0.0-slim",
      "v-slim",
      "is of the family =-slim, and Family is v-slim; to follow it, add =-slim to Family",
    ],
    [
      "1.0.0",
      "-slim",
      "has no leading v and no suffix, and Family is -slim; to follow it, add plain to Family",
    ],
    ["1.0.0-arm64", "plain", "is for one platform alone, arm64; to follow it, name it in Family, as -arm64"],
  ])("tells what to set for %s in %s", (tag, family, detail) => {
    expect(selectBy({ tags: "semver *", family }, [tag]).skipped[0]?.detail).toBe(`${tag} ${detail}`);
  });

  it("reads what it writes", () => {
    const text = "plain, v, =, -alpine*, v-slim, =_9.x, .Final";
    expect(parseFamilies(text).map(formatFamily).join(", ")).toBe(text);
  });

  it.each(["alpine", "-", "plain,,v", "-al pine", "-a**", "v1", "plain-x", "-ü", "x".repeat(200)])(
    "refuses %j",
    (text) => {
      expect(() => parseFamilies(text)).toThrow(expect.objectContaining({ code: "invalid" }));
      expect(() => parseFamilies(text)).toThrow('for example "plain, -alpine, -alpine*"');
    },
  );

  it("refuses more than 32", () => {
    const many = Array.from({ length: 33 }, (_, index) => `-f${index}`).join(",");
    expect(() => parseFamilies(many)).toThrow("Family lists 33 families, more than 32");
  });
});
