import { createHash } from "node:crypto";
import type { Blobs } from "../azure/blobs.ts";
import type { Row, Table, Values } from "../azure/tables.ts";
import {
  type Inventory,
  parseInventory,
  type ReceiptImage,
  type SiteReceipt,
} from "../documents/site-receipt.ts";
import type { Receipts } from "../methods/receipts.ts";
import { mapConcurrent } from "../model/concurrency.ts";
import { Failure } from "../model/failure.ts";
import { requireFollowing, type SiteReceiptNote } from "./receipt-order.ts";

/** A disconnected site: whose key is trusted, what was sent to it, and what it last said. */
export interface Site {
  readonly name: string;
  /** In PEM. */
  readonly publicKey: string;
  readonly addedBy: string;
  /** ISO 8601. */
  readonly addedAt: string;
  /** Of the last bundle that was begun for it; 0 before the first. */
  readonly sequence: number;
  /** The last receipt that was acknowledged, by the site's clock. */
  readonly receipt?: SiteReceiptNote;
}

/** Table `sites`: partition = site; rows `site` and, for each image of a receipt, `image~<hash>`. Inventories are blobs. */
export interface Sites extends Receipts {
  /** Adds a site, or gives one that is known another key. */
  put(
    site: Pick<Site, "name" | "publicKey" | "addedBy" | "addedAt">,
    options: { readonly signal: AbortSignal; readonly existing: "keep" | "replace" },
  ): Promise<"added" | "exists" | "replaced">;
  get(name: string, signal: AbortSignal): Promise<Site | undefined>;
  all(signal: AbortSignal): Promise<readonly Site[]>;
  /** The number of a new bundle; no two get the same. */
  nextSequence(name: string, signal: AbortSignal): Promise<number>;
  /** What the site had when it gave its last receipt; undefined before the first. */
  inventory(site: Site, signal: AbortSignal): Promise<Inventory | undefined>;
  /**
   * Keeps what a receipt says; a repeat changes nothing. Throws `conflict` for one that is older than the last, of another
   * registry or of a bundle that was not made here, unless it is taken `anyway`.
   */
  acknowledge(
    receipt: SiteReceipt,
    options: { readonly signal: AbortSignal; readonly doubtful: "refuse" | "anyway" },
  ): Promise<"new" | "known">;
}

const siteRow = "site";
const writesAtOnce = 8;
const mostTries = 10;

