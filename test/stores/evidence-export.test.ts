import { expect, it } from "vitest";
import type { Write } from "../../shared/azure/tables.ts";
import { evidenceOf } from "../../shared/documents/evidence.ts";
import { exportEvidence, exportPage } from "../../shared/steps/evidence/export-evidence.ts";
import { createEvidenceStore } from "../../shared/stores/evidence.ts";
import { makeRecord, targetHost } from "../support/records.ts";
import { never } from "../support/registries.ts";
import { useStorage } from "../support/storage.ts";

const storage = useStorage();
const rows = 10_000;
const mostBytes = 96 * 1024 * 1024;

it("10,000 rows are exported in the same order twice, by stream and by page, and are never held all at once", {
  timeout: 300_000,
}, async () => {
  const { table } = storage.open();
  const real = table("evidence");
  let read = 0;
  const writes: { partition: string; write: Write }[] = [];
  // The store decides on keys and columns; a hundred rows go over at a time.
  const store = createEvidenceStore({
    ...real,
    scan: async function* (filter, signal) {
      for await (const row of real.scan(filter, signal)) {
        read += 1;
        yield row;
      }
    },
    insert: async (key, values) => {
      writes.push({ partition: key.partition, write: { kind: "insert", key, values } });
      return "inserted";
    },
  });
  const at = new Date("2026-11-22T10:05:00.000Z");
  const padding = "why ".repeat(500);
  for (let index = 0; index < rows; index += 1) {
    const tag = `1.0.${index}`;
    const target = { host: targetHost, path: `mirror/app${index % 4}`, tag };
    const record = makeRecord({ state: "done", tag, target, endedAt: at, why: padding });
    await store.add(evidenceOf(record, { outcome: "done", app: "0.3.0", was: "imported" }), never);
  }
  for (const [, those] of Map.groupBy(writes.splice(0), ({ partition }) => partition))
    for (let from = 0; from < those.length; from += 100)
      await real.transact(
        those.slice(from, from + 100).map(({ write }) => write),
        never,
      );

  const streamed: string[] = [];
  const before = process.memoryUsage().heapUsed;
  let highest = 0;
  for await (const { import: id } of exportEvidence({}, { evidence: store }, never)) {
    streamed.push(id);
    // Nothing is read ahead of whoever writes it.
    expect(read).toBe(streamed.length);
    if (streamed.length % 500 === 0) highest = Math.max(highest, process.memoryUsage().heapUsed - before);
  }
  expect(new Set(streamed).size).toBe(rows);
  expect(highest).toBeLessThan(mostBytes);

  const paged: string[] = [];
  let query: Record<string, string> = { top: "1000" };
  for (;;) {
    const { evidence, next } = await exportPage(query, { evidence: store }, never);
    paged.push(...evidence.map((each) => each.import));
    if (next === undefined) break;
    query = { top: "1000", after: next };
  }
  expect(paged).toEqual(streamed);
});
