import type { ImportRecord } from "../documents/import-record.ts";
import type { WatchId } from "../documents/watch-id.ts";
import { formatReference } from "../model/reference.ts";
import type { Ledger } from "../stores/ledger.ts";

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
      const name = formatReference(record.target);
      const known = latest.get(name)?.endedAt;
      if (known === undefined || known < record.endedAt) latest.set(name, record);
    }
  }
  const byDigest = new Map(
    [...latest.values()].map((record) => [`${record.target.path}@${record.digest}`, record]),
  );
  const images = [...byDigest.values()].sort((a, b) => (a.key < b.key ? -1 : 1));
  return { images, referrers };
}
