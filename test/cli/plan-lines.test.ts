import { describe, expect, it } from "vitest";
import { changeLines, planLines } from "../../cli/plan-lines.ts";
import type { Plan, PlannedTag } from "../../shared/steps/plan/plan.ts";
import type { ChangedTag, ChangePlan } from "../../shared/steps/plan/plan-change.ts";
import { digestNamed } from "../support/records.ts";

const skipped = (count: number): PlannedTag[] =>
  Array.from({ length: count }, (_, at) => ({
    tag: `0.${at}.0`,
    verdict: "skip",
    reason: "out-of-range",
    detail: `0.${at}.0 is outside >=1`,
  }));
const plan: Plan = {
  watch: "default/app",
  source: "up.example/app",
  method: "copy",
  listed: 26,
  collisions: [],
  spent: { pages: 1, heads: 0, gets: 0 },
  tags: [
    { tag: "1.0.0", verdict: "import", how: "version", target: "target.example/app:1.0.0" },
    ...skipped(25),
  ],
};

describe("a plan's lines", () => {
  it("show what is taken, and only count the rest", () => {
    expect(planLines(plan, { show: "taken", most: 20 })).toEqual([
      "default/app: up.example/app by copy",
      "  1 to import, 0 imported, 25 not wanted",
      "  + import  1.0.0  version  -> target.example/app:1.0.0",
      "",
    ]);
  });

  it("tell what stands still at which gate, and why", () => {
    const at = { how: "version", target: "target.example/app:1" } as const;
    const tags: PlannedTag[] = [
      { tag: "1", verdict: "waiting", ...at, reason: "It cools down. Let it in: do this" },
      { tag: "2", verdict: "denied", ...at, reason: "No rule names it. Ask" },
    ];
    expect(planLines({ ...plan, tags }, { show: "taken", most: 20 }).slice(1, -1)).toEqual([
      "  0 to import, 0 imported, 0 not wanted, 1 waiting, 1 denied",
      "  ~ waiting  1  version  -> target.example/app:1  It cools down. Let it in: do this",
      "  ! denied   2  version  -> target.example/app:1  No rule names it. Ask",
    ]);
  });

  it("say when no poll has seen what they would import", () => {
    const unchecked = {
      since: new Date("2026-11-22T10:00:00.000Z"),
      until: new Date("2026-11-22T11:00:00.000Z"),
      reason: "The upstream asked for a pause.",
    };
    expect(planLines({ ...plan, unchecked }, { show: "taken", most: 20 })[2]).toBe(
      "  ! no poll since 2026-11-22T10:00:00.000Z, put off until 2026-11-22T11:00:00.000Z: The upstream asked for a pause.",
    );
  });

  it("cut a long list short, and say how many there are more", () => {
    const lines = planLines(plan, { show: "every", most: 20 });
    expect(lines.filter((line) => line.includes("out-of-range  0."))).toHaveLength(20);
    expect(lines.at(-2)).toBe("  - skip    ... 5 more out-of-range: --all shows them");
  });

  it("show all when told so", () => {
    expect(planLines(plan, { show: "every", most: Number.POSITIVE_INFINITY })).toHaveLength(2 + 26 + 1);
  });
});

const entering: ChangedTag = {
  tag: "1.1.0",
  verdict: "enters",
  how: "version",
  target: "target.example/app:1.1.0",
  was: { reason: "out-of-range", detail: "1.1.0 is outside ^2" },
  arrival: { fate: "import", digest: digestNamed("1.1.0") },
};
const change: ChangePlan = {
  watch: "default/app",
  row: "changed",
  source: "up.example/app",
  method: "copy",
  listed: 3,
  collisions: [{ key: "1.1.0", tags: ["1.1.0", "build-1.1.0"] }],
  tags: [
    entering,
    { ...entering, tag: "1.2.0", arrival: { fate: "conflict", digest: digestNamed("1.2.0") } },
    {
      tag: "2.0.0",
      verdict: "leaves",
      how: "version",
      target: "target.example/app:2.0.0",
      reason: "out-of-range",
      detail: "2.0.0 is outside ^1",
    },
    { tag: "1.0.0", verdict: "stays", how: "version", target: "target.example/app:1.0.0" },
  ],
  cost: {
    images: 2,
    measured: 1,
    certainty: "at-least",
    bytes: 1_234_567,
    presentBytes: 999,
    pulls: { kind: "about", count: 4, manifests: 6, basis: "the app pulls" },
    notes: ["1 images were not read"],
  },
  nextPoll: { pages: 1, heads: 3 },
  spent: { pages: 1, heads: 2, gets: 3 },
  notes: ["What leaves stays."],
};

describe("the lines of a changed row's plan", () => {
  it("tell the cost, every tag that comes or leaves, and why", () => {
    expect(changeLines(change, { show: "taken", most: 20 })).toEqual([
      "default/app: up.example/app by copy, as if it were changed",
      "  2 newly followed, 1 no longer followed, 1 stay, 0 not wanted of 3 listed",
      "  to move          at least 1.2 MB for 1 of 2 images, the only ones read; shared layers counted once; 999 bytes more are at the target already",
      "  pulls upstream   about 4, by about 6 GETs of manifests (one pull for each platform): the app pulls",
      "  first poll       1 page of tags, 3 HEADs (no pull)",
      "  this plan asked  1 page of tags, 2 HEADs (no pull), 3 GETs of manifests",
      "  Note: Extract reads 1.1.0 out of 1.1.0, build-1.1.0: all are followed, and count as one version",
      "  Note: 1 images were not read",
      "  Note: What leaves stays.",
      "  + enters  1.1.0  version       -> target.example/app:1.1.0  now out-of-range: 1.1.0 is outside ^2",
      "  + enters  1.2.0  version       -> target.example/app:1.1.0, which has another image under this tag: held, not overwritten  now out-of-range: 1.1.0 is outside ^2",
      "  - leaves  2.0.0  out-of-range  2.0.0 is outside ^1          target.example/app:2.0.0 is left as it is",
      "",
    ]);
  });

  it("say when there is nothing to do", () => {
    const none = {
      ...change,
      tags: [],
      cost: { ...change.cost, images: 0, pulls: { ...change.cost.pulls, count: 0 } },
    };
    const lines = changeLines(none, { show: "taken", most: 20 });
    expect(lines.slice(2, 4)).toEqual(["  to move          nothing", "  pulls upstream   none"]);
  });
});
