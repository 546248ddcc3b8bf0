import { readFileSync } from "node:fs";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";

/** A repository as it really evolved: what its upstream published, change by change. */
export interface History {
  /** `set`: tags that are new or moved then, each with the id of its content. */
  readonly steps: readonly { readonly t: number; readonly set: Readonly<Record<string, string>> }[];
}

export function readHistory(name: string): History {
  const file = join(import.meta.dirname, "../fixtures/tag-histories", `${name}.json.gz`);
  return JSON.parse(gunzipSync(readFileSync(file)).toString()) as History;
}
