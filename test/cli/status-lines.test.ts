import { expect, it } from "vitest";
import { statusLines } from "../../cli/status-lines.ts";
import { status } from "../../shared/steps/status/status.ts";
import { makeRecord } from "../support/records.ts";
import { never } from "../support/registries.ts";
import { createStepBench } from "../support/step-bench.ts";

it("tells what stands still once, by who must do something about it, with its whole reason", async () => {
  const bench = createStepBench();
  const at = bench.now();
  const gate = (name: string, on: "person" | "time") =>
    ({ gate: name, verdict: "waiting", reason: "?", at, on }) as const;
  const records = [
    makeRecord({ tag: "1", state: "waiting", gates: [gate("cooldown", "time")], reason: "It cools down." }),
    makeRecord({
      tag: "2",
      state: "waiting",
      gates: [gate("approval", "person")],
      reason: "Approve sha256:0…",
    }),
    makeRecord({ tag: "3", state: "failed", endedAt: at, reason: "no route\u001b[31m" }),
    ...[4, 5, 6, 7].map((tag) => makeRecord({ tag: `${tag}`, state: "denied", endedAt: at, reason: "Ask." })),
  ];
  await bench.stores.ledger.add(
    records.map((record) => ({ record })),
    never,
  );
  const watch = { group: "default", name: "bad" };
  await bench.stores.watches.put(watch, { Source: "" }, { signal: never, existing: "keep" });
  const lines = statusLines(await status(bench.ports, never));
  const from = lines.indexOf("Waiting, and looked at again by itself:");
  expect(lines.slice(from, from + 5)).toEqual([
    "Waiting, and looked at again by itself:",
    expect.stringMatching(/^ {2}waiting default\/app:1 sha256:[0-9a-f]{12}…$/),
    "    It cools down.",
    "",
    "Needs attention:",
  ]);
  expect(lines[from + 5]).toMatch(/^ {2}Watch default\/bad: Source is missing/);
  const rest = lines.slice(from + 6).join("\n");
  expect(rest).toContain("Approve sha256:0…");
  expect(rest).toContain("no route [31m. Try it again: wharfgate retry default/app:3");
  for (const tag of [2, 3, 4, 5, 6, 7]) expect(rest.split(`default/app:${tag} sha256`)).toHaveLength(2);
  expect(rest).not.toContain("up.example");
  expect(rest).not.toContain("more denied");
});
