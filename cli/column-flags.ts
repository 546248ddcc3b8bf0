import type { WatchColumn } from "../shared/documents/watch-columns.ts";

/** `ManagedBy` is `--managed-by`. */
export function flagOf(column: WatchColumn): string {
  return column.replaceAll(/(?<=[a-z])(?=[A-Z])/g, "-").toLowerCase();
}

/** The words of a command for a POSIX shell: what a shell would read otherwise stands in single quotes. */
export function shellLine(words: readonly string[]): string {
  return words.map(quoted).join(" ");
}

function quoted(word: string): string {
  const assigned = /^(--[a-z-]+=)(.+)$/s.exec(word);
  if (assigned?.[1] !== undefined && assigned[2] !== undefined) return assigned[1] + quoted(assigned[2]);
  return /^[a-zA-Z0-9._/:@,-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`;
}
