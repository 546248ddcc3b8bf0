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
const innerPrefix = "op.";

export function formatAutoState({ way, since, why, before, inner }: AutoState): Operation {
  return {
    way,
    since,
    why: why.slice(0, mostReason),
    ...Object.fromEntries(before.map((reason, at) => [`before.${at}`, reason.slice(0, mostReason)])),
    ...Object.fromEntries(Object.entries(inner).map(([name, value]) => [`${innerPrefix}${name}`, value])),
  };
}

/** Throws `internal` for what `formatAutoState` did not make. */
export function parseAutoState(operation: Operation): AutoState {
  const { since, why } = operation;
  const way = ways.find((each) => each === operation.way);
  if (way === undefined || typeof since !== "number" || typeof why !== "string") {
    throw new Failure("internal", "an import's record holds no operation of the method auto");
  }
  const entries = Object.entries(operation);
  return {
    way,
    since,
    why,
    before: entries.flatMap(([name, value]) => (/^before\.\d+$/.test(name) ? [String(value)] : [])),
    inner: Object.fromEntries(
      entries
        .filter(([name]) => name.startsWith(innerPrefix))
        .map(([name, value]) => [name.slice(innerPrefix.length), value]),
    ),
  };
}
