import { parseSweepRequest } from "../../documents/sweep-request.ts";
import { formatWatchId } from "../../documents/watch-id.ts";
import { Failure } from "../../model/failure.ts";
import type { WatchRow } from "../../stores/watches.ts";
import { lookAtTarget, type WatchLook } from "../drift/look-at-target.ts";
import { revive, type SweepPorts } from "./sweep.ts";

/** What a sweep that somebody asked for has found. */
export interface Swept {
  readonly watches: readonly WatchLook[];
  /** Watches that were not looked at, and why. */
  readonly passedOver: readonly { readonly watch: string; readonly reason: string }[];
  /** For all watches: messages that were lost, and sent again. */
  readonly revived?: number;
}

/**
 * Looks at the target at once for all that a watch, or every watch, has brought in, each index with all that it names; for every
 * watch it also does what else the timer's sweep does. What it finds is told and mended as ever. Throws `not-found`, or `invalid`
 * for a watch that cannot be looked at.
 */
export async function requestSweep(
  body: unknown,
  actor: string,
  ports: SweepPorts,
  signal: AbortSignal,
): Promise<Swept> {
  const id = parseSweepRequest(body);
  const subject = id === undefined ? "all watches" : formatWatchId(id);
  const row = id && (await ports.watches.get(id, signal));
  if (id !== undefined && row === undefined) throw new Failure("not-found", `There is no watch ${subject}`);
  const rows = row === undefined ? await ports.watches.all(signal) : [row];
  const passedOver = rows.flatMap((each) => {
    const reason = whyNot(each);
    return reason === undefined ? [] : [{ watch: nameOf(each), reason }];
  });
  const [refused] = passedOver;
  if (row !== undefined && refused !== undefined)
    throw new Failure("invalid", `The watch ${subject} is not looked at: ${refused.reason}`);
  await ports.audit.record({ actor, action: "sweep", subject, at: ports.now() }, signal);
  const revived = id === undefined ? (await revive(ports, signal)).revived : undefined;
  const watches: WatchLook[] = [];
  for (const each of rows) {
    if (each.kind === "rejected" || whyNot(each) !== undefined) continue;
    watches.push(await lookAtTarget(each.watch, () => true, ports, signal));
  }
  return { watches, passedOver, ...(revived !== undefined && { revived }) };
}

function whyNot(row: WatchRow): string | undefined {
  if (row.kind === "rejected") return row.reason;
  return row.watch.enabled === "no" ? "it is disabled: set Enabled to true" : undefined;
}

function nameOf(row: WatchRow): string {
  return formatWatchId(row.kind === "watch" ? row.watch : row);
}
