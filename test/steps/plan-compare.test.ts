import { describe, expect, it } from "vitest";
import {
  type Before,
  type Comparison,
  compareRows,
  type Side,
} from "../../shared/steps/plan/plan-compare.ts";
import { type Columns, selectBy } from "../policies/selecting.ts";

const listed = ["1.0.0", "1.1.0", "2.0.0", "2.1.0", "2.2.0-rc.1", "latest", "edge"];

function side(columns: Columns, prefix = "mirror/app"): Side {
  return { selection: selectBy(columns, listed), targetOf: (tag) => `${prefix}:${tag}` };
}

function same(columns: Columns, prefix?: string): Before {
  return { kind: "same-source", ...side(columns, prefix) };
}

function brief({ enters, leaves, stays }: Comparison): Record<string, readonly string[]> {
  return {
    enters: enters.map(({ tag, was }) => `${tag} ${was.reason}`),
    leaves: leaves.map(({ tag, reason }) => `${tag} ${reason}`),
    stays: stays.map(({ tag }) => tag),
  };
}

interface Case {
  readonly change: string;
  readonly before: Before;
  readonly after: Side;
  readonly enters?: readonly string[];
  readonly leaves?: readonly string[];
  readonly stays?: readonly string[];
}

const cases: readonly Case[] = [
  {
    change: "a wider range",
    before: same({ tags: "semver ^2.0.0" }),
    after: side({ tags: "semver *" }),
    enters: ["1.1.0 out-of-range", "1.0.0 out-of-range"],
    stays: ["2.1.0", "2.0.0"],
  },
  {
    change: "a narrower range",
    before: same({ tags: "semver *" }),
    after: side({ tags: "semver >=2" }),
    leaves: ["1.1.0 out-of-range", "1.0.0 out-of-range"],
    stays: ["2.1.0", "2.0.0"],
  },
  {
    change: "a smaller Keep",
    before: same({ tags: "semver *" }),
    after: side({ tags: "semver *", keep: 1 }),
    leaves: ["2.0.0 superseded", "1.1.0 superseded", "1.0.0 superseded"],
    stays: ["2.1.0"],
  },
  {
    change: "prereleases",
    before: same({ tags: "semver >=2.1" }),
    after: side({ tags: "semver >=2.1", prereleases: "include" }),
    enters: ["2.2.0-rc.1 prerelease"],
    stays: ["2.1.0"],
  },
  {
    change: "a tag that is tracked now, and one that no longer is",
    before: same({ tags: "exact 1.0.0", track: ["edge"] }),
    after: side({ tags: "exact 1.0.0", track: ["latest"] }),
    enters: ["latest not-listed"],
    leaves: ["edge not-listed"],
    stays: ["1.0.0"],
  },
  {
    change: "tracked tags that upstream does not list",
    before: same({ track: ["was"] }),
    after: side({ track: ["will"] }),
    enters: ["will not-tracked"],
    leaves: ["was not-tracked"],
  },
  {
    change: "a version that becomes a floating tag stays",
    before: same({ tags: "exact latest" }),
    after: side({ track: ["latest"] }),
    stays: ["latest"],
  },
  {
    change: "another target: all come in again, none leaves",
    before: same({ tags: "semver ^2.0.0" }, "old/app"),
    after: side({ tags: "semver ^2.0.0" }),
    enters: ["2.1.0 other-target", "2.0.0 other-target"],
  },
  {
    change: "another source",
    before: {
      kind: "other-source",
      followed: [{ tag: "2.1.0", how: "version" }],
      source: "old.example/app",
      targetOf: (tag) => `old/app:${tag}`,
    },
    after: side({ tags: "semver >=2.1" }),
    enters: ["2.1.0 other-source"],
    leaves: ["2.1.0 other-source"],
  },
  {
    change: "a new row",
    before: { kind: "none" },
    after: side({ tags: "semver >=2.1", track: ["edge"] }),
    enters: ["2.1.0 new-watch", "edge new-watch"],
  },
];

describe("what changes when one row takes the place of another", () => {
  it.each(cases)("$change", ({ before, after, enters = [], leaves = [], stays = [] }) => {
    expect(brief(compareRows(before, after))).toEqual({ enters, leaves, stays });
  });

  it.each(cases)("$change: every listed tag has one verdict", ({ before, after }) => {
    const { enters, leaves, stays, skipped } = compareRows(before, after);
    const gone = before.kind === "other-source" ? [] : leaves;
    const told = [...enters, ...gone, ...stays, ...skipped].map(({ tag }) => tag);
    expect(told.filter((tag) => listed.includes(tag)).toSorted()).toEqual(listed.toSorted());
  });

  it("says at which target a tag that leaves stays, and the reason in a sentence", () => {
    const [first] = compareRows(same({ tags: "semver *" }), side({ tags: "semver >=2" })).leaves;
    expect(first).toMatchObject({ target: "mirror/app:1.1.0", detail: "1.1.0 is outside >=2" });
  });
});
