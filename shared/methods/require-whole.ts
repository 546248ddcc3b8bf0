import { Failure } from "../model/failure.ts";
import type { ImportOrder } from "./method.ts";

/** Throws `unsupported` for what only the copy method does: `worker` brings images in as they are, or not at all. */
export function requireWhole({ only, nondistributable }: ImportOrder, worker: string): void {
  if (only !== undefined) throw copyOnly(`${worker} cannot leave platforms out`);
  if (nondistributable === "bring") throw copyOnly(`${worker} does not bring nondistributable layers in`);
}

function copyOnly(what: string): Failure {
  return new Failure("unsupported", `${what}: use the copy method`);
}
