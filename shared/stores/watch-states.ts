import type { Row, Table, Values } from "../azure/tables.ts";
import { formatWatchId, type WatchId, watchKey } from "../documents/watch-id.ts";
import { Failure } from "../model/failure.ts";
import { readTextColumns, textColumns } from "./text-columns.ts";
import { bounds } from "./watches.ts";

/**
 * What the system knows of a watch: the fingerprint that an unchanged poll is compared with. `known` maps each followed
 * tag to the digest that we imported or are importing; `moved` maps tags to the upstream digest that is held back.
 */
export interface WatchState {
  readonly revision: string;
  readonly known: ReadonlyMap<string, string>;
  readonly moved: ReadonlyMap<string, string>;
  /** Why the last poll failed, and since when; absent while polls succeed. */
  readonly trouble?: Trouble;
  /** Set while its polls are put off: what it knows may be out of date. Gone with the next poll that is not. */
  readonly unchecked?: Unchecked;
  /** Set while the watch's very first look is unfinished, because upstream asked for a pause: when it began. */
  readonly firstLook?: Date;
  /** How many tags it follows of which upstream has told no digest yet, so that `known` lacks them; absent: none. */
  readonly unanswered?: number;
  /** Tags that the last changed listing had, to notice when a listing shrinks. */
  readonly listed: number;
}

/** `code` is a failure's. */
export interface Trouble {
  readonly code: string;
  readonly reason: string;
  readonly since: Date;
  /** Only some of its tags could not be asked for: the watch itself was checked. */
  readonly scope?: "tags";
}

/** `since`: the moment of the first poll that was put off. */
export interface Unchecked {
  readonly since: Date;
  readonly until: Date;
  readonly reason: string;
}

export interface WatchStateEntry {
  readonly state: WatchState;
  readonly etag: string;
}

/** Table `watchstate`, partitioned by upstream host; row keys are `group~name`. */
export interface WatchStates {
  /** The states of a poll message's watches by one range query, keyed by `group~name`. */
  some(
    host: string,
    ids: readonly WatchId[],
    signal: AbortSignal,
  ): Promise<ReadonlyMap<string, WatchStateEntry>>;
  /** Writes over the version that was read (or none); a concurrent writer wins, and the next poll sees it. */
  save(host: string, id: WatchId, change: StateChange): Promise<"saved" | "outrun">;
  /** Keyed by host and `group~name`, parted by a space: a watch whose source was changed has states of both hosts. */
  all(signal: AbortSignal): Promise<ReadonlyMap<string, WatchState>>;
  remove(host: string, id: WatchId, signal: AbortSignal): Promise<void>;
}

export interface StateChange {
  readonly state: WatchState;
  readonly etag: string | undefined;
  readonly signal: AbortSignal;
}

export const emptyState: WatchState = { revision: "", known: new Map(), moved: new Map(), listed: 0 };

// An entity holds at most 1 MiB, two bytes a character; some is left for the other columns.
// https://learn.microsoft.com/rest/api/storageservices/understanding-the-table-service-data-model
const maxTagsLength = 480_000;

export function createWatchStates(table: Table): WatchStates {
  return {
    some: async (host, ids, signal) => {
      const found = new Map<string, WatchStateEntry>();
      const range = { partition: partitionOf(host), ...bounds(ids.map(watchKey)) };
      for await (const row of table.query(range, signal)) {
        found.set(row.row, { state: parseState(row), etag: row.etag });
      }
      return found;
    },
    save: async (host, id, { state, etag, signal }) => {
      const key = { partition: partitionOf(host), row: watchKey(id) };
      requireRoom(id, state);
      const values = toStateValues(state);
      if (etag === undefined)
        return (await table.insert(key, values, signal)) === "inserted" ? "saved" : "outrun";
      try {
        await table.replace({ ...key, etag }, values, signal);
        return "saved";
      } catch (error) {
        if (error instanceof Failure && (error.code === "conflict" || error.code === "not-found"))
          return "outrun";
        throw error;
      }
    },
    all: async (signal) => {
      const found = new Map<string, WatchState>();
      for await (const row of table.scan("", signal))
        found.set(`${row.partition} ${row.row}`, parseState(row));
      return found;
    },
    remove: (host, id, signal) => table.remove({ partition: partitionOf(host), row: watchKey(id) }, signal),
  };
}

/** Hosts hold no character that a key may not; brackets and colons are allowed. */
function partitionOf(host: string): string {
  return host;
}

/** Throws `too-large` when a watch follows more tags than its row can hold. */
export function requireRoom(id: WatchId, state: WatchState): void {
  if (tagsOf(state).length <= maxTagsLength) return;
  throw new Failure(
    "too-large",
    `The watch ${formatWatchId(id)} follows ${state.known.size} tags, more than one row can hold (about 5000): set Keep or narrow Tags`,
  );
}

function tagsOf(state: WatchState): string {
  return JSON.stringify({ known: [...state.known], moved: [...state.moved] });
}

function toStateValues(state: WatchState): Values {
  const { trouble, unchecked, firstLook, unanswered } = state;
  return {
    revision: state.revision,
    listed: state.listed,
    ...textColumns("tags", tagsOf(state)),
    ...(trouble === undefined
      ? {}
      : {
          troubleCode: trouble.code,
          trouble: trouble.reason.slice(0, 4000),
          troubleSince: trouble.since.toISOString(),
          ...(trouble.scope && { troubleScope: trouble.scope }),
        }),
    ...(firstLook && { firstLook: firstLook.toISOString() }),
    ...(unanswered !== undefined && { unanswered }),
    ...(unchecked && {
      unchecked: unchecked.reason.slice(0, 4000),
      uncheckedSince: unchecked.since.toISOString(),
      uncheckedUntil: unchecked.until.toISOString(),
    }),
  };
}

function parseState({ values }: Row): WatchState {
  const text = readTextColumns("tags", values);
  const tags = (text === "" ? { known: [], moved: [] } : JSON.parse(text)) as Record<
    "known" | "moved",
    [string, string][]
  >;
  return {
    revision: String(values.revision ?? ""),
    known: new Map(tags.known),
    moved: new Map(tags.moved),
    listed: Number(values.listed ?? 0),
    ...(values.troubleCode === undefined
      ? {}
      : {
          trouble: {
            code: String(values.troubleCode),
            reason: String(values.trouble),
            since: new Date(String(values.troubleSince)),
            ...(values.troubleScope === "tags" && { scope: "tags" as const }),
          },
        }),
    ...(values.firstLook !== undefined && { firstLook: new Date(String(values.firstLook)) }),
    ...(values.unanswered !== undefined && { unanswered: Number(values.unanswered) }),
    ...(values.unchecked !== undefined && {
      unchecked: {
        reason: String(values.unchecked),
        since: new Date(String(values.uncheckedSince)),
        until: new Date(String(values.uncheckedUntil)),
      },
    }),
  };
}
