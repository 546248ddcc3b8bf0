import { abortFailure } from "../http/network-failure.ts";

/**
 * Works through `items`, so many at a time. The first failure aborts the others' signal and is thrown once all have ended;
 * when `pause` fires no further item is begun. Returns how many were not begun.
 */
export async function forEachLimited<T>(
  items: readonly T[],
  options: { readonly limit: number; readonly signal: AbortSignal; readonly pause?: AbortSignal },
  work: (item: T, signal: AbortSignal) => Promise<void>,
): Promise<number> {
  const { limit, signal, pause } = options;
  const failing = new AbortController();
  const either = AbortSignal.any([signal, failing.signal]);
  const failures: unknown[] = [];
  const pending = items.entries();
  let begun = 0;

  const worker = async () => {
    while (!either.aborted && pause?.aborted !== true) {
      const next = pending.next();
      if (next.done === true) return;
      begun++;
      try {
        await work(next.value[1], either);
      } catch (error) {
        failures.push(error);
        failing.abort(error);
      }
    }
  };
  await Promise.all(Array.from({ length: Math.min(limit, items.length) }, worker));
  if (failures.length > 0) throw failures[0];
  if (signal.aborted) throw abortFailure(signal.reason, "copying");
  return items.length - begun;
}
