import type { BundleImage } from "../../documents/bundle-manifest.ts";
import type { ImportRecord } from "../../documents/import-record.ts";
import { mapConcurrent } from "../../model/concurrency.ts";
import { type Digest, shortDigest } from "../../model/digest.ts";
import { Failure } from "../../model/failure.ts";
import { formatReference } from "../../model/reference.ts";
import type { Registries, Registry } from "../../registry/registry.ts";
import type { Ledger } from "../../stores/ledger.ts";
import type { BundleItem } from "./plan-bundle.ts";
import { selectForSite, type Wanted } from "./select-for-site.ts";

export interface ItemOrder extends Wanted {
  /** What to do about an image that cannot be exported: nothing at all (`stop`), or the others (`skip`). */
  readonly unfit: "stop" | "skip";
}

export interface ItemPorts {
  readonly ledger: Ledger;
  readonly registries: Registries;
  readonly openTarget: (host: string) => Registry;
}

const questionsAtOnce = 8;

/** The images with where their bytes are; those that are proven at the target must still stand there. */
export async function gatherItems(
  order: ItemOrder,
  ports: ItemPorts,
  signal: AbortSignal,
): Promise<{ readonly items: readonly BundleItem[]; readonly unfit: readonly string[] }> {
  const records = await selectForSite(order, ports.ledger, signal);
  const unfit: string[] = [];
  const found = await mapConcurrent(records, questionsAtOnce, async (record): Promise<BundleItem[]> => {
    const image = imageOf(record);
    if (record.method === "bundle") {
      const { host, path } = record.source;
      return [{ image, from: ports.registries.open(host, record.credential), fromRepository: path }];
    }
    const { host, path, tag } = record.target;
    const open = () => ports.openTarget(host);
    const held = await digestAt(open, { path, reference: tag ?? record.digest }, signal);
    if (held instanceof Failure) {
      unfit.push(`${formatReference(record.target)} cannot be read: ${held.message}`);
      return [];
    }
    if (held === record.digest) return [{ image, from: open(), fromRepository: path }];
    const now = held === undefined ? "is gone" : `has another digest now, ${shortDigest(held)}`;
    unfit.push(`${formatReference(record.target)} ${now}: the ledger has ${shortDigest(record.digest)}`);
    return [];
  });
  if (unfit.length > 0 && order.unfit === "stop") {
    throw new Failure(
      "conflict",
      `Nothing was written, since not all can be exported (--skip-unfit exports the rest):\n  ${unfit.join("\n  ")}`,
    );
  }
  return { items: found.flat(), unfit };
}

/** A registry that refuses us, or that this app no longer knows, holds up its own images alone. */
async function digestAt(
  registry: () => Registry,
  { path, reference }: { readonly path: string; readonly reference: string },
  signal: AbortSignal,
): Promise<Digest | undefined | Failure> {
  try {
    return (await registry().headManifest(path, reference, signal))?.digest;
  } catch (error) {
    if (error instanceof Failure && refusals.has(error.code)) return error;
    throw error;
  }
}
const refusals: ReadonlySet<Failure["code"]> = new Set(["blocked", "forbidden", "unauthorized"]);

function imageOf({ source, tag, digest, target, existing, platforms, handling }: ImportRecord): BundleImage {
  return {
    repository: target.path,
    ...(target.tag !== undefined && { tag: target.tag }),
    digest,
    existing,
    ...(handling.platforms === "only" && { only: platforms }),
    ...(handling.nondistributable === "bring" && { nondistributable: "bring" as const }),
    source: formatReference({ ...source, tag }),
  };
}
