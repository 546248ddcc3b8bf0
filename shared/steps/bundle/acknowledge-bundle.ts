import type { ImportRecord } from "../../documents/import-record.ts";
import {
  parseSiteReceipt,
  type ReceiptImage,
  receiptType,
  type SiteReceipt,
} from "../../documents/site-receipt.ts";
import type { Clock } from "../../model/clock.ts";
import { Failure } from "../../model/failure.ts";
import { openEnvelope, parseEnvelope } from "../../signing/envelope.ts";
import { readVerifyingKey } from "../../signing/signing-key.ts";
import type { Audit } from "../../stores/audit.ts";
import type { Ledger } from "../../stores/ledger.ts";
import type { Queues } from "../../stores/queues.ts";
import type { Site, Sites } from "../../stores/sites.ts";

export interface AcknowledgePorts {
  readonly sites: Sites;
  readonly ledger: Ledger;
  readonly queues: Queues;
  readonly audit: Audit;
  readonly now: Clock;
}

export interface Acknowledgement {
  /** The receipt, as the site wrote it. */
  readonly text: string;
  readonly actor: string;
  /** What is done about a receipt that does not follow from those before it. */
  readonly doubtful?: "refuse" | "anyway";
}

export interface AcknowledgeResult {
  readonly site: string;
  readonly receipt: string;
  readonly bundle?: { readonly id: string; readonly sequence: number };
  readonly kind: "new" | "known";
  readonly images: { readonly imported: number; readonly present: number };
  readonly refused: readonly ReceiptImage[];
  /** What stands at the site now. */
  readonly inventory: {
    readonly repositories: number;
    readonly tags: number;
    readonly manifests: number;
    readonly blobs: number;
  };
  /** Imports that waited for this receipt and were sent on. */
  readonly settled: number;
  /** Milliseconds by which the site's clock is ahead of ours, if that is more than a few minutes. */
  readonly aheadMs?: number;
}

/** Takes a site's receipt back: keeps its inventory for the next bundle, and sends on the imports that waited for it. */
export async function acknowledgeBundle(
  { text, actor, doubtful = "refuse" }: Acknowledgement,
  ports: AcknowledgePorts,
  signal: AbortSignal,
): Promise<AcknowledgeResult> {
  const receipt = await openReceipt(text, ports.sites, signal);
  const { site, id, bundle, images, inventory } = receipt;
  await ports.audit.record(
    {
      actor,
      action: "bundle-acknowledge",
      subject: `${site} ${id}`,
      at: ports.now(),
      ...(doubtful === "anyway" && { reason: "taken by force" }),
    },
    signal,
  );
  const kind = await ports.sites.acknowledge(receipt, { signal, doubtful });
  const settled = await settle(receipt, ports, signal);
  const aheadMs = Date.parse(receipt.endedAt) - ports.now().getTime();
  const count = (outcome: ReceiptImage["outcome"]) =>
    images.filter((each) => each.outcome === outcome).length;
  const sum = (list: "tags" | "manifests" | "blobs") =>
    inventory.reduce((total, each) => total + each[list].length, 0);
  return {
    site,
    receipt: id,
    ...(bundle && { bundle }),
    kind,
    images: { imported: count("imported"), present: count("present") },
    refused: images.filter(({ outcome }) => outcome === "refused"),
    inventory: {
      repositories: inventory.length,
      tags: sum("tags"),
      manifests: sum("manifests"),
      blobs: sum("blobs"),
    },
    settled,
    ...(aheadMs > clocksDifferMs && { aheadMs }),
  };
}

const clocksDifferMs = 5 * 60_000;

/** Trusts the key that was registered for the site whose name the signed statement holds. */
async function openReceipt(text: string, sites: Sites, signal: AbortSignal): Promise<SiteReceipt> {
  const what = "the receipt";
  const envelope = parseEnvelope(text, what);
  const all = await sites.all(signal);
  const trusted = all.map(({ publicKey }) => readVerifyingKey(publicKey));
  const { statement, key } = openEnvelope(envelope, { payloadType: receiptType, trusted, what });
  const receipt = parseSiteReceipt(statement);
  const site = all.find(({ name }) => name === receipt.site);
  if (site === undefined || readVerifyingKey(site.publicKey).id !== key.id) {
    throw new Failure(
      "blocked",
      `the receipt says that it is of ${receipt.site}, but it is signed with the key of ${signerOf(all, key.id)}`,
    );
  }
  return receipt;
}

function signerOf(sites: readonly Site[], id: string): string {
  return sites.find(({ publicKey }) => readVerifyingKey(publicKey).id === id)?.name ?? "nobody";
}

async function settle(
  receipt: SiteReceipt,
  { ledger, queues }: AcknowledgePorts,
  signal: AbortSignal,
): Promise<number> {
  const told = new Set(
    receipt.images.map(({ repository, tag, digest }) => `${repository} ${tag ?? ""} ${digest}`),
  );
  let settled = 0;
  for await (const { record } of ledger.open(signal)) {
    if (!waitsFor(record, receipt.site)) continue;
    const { watch, key, hop, target, digest } = record;
    if (!told.has(`${target.path} ${target.tag ?? ""} ${digest}`)) continue;
    await queues.import({ watch, key, hop }, { signal });
    settled += 1;
  }
  return settled;
}

function waitsFor({ method, state, handling }: ImportRecord, site: string): boolean {
  return method === "bundle" && state === "running" && handling.site === site;
}
