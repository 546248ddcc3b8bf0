import { beforeEach, describe, expect, it } from "vitest";
import { statusLines } from "../../cli/status-lines.ts";
import { defaultHandling } from "../../shared/documents/handling.ts";
import type { ImportRecord } from "../../shared/documents/import-record.ts";
import { receiptType, type SiteReceipt } from "../../shared/documents/site-receipt.ts";
import { bundle } from "../../shared/methods/bundle.ts";
import { signStatement } from "../../shared/signing/envelope.ts";
import { generateKeyPair, readSigningKey } from "../../shared/signing/signing-key.ts";
import { acknowledgeBundle } from "../../shared/steps/bundle/acknowledge-bundle.ts";
import { notify } from "../../shared/steps/events/notify.ts";
import { findEvidence } from "../../shared/steps/evidence/find-evidence.ts";
import { importStep } from "../../shared/steps/import/import.ts";
import { recordEvidence } from "../../shared/steps/import/record-evidence.ts";
import { status } from "../../shared/steps/status/status.ts";
import { noRegistries, oneCredential } from "../methods/ports.ts";
import { makeRecord } from "../support/records.ts";
import { never } from "../support/registries.ts";
import { createStepBench, type StepBench } from "../support/step-bench.ts";

const hour = 3_600_000;
const site = "factory-7";
const pair = generateKeyPair();
const key = readSigningKey(pair.privatePem);
const record = makeRecord({ method: "bundle", handling: { ...defaultHandling, site } });

let bench: StepBench;
let hop: () => Promise<ImportRecord | undefined>;
beforeEach(async () => {
  bench = createStepBench();
  const { sites, ledger } = bench.stores;
  const method = bundle.create({
    registries: noRegistries,
    credentials: oneCredential,
    now: bench.now,
    receipts: sites,
  });
  const ports = { ...bench.ports, methodOf: () => method };
  hop = async () => {
    const { hop: at = 0 } = (await ledger.get(record.watch, record.key, never))?.record ?? {};
    await importStep({ watch: record.watch, key: record.key, hop: at }, ports, never);
    return (await ledger.get(record.watch, record.key, never))?.record;
  };
  await sites.put(
    { name: site, publicKey: pair.publicPem, addedBy: "ops", addedAt: bench.now().toISOString() },
    { signal: never, existing: "keep" },
  );
  await sites.nextSequence(site, never);
  await ledger.add([{ record }], never);
});

function receiptOf(outcome: "imported" | "refused", parts: Partial<SiteReceipt> = {}): string {
  const receipt: SiteReceipt = {
    v: 1,
    id: "a".repeat(64),
    site,
    bundle: { id: "b".repeat(64), sequence: 1 },
    registry: "site.example",
    startedAt: "2026-11-23T10:00:00.000Z",
    endedAt: "2026-11-23T10:05:00.000Z",
    moved: { bytes: 1, blobs: 1, skipped: 0 },
    images: [{ repository: "mirror/app", tag: "1.0.0", digest: record.digest, outcome }],
    inventory: [],
    ...parts,
  };
  return JSON.stringify(signStatement(receipt, { payloadType: receiptType, key }));
}

const acknowledge = (text: string) =>
  acknowledgeBundle({ text, actor: "ops" }, { ...bench.stores, now: bench.now }, never);

