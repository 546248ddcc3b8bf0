import type { Table } from "../azure/tables.ts";

/** A message that no step could process, kept as it was. */
export interface DeadLetter {
  /** SHA-256 (hex) of queue and body: a repeat is the same letter. */
  readonly key: string;
  readonly queue: string;
  readonly body: string;
  readonly at: Date;
}

/** Table `deadletters`: partition = queue, row = key. */
export interface DeadLetters {
  add(letter: DeadLetter, signal: AbortSignal): Promise<"inserted" | "exists">;
  all(signal: AbortSignal): Promise<readonly DeadLetter[]>;
}

// A queue message is at most 64 KiB; a property 32 Ki characters.
const columnSize = 30_000;

export function createDeadLetters(table: Table): DeadLetters {
  return {
    add: ({ key, queue, body, at }, signal) => {
      const parts: Record<string, string> = {};
      for (let start = 0, index = 0; start < body.length; start += columnSize, index += 1) {
        parts[`body${index}`] = body.slice(start, start + columnSize);
      }
      return table.insert({ partition: queue, row: key }, { at: at.toISOString(), ...parts }, signal);
    },
    all: async (signal) => {
      const found: DeadLetter[] = [];
      for await (const { partition, row, values } of table.scan("", signal)) {
        let body = "";
        for (let index = 0; typeof values[`body${index}`] === "string"; index += 1)
          body += values[`body${index}`];
        found.push({ key: row, queue: partition, body, at: new Date(String(values.at)) });
      }
      return found;
    },
  };
}
