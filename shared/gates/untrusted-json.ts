import { ambiguousKey } from "../registry/json-keys.ts";

export type JsonObject = Readonly<Record<string, unknown>>;

/** Why a document was not taken, as the end of a sentence that names it: "is not JSON". */
export class Unusable extends Error {
  override readonly name = "Unusable";
}

/** A JSON object that all readers read alike. Throws `Unusable`; `what` is the beginning of its message. */
export function readJsonObject(bytes: Uint8Array, what: string): JsonObject {
  let text: string;
  let document: unknown;
  try {
    text = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
    document = JSON.parse(text);
  } catch {
    throw new Unusable(`${what} is not JSON`.trimStart());
  }
  if (!isObject(document)) throw new Unusable(`${what} is not a JSON object`.trimStart());
  if (ambiguousKey(text) !== undefined)
    throw new Unusable(`${what} is ambiguous: a key is given twice, or is __proto__`.trimStart());
  return document;
}

export function isObject(value: unknown): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** An own field, never one that objects inherit. */
export function field(object: unknown, ...path: readonly string[]): unknown {
  let value = object;
  for (const name of path) {
    if (!isObject(value) || !Object.hasOwn(value, name)) return undefined;
    value = value[name];
  }
  return value;
}

export function textField(object: unknown, ...path: readonly string[]): string | undefined {
  const value = field(object, ...path);
  return typeof value === "string" ? value : undefined;
}

/** At most `most` entries; more are `Unusable`, since what is left out could be the worst. */
export function listField(object: unknown, name: string, most: number): readonly unknown[] {
  const value = field(object, name);
  if (value === undefined || value === null) return [];
  if (!Array.isArray(value)) throw new Unusable(`has "${name}" that is not a list`);
  if (value.length > most)
    throw new Unusable(`has ${value.length} entries in "${name}": at most ${most} are read`);
  return value;
}
