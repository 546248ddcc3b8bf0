import { expect, it } from "vitest";
import { parseWatch } from "../../shared/documents/watch.ts";
import { tagListOf, tagPageOf } from "../../shared/model/tag-list.ts";
import { select } from "../../shared/policies/select.ts";
import { readHistory } from "./history.ts";
import { oracle } from "./oracle.ts";
import { rows } from "./rows.ts";

/** At every step of a history; of the two with thousands of tags at each tenth, and at the last. */
const everyTenth = ["node", "php"];

it.each(rows.map((row) => [row.history, JSON.stringify(row.columns), row] as const))(
  "%s by %s: at each step what the oracle chooses",
  { timeout: 120_000 },
  (name, _columns, { columns, policy }) => {
    const { rules } = parseWatch("replay", "row", { Source: "docker.io/library/app", ...columns });
    const { steps } = readHistory(name);
    const stride = everyTenth.includes(name) ? 10 : 1;
    const tags = new Set<string>();
    const chosen = new Set<string>();
    for (const [index, { set }] of steps.entries()) {
      for (const tag of Object.keys(set)) tags.add(tag);
      if (index % stride !== 0 && index !== steps.length - 1) continue;
      const { versions, tracked } = select(tagListOf([tagPageOf([...tags])]), rules);
      expect([index, versions]).toEqual([index, oracle([...tags], policy)]);
      expect(tracked).toEqual(policy.track ?? []);
      for (const tag of versions) chosen.add(tag);
    }
    // A row that chose next to nothing would prove as much.
    expect(chosen.size).toBeGreaterThan(10);
  },
);

it("replays all eight histories, each by three rows at least", () => {
  const counts = Map.groupBy(rows, ({ history }) => history);
  expect([...counts.keys()].sort()).toEqual([
    "alpine",
    "eclipse-temurin",
    "nginx",
    "node",
    "php",
    "redis",
    "traefik",
    "ubuntu",
  ]);
  for (const [, own] of counts) expect(own.length).toBeGreaterThanOrEqual(3);
});
