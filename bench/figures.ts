export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN;
}

/** One benchmark's figures, a line each. */
export function print(title: string, figures: Readonly<Record<string, number>>): void {
  process.stdout.write(`${title}\n`);
  for (const [name, value] of Object.entries(figures)) {
    process.stdout.write(`  ${name.padEnd(46)} ${Number.isInteger(value) ? value : value.toFixed(2)}\n`);
  }
}

/** A figure and, where there is one, the most that it may be. */
export interface Figure {
  readonly name: string;
  readonly measured: number;
  readonly atMost?: number;
}

/** One benchmark's figures beside their goals; says where a goal is missed. */
export function printGoals(title: string, figures: readonly Figure[]): void {
  process.stdout.write(`${title}\n`);
  for (const { name, measured, atMost } of figures) {
    const goal = atMost === undefined ? "" : `  goal ≤ ${atMost}${measured <= atMost ? "" : "  MISSED"}`;
    const value = Number.isInteger(measured) ? String(measured) : measured.toPrecision(3);
    process.stdout.write(`  ${name.padEnd(72)} ${value.padStart(9)}${goal}\n`);
  }
}
