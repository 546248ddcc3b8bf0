import { describe, expect, it } from "vitest";
import { formatImportId } from "../../shared/documents/import-record.ts";
import { getImport, listImports } from "../../shared/steps/status/list-imports.ts";
import { failureOf } from "../support/failures.ts";
import { makeRecord } from "../support/records.ts";
import { never } from "../support/registries.ts";
import { createStepBench } from "../support/step-bench.ts";

const { ledger } = createStepBench().stores;
const record = makeRecord();
await ledger.add(
  [
    record,
    makeRecord({ tag: "2.0.0", state: "done", seenAt: new Date("2026-11-22T11:00:00.000Z") }),
    makeRecord({ tag: "3.0.0", state: "failed", seenAt: new Date("2026-11-22T09:00:00.000Z") }),
  ].map((each) => ({ record: each })),
  never,
);
await ledger.add([{ record: makeRecord({ watch: { group: "prod", name: "app" } }) }], never);
await ledger.add(
  [{ record: makeRecord({ tag: "4.0.0", watch: { group: "manual", name: "requests" } }) }],
  never,
);

describe("the list of imports", () => {
  it.each([
    { query: {}, sources: ["2.0.0", "1.0.0", "4.0.0", "1.0.0", "3.0.0"], total: 5 },
    { query: { code: "secret" }, sources: ["2.0.0", "1.0.0", "4.0.0", "1.0.0", "3.0.0"], total: 5 },
    { query: { state: "pending", watch: "prod/app" }, sources: ["1.0.0"], total: 1 },
    { query: { watch: "app" }, sources: ["2.0.0", "1.0.0", "3.0.0"], total: 3 },
    { query: { watch: "manual" }, sources: ["4.0.0"], total: 1 },
    { query: { watch: "default/app", top: "2" }, sources: ["2.0.0", "1.0.0"], total: 3 },
    { query: { state: "held" }, sources: [], total: 0 },
    { query: { watch: "no/such" }, sources: [], total: 0 },
  ])("by $query has $sources", async ({ query, sources, total }) => {
    const list = await listImports(query, ledger, never);
    const tags = list.imports.map(({ source }) => source.slice(source.lastIndexOf(":") + 1));
    expect(tags.toSorted()).toEqual(sources.toSorted());
    expect([tags[0], list.total]).toEqual([sources[0], total]);
    expect(JSON.stringify(list)).not.toContain("secret");
  });

  it.each([
    { query: { status: "done" }, message: '"status" is not a filter: use watch, state or top' },
    {
      query: { state: "Done" },
      message:
        'state must be one of pending, waiting, running, done, held, denied, failed, overtaken, removed, not "Done"',
    },
    { query: { state: "" }, message: "state must be one of" },
    { query: { top: "0" }, message: 'top must be a whole number from 1 to 1000, not "0"' },
    { query: { top: "1001" }, message: "top must be a whole number" },
    { query: { top: "1e3" }, message: "top must be a whole number" },
    { query: { top: "-1" }, message: "top must be a whole number" },
    { query: { watch: "a/b/c" }, message: '"a/b/c" is not a watch: expected group/name' },
    { query: { watch: "A/b" }, message: "is not usable" },
    { query: { watch: "manual/requests" }, message: "is reserved" },
  ])("refuses $query", async ({ query, message }) => {
    const failure = await failureOf(() => listImports(query, ledger, never), "invalid");
    expect(failure.message).toContain(message);
  });
});

describe("one import", () => {
  it("is found by its id", async () => {
    expect(await getImport(formatImportId(record), ledger, never)).toEqual({
      importId: formatImportId(record),
      watch: "default/app",
      state: "pending",
      source: "up.example/library/app:1.0.0",
      digest: record.digest,
      target: "target.example/mirror/app:1.0.0",
      method: "copy",
      platforms: [],
      requestedBy: "watch",
      seenAt: "2026-11-22T10:00:00.000Z",
      attempts: 0,
    });
  });

  it.each([
    "",
    "x",
    "a.b.c",
    `default.app.${"0".repeat(64)}`,
    `default/app/${"0".repeat(64)}`,
    "\r\n<script>",
  ])("is not found by %j", async (id) => {
    const { message } = await failureOf(() => getImport(id, ledger, never), "not-found");
    expect(message).toMatch(/^There is no import "[\x20-\x7e]*"$/);
  });
});
