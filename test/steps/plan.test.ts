import { expect, it } from "vitest";
import type { ImportState } from "../../shared/documents/import-record.ts";
import { parseWatch } from "../../shared/documents/watch.ts";
import { plan } from "../../shared/steps/plan/plan.ts";
import { digestNamed, makeRecord, upstreamHost } from "../support/records.ts";
import { never } from "../support/registries.ts";
import { createStepBench } from "../support/step-bench.ts";

const row = { Source: `${upstreamHost}/library/app`, Tags: "semver *", Track: "latest,gone" };
const watch = parseWatch("default", "app", row);

it.each([
  ["pending", "pending"],
  ["running", "pending"],
  ["done", "have"],
  ["waiting", "waiting"],
  ["held", "held"],
  ["denied", "denied"],
  ["failed", "failed"],
] as const satisfies readonly (readonly [ImportState, string])[])(
  "an import that is %s is shown as %s",
  async (state, verdict) => {
    const bench = createStepBench();
    bench.upstream.tags.set("library/app:1.0.0", digestNamed("a"));
    const known = {
      revision: watch.revision,
      known: new Map([["1.0.0", digestNamed("a")]]),
      moved: new Map(),
      listed: 1,
    };
    await bench.stores.states.save(upstreamHost, watch, { state: known, etag: undefined, signal: never });
    const record = makeRecord({
      watch: { group: "default", name: "app" },
      tag: "1.0.0",
      digest: digestNamed("a"),
      state,
      reason: "This is why. Do that.",
    });
    await bench.stores.ledger.add([{ record }], never);
    const { tags } = await plan(watch, bench.ports, never);
    const why = ["pending", "have"].includes(verdict) ? {} : { reason: "This is why. Do that." };
    expect(tags.filter(({ tag }) => tag === "1.0.0")).toEqual([
      {
        tag: "1.0.0",
        verdict,
        how: "version",
        target: "target.example/up.example/library/app:1.0.0",
        ...why,
      },
    ]);
  },
);

it("shows a tag of Verbatim that upstream does not list as missing", async () => {
  const bench = createStepBench();
  for (const tag of ["1.0.0", "main"]) bench.upstream.tags.set(`library/app:${tag}`, digestNamed(tag));
  const verbatim = parseWatch("default", "app", { ...row, Track: "", Verbatim: "main,pr-99" });
  const { tags } = await plan(verbatim, bench.ports, never);
  expect(tags.filter(({ verdict }) => verdict !== "import")).toEqual([
    { tag: "pr-99", verdict: "missing", how: "verbatim" },
  ]);
});

it("does not plan to import again what a row that was changed has in the ledger", async () => {
  const bench = createStepBench();
  for (const tag of ["1.0.0", "2.0.0"]) bench.upstream.tags.set(`library/app:${tag}`, digestNamed(tag));
  const target = { host: bench.target.host, ...watch.target(watch.source, "1.0.0") };
  const done = makeRecord({ tag: "1.0.0", target, state: "done" });
  const elsewhere = makeRecord({ tag: "2.0.0", state: "done" });
  await bench.stores.ledger.add([{ record: done }, { record: elsewhere }], never);
  const { tags } = await plan(watch, bench.ports, never);
  expect(tags.filter(({ verdict }) => verdict === "have").map(({ tag }) => tag)).toEqual(["1.0.0"]);
  expect(tags.filter(({ verdict }) => verdict === "import").map(({ tag }) => tag)).toEqual(["2.0.0"]);
});

it("shows a moved tag as held, a new one as to import, an absent one as missing, and the rest with a reason", async () => {
  const bench = createStepBench();
  for (const tag of ["1.0.0", "2.0.0", "latest", "edge"])
    bench.upstream.tags.set(`library/app:${tag}`, digestNamed("a"));
  const state = {
    revision: watch.revision,
    known: new Map([["1.0.0", digestNamed("b")]]),
    moved: new Map([["1.0.0", digestNamed("a")]]),
    listed: 1,
  };
  await bench.stores.states.save(upstreamHost, watch, { state, etag: undefined, signal: never });
  const { tags } = await plan(watch, bench.ports, never);
  expect(Object.fromEntries(tags.map(({ tag, verdict }) => [tag, verdict]))).toEqual({
    "1.0.0": "held",
    "2.0.0": "import",
    latest: "import",
    gone: "missing",
    edge: "skip",
  });
});
