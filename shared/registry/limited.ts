import { abortFailure } from "../http/network-failure.ts";
import { mapConcurrent } from "../model/concurrency.ts";

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
  let begun = 0;

  await mapConcurrent(items, limit, async (item) => {
    if (either.aborted || pause?.aborted === true) return;
    begun++;
    try {
      await work(item, either);
    } catch (error) {
      failing.abort(error);
      throw error;
    }
  });
  if (signal.aborted) throw abortFailure(signal.reason, "copying");
  return items.length - begun;
}