describe("an import by the method bundle", () => {
  it("waits without an end, and asks the target nothing", async () => {
    const running = await hop();
    expect(running).toMatchObject({ state: "running", operation: { site }, operations: ["bundle"] });
    expect(running?.deadline).toBeUndefined();
    expect(running?.dueAt).toEqual(new Date(bench.now().getTime() + 24 * hour));
    bench.pass(23 * hour);
    expect((await bench.sweep()).revived).toBe(0);
    bench.pass(30 * 24 * hour);
    expect((await bench.sweep()).revived).toBe(1);
    expect(await hop()).toMatchObject({ state: "running" });
    expect(bench.target.calls).toEqual([]);
  });

  it("is counted for its site in the status, until the receipt", async () => {
    await hop();
    const waiting = await status(bench.ports, never);
    expect(waiting.forSites).toEqual({ [site]: 1 });
    expect(statusLines(waiting).join("\n")).toContain(`For ${site}: 1 wait for its next bundle or receipt`);
    await acknowledge(receiptOf("imported"));
    await hop();
    expect((await status(bench.ports, never)).forSites).toEqual({});
  });

  it("is done by the receipt, which its record names, and is told", async () => {
    await hop();
    bench.queued.length = 0;
    expect(await acknowledge(receiptOf("imported"))).toMatchObject({ settled: 1, kind: "new" });
    expect(bench.waiting("import")).toEqual([expect.objectContaining({ import: record.key, hop: 1 })]);
    expect(await hop()).toMatchObject({
      state: "done",
      operations: ["bundle", `receipt ${"a".repeat(64)}`],
    });
    expect(bench.target.calls).toEqual([]);
    const [relay] = bench.waiting("notify");
    expect(relay).toMatchObject({ kind: "relay" });
    await notify({ kind: "relay", partition: "default~app" }, bench.ports, never);
    await bench.drain();
    expect(bench.channel.sent.flatMap(({ events }) => events)).toMatchObject([
      { kind: "imported", tag: "1.0.0", method: "bundle" },
    ]);
  });

  it("leaves the evidence of the target alone when that has the image too", async () => {
    await hop();
    await acknowledge(receiptOf("imported"));
    const { key: _, ...parts } = record;
    const here = makeRecord({ ...parts, method: "copy", handling: defaultHandling });
    const ended = { ...here, state: "done", endedAt: bench.now() } as const;
    await recordEvidence(ended, { was: "imported" }, bench.ports, never);
    bench.pass(hour);
    await hop();
    bench.target.tags.set("mirror/app:1.0.0", record.digest);
    const found = await findEvidence("mirror/app:1.0.0", bench.ports, never);
    expect(found.images).toMatchObject([{ verdict: "on-record", history: [{ site }] }]);
  });

  it("leaves evidence that names the receipt, not the target that nobody asked", async () => {
    await hop();
    await acknowledge(receiptOf("imported"));
    await hop();
    const found = await findEvidence("mirror/app:1.0.0", bench.ports, never);
    expect(found.images).toMatchObject([
      {
        verdict: "by-receipt",
        summary: expect.stringContaining(`receipt ${"a".repeat(64)} of the site ${site}`),
        record: { method: "bundle", proof: { digest: record.digest } },
      },
    ]);
    expect(bench.target.calls).toEqual([]);
  });

  it("is not looked for at the target afterwards", async () => {
    await hop();
    await acknowledge(receiptOf("imported"));
    await hop();
    await bench.stores.watches.put(
      record.watch,
      { Source: "up.example/library/app", Tags: "semver *", Method: "bundle", Site: site },
      { signal: never, existing: "keep" },
    );
    for (let slot = 0; slot < 288; slot += 1) {
      bench.pass(5 * 60_000);
      expect((await bench.sweep()).drifted).toBe(0);
    }
    expect(bench.target.calls).toEqual([]);
  });

  it("goes on waiting, with the reason, when the site refused it", async () => {
    await hop();
    const refused = {
      repository: "mirror/app",
      tag: "1.0.0",
      digest: record.digest,
      outcome: "refused",
    } as const;
    const result = await acknowledge(receiptOf("refused", { images: [{ ...refused, reason: "no room" }] }));
    expect(result.refused).toMatchObject([{ reason: "no room" }]);
    expect(await hop()).toMatchObject({
      state: "running",
      why: expect.stringContaining(`the site ${site} refused it: no room; the next`),
    });
    expect(
      await acknowledge(receiptOf("imported", { id: "c".repeat(64), endedAt: "2026-11-24T10:00:00.000Z" })),
    ).toMatchObject({
      settled: 1,
    });
    expect(await hop()).toMatchObject({ state: "done" });
  });
});
