import { Failure } from "./failure.ts";

/** Splits into runs of at most `size`: 100 for transactions. */
export function inBatches<T>(items: readonly T[], size: number): T[][] {
  if (size < 1) throw new Failure("internal", `batch size ${size}`);
  const batches: T[][] = [];
  for (let start = 0; start < items.length; start += size) batches.push(items.slice(start, start + size));
  return batches;
}
