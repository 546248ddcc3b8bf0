import { expect, it } from "vitest";
import { suggest } from "../../shared/steps/suggest/suggest.ts";
import { failureOf } from "../support/failures.ts";
import { digestNamed, upstreamHost } from "../support/records.ts";
import { never } from "../support/registries.ts";
import { createStepBench } from "../support/step-bench.ts";

const source = { host: upstreamHost, path: "library/app" };

it("asks upstream for the list alone, and writes nothing", async () => {
  const bench = createStepBench();
  for (const tag of ["1.0.0", "1.1.0"]) bench.upstream.tags.set(`library/app:${tag}`, digestNamed(tag));
  const suggestion = await suggest({ source }, bench.ports, never);
  expect(suggestion).toMatchObject({
    kind: "row",
    row: { columns: { Tags: "semver *", Cooldown: "3d" } },
    notes: [expect.stringContaining("a new version waits for three days after our first sight of it")],
    spent: { pages: 1 },
  });
  expect(bench.upstream.calls).toEqual(["list library/app"]);
  expect(bench.effects).toEqual([]);
});

it("asks nothing of a host that wants a pause", async () => {
  const bench = createStepBench();
  const until = new Date(bench.now().getTime() + 60_000);
  await bench.stores.hosts.pause(upstreamHost, { since: bench.now(), until }, never);
  await failureOf(() => suggest({ source }, bench.ports, never), "rate-limited");
  expect(bench.upstream.calls).toEqual([]);
});

it("proposes no cooldown for a tag that moves", async () => {
  const bench = createStepBench();
  bench.upstream.tags.set("library/app:latest", digestNamed("latest"));
  expect(await suggest({ source }, bench.ports, never)).toMatchObject({
    row: { columns: { Track: "latest" } },
    notes: expect.not.arrayContaining([expect.stringContaining("Cooldown")]),
  });
});
