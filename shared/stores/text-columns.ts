import type { Values } from "../azure/tables.ts";

// A property holds at most 32 Ki characters.
// https://learn.microsoft.com/rest/api/storageservices/understanding-the-table-service-data-model
const columnSize = 30_000;
const highSurrogate = /[\ud800-\udbff]$/;

/** A long text as columns `name0`, `name1` and so on, each short enough for the table service. */
export function textColumns(name: string, text: string): Values {
  const columns: Record<string, string> = {};
  for (let rest = text, index = 0; rest !== ""; index += 1) {
    const part = rest.slice(0, columnSize);
    // Half of a surrogate pair would not come back.
    const size = highSurrogate.test(part) && part.length < rest.length ? part.length - 1 : part.length;
    columns[`${name}${index}`] = rest.slice(0, size);
    rest = rest.slice(size);
  }
  return columns;
}

export function readTextColumns(name: string, values: Values): string {
  let text = "";
  for (let index = 0; typeof values[`${name}${index}`] === "string"; index += 1)
    text += values[`${name}${index}`];
  return text;
}
