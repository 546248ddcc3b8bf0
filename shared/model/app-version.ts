import { existsSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";

let known: string | undefined;

/** The version of this app, as in its package.json: beside the sources, and above the compiled code. */
export function appVersion(): string {
  known ??= read(import.meta.dirname);
  return known;
}

function read(folder: string): string {
  const file = join(folder, "package.json");
  if (existsSync(file))
    return String((JSON.parse(readFileSync(file, "utf8")) as { version: unknown }).version);
  return dirname(folder) === folder ? "unknown" : read(dirname(folder));
}
