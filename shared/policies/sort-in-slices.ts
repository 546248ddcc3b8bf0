const run = 8192;

/** Sorts as `toSorted` does, in runs that are merged; yields where others may go on. */
export function* sortInSlices<T>(
  values: readonly T[],
  compare: (a: T, b: T) => number,
): Generator<void, readonly T[]> {
  let runs: (readonly T[])[] = [];
  for (let start = 0; start < values.length; start += run) {
    runs.push(values.slice(start, start + run).sort(compare));
    yield;
  }
  while (runs.length > 1) {
    const merged: (readonly T[])[] = [];
    for (let index = 0; index < runs.length; index += 2) {
      merged.push(yield* merge(runs[index] ?? [], runs[index + 1] ?? [], compare));
    }
    runs = merged;
  }
  return runs[0] ?? [];
}

function* merge<T>(
  left: readonly T[],
  right: readonly T[],
  compare: (a: T, b: T) => number,
): Generator<void, readonly T[]> {
  const merged: T[] = [];
  let [i, j] = [0, 0];
  for (;;) {
    if (merged.length % run === run - 1) yield;
    const [a, b] = [left[i], right[j]];
    if (a === undefined || (b !== undefined && compare(a, b) > 0)) {
      if (b === undefined) return merged;
      merged.push(b);
      j++;
    } else {
      merged.push(a);
      i++;
    }
  }
}
