import type { Table } from "../azure/tables.ts";
import { readTextColumns, textColumns } from "./text-columns.ts";

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

export function createDeadLetters(table: Table): DeadLetters {
  return {
    add: ({ key, queue, body, at }, signal) => {
      const values = { at: at.toISOString(), ...textColumns("body", body) };
      return table.insert({ partition: queue, row: key }, values, signal);
    },
    all: async (signal) => {
      const found: DeadLetter[] = [];
      for await (const { partition, row, values } of table.scan("", signal)) {
        const body = readTextColumns("body", values);
        found.push({ key: row, queue: partition, body, at: new Date(String(values.at)) });
      }
      return found;
    },
  };
}
