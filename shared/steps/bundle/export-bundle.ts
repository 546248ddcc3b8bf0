import { createHash } from "node:crypto";
import { type BundleManifest, bundleType, parseBundleManifest } from "../../documents/bundle-manifest.ts";
import type { Inventory } from "../../documents/site-receipt.ts";
import type { Clock } from "../../model/clock.ts";
import { digestOf } from "../../model/digest.ts";
import { Failure } from "../../model/failure.ts";
import { planTar } from "../../registry/layout/plan-tar.ts";
import { openEnvelope, parseEnvelope, signStatement } from "../../signing/envelope.ts";
import type { SigningKey } from "../../signing/signing-key.ts";
import type { Audit } from "../../stores/audit.ts";
import type { Site, Sites } from "../../stores/sites.ts";
import type { BundleDestination } from "./bundle-destination.ts";
import { bundleBlobs, bundleFiles, bundleIndex } from "./bundle-files.ts";
import { gatherItems, type ItemOrder, type ItemPorts } from "./bundle-items.ts";
import { type BundlePlan, planBundle } from "./plan-bundle.ts";
import { indexInventory } from "./site-inventory.ts";

export interface ExportOrder extends ItemOrder {
  /** `delta` leaves out what the site has by its last receipt. */
  readonly kind: "delta" | "full";
  readonly actor: string;
}

export interface ExportPorts extends ItemPorts {
  readonly sites: Sites;
  readonly audit: Audit;
  readonly signingKey: SigningKey | undefined;
  readonly now: Clock;
}

export interface ExportResult {
  readonly place: string;
  readonly id: string;
  readonly site: string;
  readonly sequence: number;
  readonly kind: "delta" | "full";
  /** The receipt that it was computed from, and the registry that this is of. */
  readonly basis?: BundleManifest["basis"];
  /** Of the file; `kept`: written by an export that broke off. */
  readonly bytes: { readonly file: number; readonly kept: number; readonly leftOut: number };
  readonly images: { readonly listed: number; readonly standing: number };
  readonly manifests: number;
  readonly blobs: { readonly included: number; readonly leftOut: number };
  /** Why images that were wanted are not in it. */
  readonly unfit: readonly string[];
}

/** Writes what a site lacks, by its last receipt, into one file: an OCI image layout, with a signed manifest of its own. */
export async function exportBundle(
  order: ExportOrder,
  destination: BundleDestination,
  ports: ExportPorts,
  signal: AbortSignal,
): Promise<ExportResult> {
  const { signingKey: key, sites, audit, now } = ports;
  if (key === undefined) {
    throw new Failure(
      "invalid",
      "A bundle is signed: set WHARFGATE_SIGNING_KEY to the file of a private key (wharfgate bundle keygen makes one)",
    );
  }
  const site = await sites.get(order.site, signal);
  if (site === undefined) {
    throw new Failure(
      "not-found",
      `There is no site ${order.site}: add it by wharfgate site add ${order.site} --key <its .pub.pem>`,
    );
  }
  const known = await knownOf(site, { order, sites, signal });
  const inventory = order.kind === "full" ? undefined : known;
  const { items, unfit } = await gatherItems(order, ports, signal);
  const plan = await planBundle(items, inventory && indexInventory(inventory), signal);
  const index = bundleIndex(plan);
  const contents: Contents = {
    v: 1,
    site: site.name,
    kind: inventory === undefined ? "full" : "delta",
    ...(inventory !== undefined &&
      site.receipt && { basis: { receipt: site.receipt.id, registry: site.receipt.registry } }),
    index: digestOf(index),
    images: items.map(({ image }) => image),
    blobs: bundleBlobs(plan),
    assumes: [...plan.assumes].map(([digest, { size, repository }]) => ({ digest, size, repository })),
    // Of all that was ever sent there, also after a full one: the next bundle is computed from that receipt alone.
    repositories: known?.map(({ repository }) => repository) ?? [],
  };
  const release = await destination.claim();
  try {
    const begun = await resumable(contents, { destination, key, sequence: site.sequence, signal });
    if (begun === undefined)
      await audit.record(
        { actor: order.actor, action: "bundle-export", subject: site.name, at: now() },
        signal,
      );
    const { manifest, envelope } = begun ?? (await sign(contents, { key, sites, now, signal }));
    if (begun === undefined) await destination.begin(envelope, signal);
    const tar = planTar(bundleFiles(plan, { index, envelope }));
    const kept = await destination.write(tar, manifest.sequence, signal);
    await destination.end(envelope, signal);
    return resultOf(plan, {
      manifest,
      place: destination.place(manifest.sequence),
      bytes: { file: tar.size, kept },
      unfit,
    });
  } finally {
    await release();
  }
}

