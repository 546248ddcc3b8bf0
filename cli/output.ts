import { printable } from "../shared/model/digest.ts";

/** Results go to stdout, one JSON document with `--json`; everything said about the work goes to stderr. */
export interface Output {
  result(value: unknown, lines: () => readonly string[]): void;
  note(line: string): void;
}

export function createOutput(form: "json" | "text"): Output {
  return {
    result: (value, lines) => {
      process.stdout.write(
        form === "json" ? `${JSON.stringify(value, null, 2)}\n` : `${lines().join("\n")}\n`,
      );
    },
    note: (line) => {
      process.stderr.write(`${line}\n`);
    },
  };
}

// One long cell, such as a signature's tag, must not push every row's next column off the screen.
const widest = 44;
// Reasons are told in full: a cut one convinces nobody.
const longest = 1000;

/** `1 blob`, `2 blobs`. */
export function counted(count: number, what: string, many = `${what}s`): string {
  return `${count} ${count === 1 ? what : many}`;
}

export function sizeText(bytes: number): string {
  if (bytes < 1000) return `${bytes} bytes`;
  const power = Math.min(4, Math.floor(Math.log10(bytes) / 3));
  return `${(bytes / 1000 ** power).toFixed(1)} ${["", "kB", "MB", "GB", "TB"][power]}`;
}

/** Left-aligned columns, two spaces apart; texts from outside are made printable. */
export function table(rows: readonly (readonly string[])[]): string[] {
  const cells = rows.map((row) => row.map((cell) => printable(cell.replaceAll("…", "..."), longest)));
  const widths: number[] = [];
  for (const row of cells) {
    for (const [index, { length }] of row.entries())
      widths[index] = Math.max(widths[index] ?? 0, length > widest ? 0 : length);
  }
  return cells.map((row) =>
    row
      .map((cell, index) => cell.padEnd(widths[index] ?? 0))
      .join("  ")
      .trimEnd(),
  );
}