export function createSites(table: Table, blobs: Blobs): Sites {
  const read = (name: string, signal: AbortSignal) => table.get({ partition: name, row: siteRow }, signal);
  const require = async (name: string, signal: AbortSignal): Promise<Row> => {
    const row = await read(name, signal);
    if (row !== undefined) return row;
    throw new Failure(
      "not-found",
      `There is no site ${name}: add it by wharfgate site add ${name} --key <its .pub.pem>`,
    );
  };
  /** Reads, changes and writes a site's row until nobody else was faster. */
  const change = async (name: string, next: (site: Site) => Site, signal: AbortSignal): Promise<Site> => {
    for (let tries = 1; ; tries += 1) {
      const row = await require(name, signal);
      const site = next(toSite(row));
      try {
        await table.replace(row, toValues(site), signal);
        return site;
      } catch (error) {
        if (!(error instanceof Failure) || error.code !== "conflict" || tries === mostTries) throw error;
      }
    }
  };

  return {
    put: async (site, { signal, existing }) => {
      const fresh: Site = { ...site, sequence: 0 };
      const key = { partition: site.name, row: siteRow };
      if ((await table.insert(key, toValues(fresh), signal)) === "inserted") return "added";
      if (existing === "keep") return "exists";
      await change(site.name, (known) => ({ ...known, ...site }), signal);
      return "replaced";
    },
    get: async (name, signal) => {
      const row = await read(name, signal);
      return row && toSite(row);
    },
    all: async (signal) => {
      const found: Site[] = [];
      for await (const row of table.scan(`RowKey eq '${siteRow}'`, signal)) found.push(toSite(row));
      return found;
    },
    nextSequence: async (name, signal) => {
      const { sequence } = await change(name, (site) => ({ ...site, sequence: site.sequence + 1 }), signal);
      return sequence;
    },
    inventory: async ({ name, receipt }, signal) => {
      if (receipt === undefined) return undefined;
      const text = await blobs.get(blobName(name, receipt.id), signal);
      if (text !== undefined) return parseInventory(JSON.parse(text));
      throw new Failure(
        "not-found",
        `The inventory of ${name} is gone from the container ${blobs.container}: acknowledge its last receipt again, or export with --full`,
      );
    },
    acknowledge: async (receipt, { signal, doubtful }) => {
      const { site: name, id, endedAt, bundle, registry } = receipt;
      const check = doubtful === "refuse" ? requireFollowing : () => {};
      const known = toSite(await require(name, signal));
      check(receipt, known);
      const before = known.receipt;
      await blobs.put(blobName(name, id), JSON.stringify(receipt.inventory), signal);
      await mapConcurrent(receipt.images, writesAtOnce, (image) =>
        table.upsert({ partition: name, row: imageRow(image) }, imageValues(image, receipt), signal),
      );
      await change(
        name,
        (site) => {
          check(receipt, site);
          const last = bundle?.sequence ?? site.receipt?.sequence;
          const note = { id, endedAt, registry, ...(last !== undefined && { sequence: last }) };
          // A hub that was set back goes on from where the site is.
          return { ...site, receipt: note, sequence: Math.max(site.sequence, bundle?.sequence ?? 0) };
        },
        signal,
      );
      if (before?.id === id) return "known";
      if (before !== undefined) await blobs.remove(blobName(name, before.id), signal);
      return "new";
    },
    outcomeOf: async (site, image, signal) => {
      const row = await table.get({ partition: site, row: imageRow(image) }, signal);
      const { digest, outcome, reason, receipt } = row?.values ?? {};
      if (digest !== image.digest || !isOutcome(outcome)) return undefined;
      return { outcome, receipt: String(receipt), ...(typeof reason === "string" && { reason }) };
    },
  };
}

function isOutcome(value: unknown): value is ReceiptImage["outcome"] {
  return value === "imported" || value === "present" || value === "refused";
}

function imageRow({ repository, tag, digest }: Pick<ReceiptImage, "repository" | "tag" | "digest">): string {
  const name = tag === undefined ? `${repository}@${digest}` : `${repository}:${tag}`;
  return `image~${createHash("sha256").update(name).digest("hex")}`;
}

function imageValues(
  { repository, tag, digest, outcome, reason }: ReceiptImage,
  receipt: SiteReceipt,
): Values {
  return {
    repository,
    digest,
    outcome,
    receipt: receipt.id,
    endedAt: receipt.endedAt,
    ...(tag !== undefined && { tag }),
    ...(reason !== undefined && { reason }),
  };
}

function blobName(site: string, receipt: string): string {
  return `inventories/${site}/${receipt}.json`;
}

function toValues({ publicKey, addedBy, addedAt, sequence, receipt }: Site): Values {
  return {
    publicKey,
    addedBy,
    addedAt,
    sequence,
    ...(receipt && { receipt: receipt.id, receiptAt: receipt.endedAt, registry: receipt.registry }),
    ...(receipt?.sequence !== undefined && { acknowledged: receipt.sequence }),
  };
}

function toSite({ partition, values }: Row): Site {
  const { publicKey, addedBy, addedAt, sequence, receipt, receiptAt, acknowledged, registry } = values;
  return {
    name: partition,
    publicKey: String(publicKey),
    addedBy: String(addedBy),
    addedAt: String(addedAt),
    sequence: Number(sequence),
    ...(typeof receipt === "string" && {
      receipt: {
        id: receipt,
        endedAt: String(receiptAt),
        registry: String(registry),
        ...(typeof acknowledged === "number" && { sequence: acknowledged }),
      },
    }),
  };
}