/** A full bundle is made also when the inventory is lost. */
async function knownOf(
  site: Site,
  { order, sites, signal }: { order: ExportOrder; sites: Sites; signal: AbortSignal },
): Promise<Inventory | undefined> {
  try {
    return await sites.inventory(site, signal);
  } catch (error) {
    if (order.kind === "full" && error instanceof Failure && error.code === "not-found") return undefined;
    throw error;
  }
}

type Contents = Omit<BundleManifest, "id" | "sequence" | "created">;

async function sign(
  contents: Contents,
  { key, sites, now, signal }: Pick<ExportPorts, "sites" | "now"> & { key: SigningKey; signal: AbortSignal },
): Promise<{ readonly manifest: BundleManifest; readonly envelope: string }> {
  const sequence = await sites.nextSequence(contents.site, signal);
  const dated = { ...contents, sequence, created: now().toISOString() };
  const manifest = { ...dated, id: createHash("sha256").update(JSON.stringify(dated)).digest("hex") };
  const envelope = JSON.stringify(signStatement(manifest, { payloadType: bundleType, key }));
  return { manifest, envelope };
}

/** The manifest of an export that broke off, when the same one is wanted and none was begun since. */
async function resumable(
  contents: Contents,
  options: {
    readonly destination: BundleDestination;
    readonly key: SigningKey;
    readonly sequence: number;
    readonly signal: AbortSignal;
  },
): Promise<{ readonly manifest: BundleManifest; readonly envelope: string } | undefined> {
  const { destination, key, signal } = options;
  const envelope = await destination.begun(signal);
  if (envelope === undefined) return undefined;
  try {
    const what = "the export that broke off";
    const trusted = [key.public];
    const opened = openEnvelope(parseEnvelope(envelope, what), { payloadType: bundleType, trusted, what });
    const manifest = parseBundleManifest(opened.statement);
    const { id: _, sequence, created: __, ...begun } = manifest;
    const same = sequence === options.sequence && canonical(begun) === canonical(contents);
    return same ? { manifest, envelope } : undefined;
  } catch (error) {
    // Half of a note, or one that another key has signed: begun anew.
    if (error instanceof Failure) return undefined;
    throw error;
  }
}

function canonical(contents: Contents): string {
  return JSON.stringify(
    parseBundleManifest({ ...contents, id: "0".repeat(64), sequence: 1, created: epoch }),
  );
}
const epoch = new Date(0).toISOString();

function resultOf(
  plan: BundlePlan,
  options: {
    readonly manifest: BundleManifest;
    readonly place: string;
    readonly bytes: { readonly file: number; readonly kept: number };
    readonly unfit: readonly string[];
  },
): ExportResult {
  const { id, site, sequence, kind, basis, images } = options.manifest;
  const leftOut = [...plan.assumes.values()].reduce((total, { size }) => total + size, 0);
  return {
    place: options.place,
    id,
    site,
    sequence,
    kind,
    ...(basis !== undefined && { basis }),
    bytes: { ...options.bytes, leftOut },
    images: { listed: images.length, standing: plan.standing },
    manifests: plan.manifests.size,
    blobs: { included: plan.blobs.size, leftOut: plan.assumes.size },
    unfit: options.unfit,
  };
}
