import { type ImportRecord, siteOf } from "../../documents/import-record.ts";
import type { WatchId } from "../../documents/watch-id.ts";
import type { Digest } from "../../model/digest.ts";
import { formatReference } from "../../model/reference.ts";
import type { Ledger } from "../../stores/ledger.ts";

export interface ImagesOfWatch {
  /** What a watch has brought in and still follows, each once, by key. */
  readonly images: readonly ImportRecord[];
  /** The imports of what refers to them, by key. */
  readonly referrers: ReadonlyMap<string, ImportRecord>;
}

/** Of a target tag that had several digests the last one is current; two tags of one digest are one image. */
export async function imagesOfWatch(
  watch: WatchId,
  ledger: Ledger,
  signal: AbortSignal,
): Promise<ImagesOfWatch> {
  const latest = new Map<string, ImportRecord>();
  const referrers = new Map<string, ImportRecord>();
  for await (const { record } of ledger.ofWatch(watch, signal)) {
    if (record.subject !== undefined) referrers.set(record.key, record);
    else if (record.state === "done" && record.endedAt !== undefined) {
      const name = placeOf(record);
      const known = latest.get(name)?.endedAt;
      if (known === undefined || known < record.endedAt) latest.set(name, record);
    }
  }
  const byDigest = new Map([...latest.values()].map((record) => [placeOf(record, record.digest), record]));
  const images = [...byDigest.values()].sort((a, b) => (a.key < b.key ? -1 : 1));
  return { images, referrers };
}

/** A site's registry is another place than the target that lends its names. */
function placeOf(record: ImportRecord, digest?: Digest): string {
  const { host, path, tag = "" } = record.target;
  return `${siteOf(record) ?? ""} ${formatReference(digest === undefined ? { host, path, tag } : { host, path, digest })}`;
}
