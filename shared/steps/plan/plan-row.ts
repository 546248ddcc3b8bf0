import type { Values } from "../../azure/tables.ts";
import type { PlanRequest } from "../../documents/plan-request.ts";
import { parseWatch, type Watch } from "../../documents/watch.ts";
import { formatWatchId, nameFor, type WatchId } from "../../documents/watch-id.ts";
import { Failure } from "../../model/failure.ts";
import { parseRepository } from "../../model/reference.ts";
import type { Watches } from "../../stores/watches.ts";
import { missingNames, type NamePorts } from "../watches/check-names.ts";
import { type Plan, type PlanPorts, plan } from "./plan.ts";
import { type ChangePlan, planChange } from "./plan-change.ts";

export interface PlanRowPorts extends PlanPorts, NamePorts {
  readonly watches: Watches;
}

/** Answers a question about a stored row, a changed one, or one that is not stored. Reads only. */
export async function planRow(
  request: PlanRequest,
  ports: PlanRowPorts,
  signal: AbortSignal,
): Promise<Plan | ChangePlan> {
  const { watch: id, columns, with: change, reads } = request;
  const row = id && (await ports.watches.get(id, signal));
  if (id !== undefined && row === undefined && columns === undefined)
    throw new Failure("not-found", `There is no watch ${formatWatchId(id)}`);
  const before = row?.kind === "watch" ? row.watch : undefined;
  if (columns === undefined && change === undefined) {
    if (before !== undefined) return plan(before, ports, signal);
    throw new Failure("invalid", row?.kind === "rejected" ? row.reason : "there is nothing to plan with");
  }
  const after = parseChanged(id, { ...(columns ?? row?.columns), ...change });
  const planned = await planChange(
    { after, ...(before && { before }), ...(reads === undefined ? {} : { reads }) },
    ports,
    signal,
  );
  // A plan is also for what is yet to be set up: it tells of it, and refuses nothing.
  const { missing, doubtful } = await missingNames(after, ports, signal);
  return { ...planned, notes: [...planned.notes, ...missing, ...doubtful] };
}

function parseChanged(id: WatchId | undefined, columns: Values): Watch {
  const { group, name } = id ?? { group: "default", name: nameOf(columns) };
  return parseWatch(group, name, columns);
}

/** Any name will do for a row that is not stored; what is wrong with its source is the parser's to say. */
function nameOf({ Source }: Values): string {
  try {
    return nameFor(parseRepository(String(Source ?? "")));
  } catch (error) {
    if (error instanceof Failure) return "new";
    throw error;
  }
}
