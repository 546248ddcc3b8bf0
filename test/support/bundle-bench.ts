import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Table } from "../../shared/azure/tables.ts";
import type { ImportRecord } from "../../shared/documents/import-record.ts";
import { receiptType, type SiteReceipt } from "../../shared/documents/site-receipt.ts";
import { openTar } from "../../shared/registry/layout/read-tar.ts";
import type { Registry } from "../../shared/registry/registry.ts";
import { signStatement } from "../../shared/signing/envelope.ts";
import { generateKeyPair, readSigningKey, readVerifyingKey } from "../../shared/signing/signing-key.ts";
import type { AcknowledgeResult } from "../../shared/steps/bundle/acknowledge-bundle.ts";
import type { ExportOrder, ExportResult } from "../../shared/steps/bundle/export-bundle.ts";
import { importBundle } from "../../shared/steps/bundle/import-bundle.ts";
import { readBundle } from "../../shared/steps/bundle/read-bundle.ts";
import { createSiteCalls, type SiteCalls } from "../../shared/steps/bundle/site-calls.ts";
import { createStores, type Stores } from "../../shared/stores/stores.ts";
import type { TestImage } from "./images.ts";
import { createMemoryBlobs } from "./memory-blobs.ts";
import { createMemoryRegistry, type MemoryRegistry } from "./memory-registry.ts";
import { createMemoryTable } from "./memory-table.ts";
import { makeRecord } from "./records.ts";
import { never } from "./registries.ts";

export const siteName = "factory-7";
const pairs = { hub: generateKeyPair(), site: generateKeyPair() };
export const hubKey = readSigningKey(pairs.hub.privatePem);
export const siteKey = readSigningKey(pairs.site.privatePem);
export const sitePublicPem = pairs.site.publicPem;

/** A hub with its registry and its upstream, and a site with a registry that only files reach; all in memory but the files. */
export interface BundleBench {
  readonly folder: string;
  readonly stores: Stores;
  readonly calls: SiteCalls;
  readonly target: MemoryRegistry;
  readonly upstream: MemoryRegistry;
  readonly site: MemoryRegistry;
  readonly audited: Table;
  /** Messages that were sent to the import queue. */
  readonly sent: object[];
  /** Stands at the target, and in the ledger as done. */
  imported(
    repository: string,
    tag: string,
    image: TestImage,
    parts?: Partial<ImportRecord>,
  ): Promise<ImportRecord>;
  /** Passed its gates, and waits for a bundle. */
  waiting(
    repository: string,
    tag: string,
    image: TestImage,
    parts?: Partial<ImportRecord>,
  ): Promise<ImportRecord>;
  export(order?: Partial<ExportOrder>, path?: string): Promise<ExportResult>;
  /** Into the site's registry, unless another one is given. */
  import(path?: string, registry?: Registry): Promise<SiteReceipt>;
  acknowledge(receipt: SiteReceipt): Promise<AcknowledgeResult>;
  /** From one end to the other: what is in the file, what was imported, what came back. */
  pass(
    order?: Partial<ExportOrder>,
  ): Promise<{ exported: ExportResult; receipt: SiteReceipt; result: AcknowledgeResult }>;
  read(path?: string): Buffer;
  close(): void;
}

export async function createBundleBench(): Promise<BundleBench> {
  const folder = mkdtempSync(join(tmpdir(), "wharfgate-bundle-"));
  const file = join(folder, "bundle.tar");
  const sent: object[] = [];
  let seconds = 0;
  const now = (): Date => new Date(Date.parse("2026-11-24T10:00:00.000Z") + 1000 * seconds++);
  const tables = new Map<string, Table>();
  const stores = createStores({
    table: (name) => {
      const table = tables.get(name) ?? createMemoryTable();
      tables.set(name, table);
      return table;
    },
    queue: (name) => ({
      send: async (message) => {
        if (name === "import") sent.push(message);
      },
      length: async () => 0,
      oldestMs: async () => undefined,
    }),
    blobs: (container) => createMemoryBlobs(container),
    leaseMs: 60_000,
  });
  const [target, upstream, site] = ["target.example", "docker.io", "site.example"].map(
    createMemoryRegistry,
  ) as [MemoryRegistry, MemoryRegistry, MemoryRegistry];
  const calls = createSiteCalls({
    ...stores,
    registries: { open: () => upstream },
    openTarget: () => target,
    signingKey: hubKey,
    bundles: createMemoryBlobs("bundles"),
    now,
  });
  await calls.add({ name: siteName, key: sitePublicPem, actor: "ops", existing: "keep" }, never);
  const enter = async (record: ImportRecord): Promise<ImportRecord> => {
    await stores.ledger.add([{ record }], never);
    return record;
  };

  const bench: BundleBench = {
    folder,
    stores,
    calls,
    target,
    upstream,
    site,
    sent,
    audited: tables.get("audit") ?? createMemoryTable(),
    imported: (repository, tag, image, parts = {}) => {
      target.put(repository, image, tag);
      const { digest } = image.manifest.descriptor;
      const place = { host: target.host, path: repository, tag };
      return enter(makeRecord({ digest, tag, target: place, state: "done", endedAt: now(), ...parts }));
    },
    waiting: (repository, tag, image, parts = {}) => {
      const record = makeRecord({
        digest: image.manifest.descriptor.digest,
        tag,
        target: { host: target.host, path: repository, tag },
        state: "running",
        method: "bundle",
        operation: { site: siteName },
        startedAt: now(),
        ...parts,
      });
      upstream.put(record.source.path, image, tag);
      return enter({ ...record, handling: { ...record.handling, site: siteName } });
    },
    export: (order = {}, path = file) =>
      calls.export(
        { site: siteName, watches: [], images: [], kind: "delta", unfit: "stop", actor: "ops", ...order },
        { kind: "file", path },
        never,
      ),
    import: async (path = file, registry = site) => {
      const files = await openTar(path, never);
      try {
        const trusted = [readVerifyingKey(pairs.hub.publicPem)];
        const { order } = await readBundle(files, { site: siteName, trusted, signal: never });
        return await importBundle(order, { registry, now, told: () => {} }, never);
      } finally {
        await files.close();
      }
    },
    acknowledge: (receipt) =>
      calls.acknowledge(
        {
          text: JSON.stringify(signStatement(receipt, { payloadType: receiptType, key: siteKey })),
          actor: "ops",
        },
        never,
      ),
    pass: async (order) => {
      const exported = await bench.export(order);
      const receipt = await bench.import();
      return { exported, receipt, result: await bench.acknowledge(receipt) };
    },
    read: (path = file) => readFileSync(path),
    close: () => rmSync(folder, { recursive: true }),
  };
  return bench;
}
