import { Failure } from "../../shared/model/failure.ts";
import { createRandom } from "./random.ts";
import type { Prepared, Target } from "./targets.ts";

export interface Outcome {
  readonly inputs: number;
  /** How many were taken, not refused. */
  readonly taken: number;
  /** In milliseconds: the least of the time that passed and of the processor time of two more runs. */
  readonly slowest: number;
  readonly slowestInput: string;
  /** The first input that did harm, with what came of it. */
  readonly fault?: string;
}

/** Feeds a target with so many inputs, the same for the same seed; ends at the first fault. */
export function fuzz(
  target: Target,
  { inputs, seed }: { readonly inputs: number; readonly seed: number },
): Outcome {
  const random = createRandom(seed);
  let [taken, slowest, slowestInput] = [0, 0, ""];
  for (let count = 0; count < inputs; count++) {
    const prepared = target.prepare(random);
    const started = performance.now();
    const fault = faultOf(target, prepared);
    const spent = performance.now() - started;
    if (fault === "taken") taken++;
    else if (fault !== "refused") {
      return { inputs: count + 1, taken, slowest, slowestInput, fault: `${fault}: ${shown(prepared)}` };
    }
    // Twice more tells what is slow from what met a pause of the machine.
    const sure = spent > slowest ? Math.min(spent, again(target, prepared), again(target, prepared)) : 0;
    if (sure > slowest) [slowest, slowestInput] = [sure, shown(prepared)];
  }
  return { inputs, taken, slowest, slowestInput };
}

function faultOf({ refusals }: Target, prepared: Prepared): string {
  try {
    prepared.run();
    return "taken";
  } catch (error) {
    if (error instanceof Failure && refusals.includes(error.code)) return "refused";
    return error instanceof Error ? (error.stack ?? error.message) : String(error);
  }
}

/** Processor time, in milliseconds. */
function again(target: Target, prepared: Prepared): number {
  const before = process.cpuUsage();
  faultOf(target, prepared);
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1000;
}

function shown({ input }: Prepared): string {
  const text = JSON.stringify(input);
  return text.length <= 300 ? text : `${text.slice(0, 200)}… (${text.length} characters)`;
}
