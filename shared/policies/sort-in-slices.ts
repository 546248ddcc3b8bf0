const run = 8192;

/** Sorts as `toSorted` does, in runs that are merged; yields where others may go on. */
export function* sortInSlices(
  values: readonly number[],
  compare: (a: number, b: number) => number,
): Generator<void, readonly number[]> {
  let runs: (readonly number[])[] = [];
  for (let start = 0; start < values.length; start += run) {
    runs.push(values.slice(start, start + run).sort(compare));
    yield;
  }
  while (runs.length > 1) {
    const merged: (readonly number[])[] = [];
    for (let index = 0; index < runs.length; index += 2) {
      merged.push(yield* merge(runs[index] ?? [], runs[index + 1] ?? [], compare));
    }
    runs = merged;
  }
  return runs[0] ?? [];
}

function* merge(
  left: readonly number[],
  right: readonly number[],
  compare: (a: number, b: number) => number,
): Generator<void, readonly number[]> {
  const merged: number[] = [];
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
