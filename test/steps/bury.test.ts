import { expect, it } from "vitest";
import type { ImportRecord } from "../../shared/documents/import-record.ts";
import { writeImportMessage } from "../../shared/documents/messages.ts";
import { bury } from "../../shared/steps/import/bury.ts";
import { makeRecord } from "../support/records.ts";
import { never } from "../support/registries.ts";
import { createStepBench, type StepBench } from "../support/step-bench.ts";

it.each([
  { name: "an object", body: { v: 9, hello: "<b>" }, kept: '{"v":9,"hello":"<b>"}' },
  { name: "text that is no JSON", body: "hello", kept: "hello" },
  { name: "nothing", body: null, kept: "null" },
])("case 46: keeps $name as a dead letter, tells once, and repeats do no harm", async ({ body, kept }) => {
  const bench = createStepBench();
  for (let time = 0; time < 3; time += 1) {
    await bury("poll", body, bench.ports, never);
    await bench.drain();
  }
  expect(await bench.stores.deadLetters.all(never)).toMatchObject([{ queue: "poll", body: kept }]);
  expect(kinds(bench)).toEqual(["dead-letter"]);
  expect(bench.channel.sent[0]?.events[0]?.reason).toMatch(
    /^A message in the queue poll could not be processed and was set aside as dead letter [0-9a-f]{12}\. The log of the function poll says why\.$/,
  );
});

it.each<{ readonly name: string; readonly parts: Partial<ImportRecord> }>([
  { name: "waits", parts: {} },
  { name: "runs", parts: { state: "running", operation: { id: "op" }, deadline: new Date() } },
  { name: "a dead worker holds", parts: { lease: "w" } },
])("takes the dead message of an import that $name for one failed try", async ({ parts }) => {
  const { bench, record } = await known({ hop: 2, attempts: 1, ...parts });
  const message = writeImportMessage({ ...record, hop: 2 });
  expect(await bury("import", message, bench.ports, never)).toEqual({ kind: "retried" });
  const next = await stateOf(bench, record);
  expect(next).toMatchObject({ state: "pending", hop: 3, attempts: 2 });
  for (const gone of ["lease", "operation", "deadline"]) expect(next).not.toHaveProperty(gone);
  expect(await bury("import", message, bench.ports, never)).toEqual({ kind: "retried" });
  await bench.drain();
  expect(await stateOf(bench, record)).toMatchObject({ state: "done" });
  expect(kinds(bench)).toEqual(["imported"]);
});

it("ends an import that has no tries left, and keeps its message", async () => {
  const { bench, record } = await known({ hop: 2, attempts: 5 });
  for (let time = 0; time < 2; time += 1) {
    await bury("import", writeImportMessage({ ...record, hop: 2 }), bench.ports, never);
    await bench.drain();
  }
  expect(await stateOf(bench, record)).toMatchObject({
    state: "failed",
    hop: 3,
    reason: expect.stringContaining("the log of the function import says more (given up after 6 tries)"),
  });
  expect(kinds(bench)).toEqual(["dead-letter", "failed"]);
});

it.each<{ readonly name: string; readonly parts: Partial<ImportRecord>; readonly hop: number }>([
  { name: "has ended", parts: { hop: 2, state: "done" }, hop: 1 },
  { name: "has gone on since", parts: { hop: 5, state: "running" }, hop: 2 },
])("leaves an import alone that $name", async ({ parts, hop }) => {
  const { bench, record } = await known(parts);
  await bury("import", writeImportMessage({ ...record, hop }), bench.ports, never);
  await bench.drain();
  expect(await stateOf(bench, record)).toEqual(record);
  expect(kinds(bench)).toEqual([]);
});

async function known(parts: Partial<ImportRecord>) {
  const bench = createStepBench();
  const record = makeRecord(parts);
  await bench.stores.ledger.add([{ record }], never);
  return { bench, record };
}

async function stateOf(
  { stores }: StepBench,
  { watch, key }: ImportRecord,
): Promise<ImportRecord | undefined> {
  return (await stores.ledger.get(watch, key, never))?.record;
}

function kinds({ channel }: StepBench): string[] {
  return channel.sent.flatMap(({ events }) => events.map(({ kind }) => kind)).sort();
}
