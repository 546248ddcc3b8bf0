import type { ImportRecord } from "../../documents/import-record.ts";
import type { Watch } from "../../documents/watch.ts";
import { manualWatch, watchKey } from "../../documents/watch-id.ts";
import { Failure } from "../../model/failure.ts";
import { formatReference, formatRepository } from "../../model/reference.ts";
import { tagListOf, tagPageOf } from "../../model/tag-list.ts";
import { select } from "../../policies/select.ts";
import type { Registries } from "../../registry/registry.ts";
import type { Watches, WatchRow } from "../../stores/watches.ts";
import { movedOn } from "./advance-import.ts";
import type { Outcome } from "./import-outcome.ts";

export interface WantedPorts {
  readonly watches: Watches;
  readonly registries: Registries;
}

const dayMs = 24 * 3_600_000;

/** The row of an import's watch as it is now; undefined when it was removed. `by-hand`: no row has asked for it. */
export type AskedBy = WatchRow | undefined | "by-hand";

export async function askedBy(
  { watch }: ImportRecord,
  { watches }: Pick<WantedPorts, "watches">,
  signal: AbortSignal,
): Promise<AskedBy> {
  return watchKey(watch) === watchKey(manualWatch) ? "by-hand" : watches.get(watch, signal);
}

/**
 * An import may wait for hours for its turn, and at a gate for weeks; its watch may have been changed since, or its floating tag
 * moved on: then it must not come in. What was ordered and has met no gate outlives its row. Undefined while it is wanted.
 */
export async function noLongerWanted(
  record: ImportRecord,
  row: AskedBy,
  ports: WantedPorts,
  signal: AbortSignal,
): Promise<Outcome | undefined> {
  // What somebody decided about has waited, or was held, as well.
  const waited = record.state === "waiting" || record.decisions.length > 0;
  if (row === undefined && waited)
    return { kind: "overtaken", reason: "Its watch was removed: it does not come in." };
  if (row !== undefined && row !== "by-hand") {
    if (row.kind === "rejected" || row.watch.enabled === "no") {
      return {
        kind: "waiting",
        gate: record.gates.at(-1)?.gate ?? "",
        on: "time",
        reason: row.kind === "rejected" ? "its watch is set aside" : "its watch is disabled",
        next: "It goes on when the watch is followed again",
        checkAfterMs: dayMs,
      };
    }
    if (!isSelected(record, row.watch)) {
      return {
        kind: "overtaken",
        reason: "Its watch was changed, and does not follow it any more: it does not come in.",
      };
    }
  }
  if (!waited || !(await hasMovedOn(record, ports, signal))) return undefined;
  const name = formatReference({ ...record.source, tag: record.tag });
  return { kind: "overtaken", reason: `${name} moved on to another digest while this one waited` };
}

/** By the tag alone: what was superseded since is still a version that the watch follows. */
function isSelected({ source, tag, target }: ImportRecord, watch: Watch): boolean {
  if (formatRepository(source) !== formatRepository(watch.source)) return false;
  const place = watch.target(watch.source, tag);
  if (place.path !== target.path || place.tag !== target.tag) return false;
  const { versions, tracked } = select(tagListOf([tagPageOf([tag])]), watch.rules);
  return versions.includes(tag) || tracked.includes(tag);
}

/** An upstream that cannot be asked today is asked again before the import begins. */
async function hasMovedOn(record: ImportRecord, ports: WantedPorts, signal: AbortSignal): Promise<boolean> {
  try {
    return await movedOn(record, ports, signal);
  } catch (error) {
    const asks = error instanceof Failure && error.code !== "canceled" && error.code !== "internal";
    if (asks && error.code !== "rate-limited") return false;
    throw error;
  }
}
