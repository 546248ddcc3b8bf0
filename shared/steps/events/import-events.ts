import { createHash } from "node:crypto";
import { type ImportRecord, targetNameOf } from "../../documents/import-record.ts";
import { formatWatchId, manualWatch } from "../../documents/watch-id.ts";
import type { Event, EventKind } from "../../model/event.ts";
import { formatRepository } from "../../model/reference.ts";

/** What people are told when `record` has reached its state. The same change always gives the same key. */
export function eventOf(record: ImportRecord, kind: EventKind): Event {
  const { watch, endedAt, seenAt, gates } = record;
  const manual = watch.group === manualWatch.group;
  const ended = endedAt ?? (kind === "waiting" ? gates.at(-1)?.at : undefined) ?? seenAt;
  return {
    key: createHash("sha256").update(`${record.key} ${kind} ${record.hop}`).digest("hex"),
    kind,
    at: ended.toISOString(),
    watch: manual ? manualWatch.group : formatWatchId(watch),
    source: formatRepository(record.source),
    tag: record.tag,
    digest: record.digest,
    target: targetNameOf(record),
    method: record.via ?? record.method,
    ...(record.previousDigest === undefined ? {} : { previousDigest: record.previousDigest }),
    ...(record.reason === undefined || kind === "imported" || kind === "updated" || kind === "repaired"
      ? {}
      : { reason: record.reason }),
    ...(kind === "imported" || kind === "updated" ? { elapsedMs: ended.getTime() - seenAt.getTime() } : {}),
    ...(record.link === undefined ? {} : { link: record.link }),
  };
}
