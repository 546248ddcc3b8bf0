import { existsSync } from "node:fs";
import { join, resolve } from "node:path";

/** The folder of host.json and package.json, seen from the sources and from dist alike. */
export const projectRoot = findRoot();

function findRoot(): string {
  for (const up of ["..", "../.."]) {
    const folder = resolve(import.meta.dirname, up);
    if (existsSync(join(folder, "host.json"))) return folder;
  }
  throw new Error("host.json was not found above the folder local");
}
