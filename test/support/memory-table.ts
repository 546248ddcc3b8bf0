import type { Key, Row, Table, Values, Write } from "../../shared/azure/tables.ts";
import { Failure } from "../../shared/model/failure.ts";

interface Stored extends Key {
  readonly etag: string;
  readonly changedAt: Date;
  readonly values: Values;
}

/** A table in memory with a service clock of its own. The conformance suite of tables runs on it as on Azurite. */
export function createMemoryTable(serviceNow: () => Date = () => new Date()): Table {
  const rows = new Map<string, Stored>();
  let version = 0;
  const keyOf = ({ partition, row }: Key): string => `${partition}\n${row}`;
  const toRow = (stored: Stored): Row => ({
    ...stored,
    ageMs: Math.max(0, serviceNow().getTime() - stored.changedAt.getTime()),
  });
  const write = ({ partition, row }: Key, values: Values): string => {
    version += 1;
    const stored = { partition, row, values, etag: `v${version}`, changedAt: serviceNow() };
    rows.set(keyOf(stored), stored);
    return stored.etag;
  };
  const check = (each: Write): void => {
    const known = rows.get(keyOf(each.key));
    if (each.kind === "insert" && known !== undefined) throw new Failure("conflict", "the row exists");
    if (each.kind !== "insert" && known === undefined) throw new Failure("not-found", "there is no such row");
    if (each.kind === "replace" && each.etag !== "*" && each.etag !== known?.etag)
      throw new Failure("conflict", "the etag is stale");
  };
  const apply = (each: Write): string => {
    if (each.kind !== "delete") return write(each.key, each.values);
    rows.delete(keyOf(each.key));
    return "";
  };
  async function* sorted(wanted: (row: Row) => boolean): AsyncGenerator<Row> {
    for (const key of [...rows.keys()].sort()) {
      const stored = rows.get(key);
      if (stored !== undefined && wanted(toRow(stored))) yield toRow(stored);
    }
  }

  return {
    get: async (key) => {
      const stored = rows.get(keyOf(key));
      return stored && toRow(stored);
    },
    query: ({ partition, from = "", to }) =>
      sorted((row) => row.partition === partition && row.row >= from && (to === undefined || row.row <= to)),
    scan: (filter) => sorted(parseFilter(filter)),
    insert: async (key, values) => {
      if (rows.has(keyOf(key))) return "exists";
      write(key, values);
      return "inserted";
    },
    upsert: async (key, values) => void write(key, values),
    replace: async ({ partition, row, etag }, values) => {
      const change = { kind: "replace", key: { partition, row }, values, etag } as const;
      check(change);
      return apply(change);
    },
    remove: async (key) => void rows.delete(keyOf(key)),
    transact: async (writes) => {
      const partitions = new Set(writes.map(({ key }) => key.partition));
      const keys = new Set(writes.map(({ key }) => key.row));
      if (writes.length > 100 || partitions.size > 1 || keys.size < writes.length)
        throw new Failure("invalid", "a transaction has at most 100 rows of one partition, each once");
      for (const each of writes) check(each);
      for (const each of writes) apply(each);
    },
  };
}

/** The part of OData that the stores use: comparisons of columns with literals, and, or, brackets. */
function parseFilter(filter: string): (row: Row) => boolean {
  const tokens = filter.match(/\(|\)|datetime'[^']*'|'(?:[^']|'')*'|\w+/g) ?? [];
  let at = 0;
  const any = (): ((row: Row) => boolean) => {
    const parts = [all()];
    while (tokens[at] === "or") {
      at += 1;
      parts.push(all());
    }
    return (row) => parts.some((part) => part(row));
  };
  const all = (): ((row: Row) => boolean) => {
    const parts = [one()];
    while (tokens[at] === "and") {
      at += 1;
      parts.push(one());
    }
    return (row) => parts.every((part) => part(row));
  };
  const one = (): ((row: Row) => boolean) => {
    if (tokens[at] === "(") {
      at += 1;
      const inner = any();
      at += 1;
      return inner;
    }
    const [column = "", operator = "", literal = ""] = tokens.slice(at, at + 3);
    at += 3;
    const wanted = literal
      .replace(/^datetime/, "")
      .slice(1, -1)
      .replaceAll("''", "'");
    const compare = operators[operator];
    if (compare === undefined) throw new Error(`the filter "${filter}" is not understood`);
    return (row) => {
      const value = columnValue(row, column);
      return value !== undefined && compare(value, wanted);
    };
  };
  return filter === "" ? () => true : any();
}

const operators: Readonly<Record<string, (a: string, b: string) => boolean>> = {
  eq: (a, b) => a === b,
  lt: (a, b) => a < b,
  le: (a, b) => a <= b,
  gt: (a, b) => a > b,
  ge: (a, b) => a >= b,
};

function columnValue({ partition, row, changedAt, values }: Row, column: string): string | undefined {
  const system: Readonly<Record<string, string>> = {
    PartitionKey: partition,
    RowKey: row,
    Timestamp: changedAt.toISOString(),
  };
  const value = system[column] ?? values[column];
  return value === undefined ? undefined : String(value);
}
