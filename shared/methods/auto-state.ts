import { Failure } from "../model/failure.ts";
import { type Way, ways } from "./auto-choice.ts";
import type { Operation } from "./method.ts";

/** What `auto` remembers between two calls: who works, since when and why, what came before, and the worker's own operation. */
export interface AutoState {
  readonly way: Way;
  /** Epoch milliseconds at which it began. */
  readonly since: number;
  readonly why: string;
  readonly before: readonly string[];
  readonly inner: Operation;
}

const mostReason = 500;
// The worker's names stay as they are: the ledger's operation ids are read from them.
const own = "auto.";

export function formatAutoState({ way, since, why, before, inner }: AutoState): Operation {
  return {
    ...inner,
    [`${own}way`]: way,
    [`${own}since`]: since,
    [`${own}why`]: why.slice(0, mostReason),
    ...Object.fromEntries(before.map((reason, at) => [`${own}before.${at}`, reason.slice(0, mostReason)])),
  };
}

/** Throws `internal` for what `formatAutoState` did not make. */
export function parseAutoState(operation: Operation): AutoState {
  const since = operation[`${own}since`];
  const why = operation[`${own}why`];
  const way = ways.find((each) => each === operation[`${own}way`]);
  if (way === undefined || typeof since !== "number" || typeof why !== "string") {
    throw new Failure("internal", "an import's record holds no operation of the method auto");
  }
  const entries = Object.entries(operation);
  return {
    way,
    since,
    why,
    before: entries.flatMap(([name, value]) => (name.startsWith(`${own}before.`) ? [String(value)] : [])),
    inner: Object.fromEntries(entries.filter(([name]) => !name.startsWith(own))),
  };
}
