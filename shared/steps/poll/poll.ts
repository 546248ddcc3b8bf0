import type { PollMessage } from "../../documents/messages.ts";
import type { Watch } from "../../documents/watch.ts";
import { watchKey } from "../../documents/watch-id.ts";
import type { MethodKind } from "../../methods/members.ts";
import { mapConcurrent } from "../../model/concurrency.ts";
import type { Failure } from "../../model/failure.ts";
import type { Registries } from "../../registry/registry.ts";
import type { Ledger } from "../../stores/ledger.ts";
import type { Queues } from "../../stores/queues.ts";
import { emptyState, type WatchState, type WatchStates } from "../../stores/watch-states.ts";
import type { Watches } from "../../stores/watches.ts";
import { type PutOff, upstreamAsks } from "../pace/host-budget.ts";
import { openPace, type PacePorts } from "../pace/pace.ts";
import { pacedBy } from "../pace/paced.ts";
import { type Left, putOffPoll } from "../pace/put-off.ts";
import { pauseAskedBy } from "../pace/upstream-pause.ts";
import { askUpstream, createListing, type WatchInput } from "./ask-upstream.ts";
import { prepareSources } from "./prepare-sources.ts";
import { settleOrders } from "./settle-orders.ts";
import { announceTrouble, troubleAfter } from "./watch-trouble.ts";

export interface PollPorts extends PacePorts {
  readonly watches: Watches;
  readonly states: WatchStates;
  readonly ledger: Ledger;
  readonly queues: Queues;
  readonly registries: Registries;
  readonly targetHost: string;
  readonly defaultMethod: MethodKind;
  readonly channels: readonly string[];
}

export interface PollResult {
  readonly polled: number;
  readonly ordered: number;
  readonly moved: number;
  readonly troubled: number;
  /** Watches put off because the host asked for a pause or its budget is spent, and until when. */
  readonly deferred: number;
  readonly until?: Date;
}

const repositoriesAtOnce = 8;

/**
 * One list per source repository, the selection, a HEAD for what is new or floats; then ledger rows, import messages and
 * the fingerprint, in this order: a crash repeats work, it never loses it. All of it within the host's budget, which all
 * workers share.
 */
export async function poll(message: PollMessage, ports: PollPorts, signal: AbortSignal): Promise<PollResult> {
  const { host, watches: ids, slot } = message;
  const [rows, states] = await Promise.all([
    ports.watches.some(ids, signal),
    ports.states.some(host, ids, signal),
  ]);
  const watches = rows.flatMap((row) =>
    row.kind === "watch" && row.watch.enabled === "yes" && row.watch.source.host === host ? [row.watch] : [],
  );
  const leftOf = (watch: Watch, reached?: WatchState): Left => ({
    watch,
    entry: states.get(watchKey(watch)),
    ...(reached && { reached }),
  });
  const putOff = async (
    left: readonly Left[],
    by: PutOff,
  ): Promise<Pick<PollResult, "deferred" | "until">> => {
    await putOffPoll(message, { left, by }, ports, signal);
    return { deferred: left.length, until: by.until };
  };
  const sources = Map.groupBy(watches, ({ source, credential }) => `${credential ?? ""} ${source.path}`);
  const requests = requestsOf(watches, sources.size);
  const connections = Math.min(most, requests);
  const pace = await openPace({ host, urgency: "poll", requests, connections }, ports, signal);
  if (pace.kind === "put-off")
    return {
      ...nothing,
      ...(await putOff(
        watches.map((watch) => leftOf(watch)),
        pace,
      )),
    };

  const registries = pacedBy(pace, ports.registries);
  prepareSources(watches, registries);
  const results = new Map<string, WatchResult>();
  let limited: Failure | undefined;
  try {
    await mapConcurrent([...sources.values()], repositoriesAtOnce, async (sharing) => {
      const listing = createListing(sharing, registries, signal);
      for (const watch of sharing) {
        if (limited !== undefined) return;
        const input = { listing, entry: states.get(watchKey(watch)), slot };
        const result = await pollWatch(watch, input, ports, signal);
        results.set(watchKey(watch), result);
        if (result.kind === "limited") limited ??= result.failure;
      }
    });
  } finally {
    await pace.close(signal);
  }

  const counts = countResults([...results.values()]);
  if (limited === undefined) return { ...counts, deferred: 0 };
  const by = pace.putOff ?? (await pauseFor(host, limited, ports, signal));
  const left = watches.flatMap((watch) => {
    const result = results.get(watchKey(watch));
    if (result === undefined) return [leftOf(watch)];
    return result.kind === "limited" ? [leftOf(watch, result.reached)] : [];
  });
  return { ...counts, ...(await putOff(left, by)) };
}

// As many as a message without limits may have under way: repositories at once, and tags of each.
const most = 32;
const nothing: PollResult = { polled: 0, ordered: 0, moved: 0, troubled: 0, deferred: 0 };

/** A list for each repository; for each watch its floating tags and one known version. What is new comes on top. */
function requestsOf(watches: readonly Watch[], repositories: number): number {
  return watches.reduce((sum, { rules }) => sum + 1 + rules.track.length, repositories);
}

async function pauseFor(
  host: string,
  limited: Failure,
  { hosts }: PollPorts,
  signal: AbortSignal,
): Promise<PutOff> {
  const { until } = await hosts.pauseFor(host, pauseAskedBy(limited) ?? 0, signal);
  return { kind: "put-off", until, reason: upstreamAsks };
}

function countResults(results: readonly WatchResult[]): Omit<PollResult, "deferred" | "until"> {
  const polled = results.filter((result) => result.kind === "polled");
  return {
    polled: polled.length,
    troubled: results.filter(({ kind }) => kind === "troubled").length,
    ordered: polled.reduce((sum, { ordered }) => sum + ordered, 0),
    moved: polled.reduce((sum, { moved }) => sum + moved, 0),
  };
}

type WatchResult =
  | { readonly kind: "polled"; readonly ordered: number; readonly moved: number }
  | { readonly kind: "troubled" }
  /** `reached` is to be written with the mark of being put off. */
  | { readonly kind: "limited"; readonly failure: Failure; readonly reached?: WatchState };

/** Our own storage's failures are not the watch's trouble: they go to the queue's retries. */
async function pollWatch(
  watch: Watch,
  input: WatchInput,
  ports: PollPorts,
  signal: AbortSignal,
): Promise<WatchResult> {
  const found = await askUpstream(watch, input, ports, signal);
  const { entry, slot } = input;
  const save = async (state: WatchState): Promise<void> => {
    const { trouble } = state;
    if (trouble !== undefined && trouble.code !== entry?.state.trouble?.code)
      await announceTrouble(watch, { ...trouble, slot }, ports, signal);
    await ports.states.save(watch.source.host, watch, { state, etag: entry?.etag, signal });
  };
  if (found.kind === "decided") {
    const { orders, moved, state } = found.decision;
    await settleOrders(watch, { orders, moved, slot }, ports, signal);
    if (found.limited !== undefined)
      return { kind: "limited", failure: found.limited, ...(state && { reached: state }) };
    if (state !== undefined) await save(state);
    return { kind: "polled", ordered: orders.length, moved: moved.length };
  }
  const { failure } = found;
  if (pauseAskedBy(failure) !== undefined) return { kind: "limited", failure };
  // A known trouble is not worth a write. The stored revision stays: the tags that it knows are still right.
  const { unchecked, ...known } = entry?.state ?? emptyState;
  const trouble = troubleAfter(known.trouble, failure, ports.now());
  if (trouble !== known.trouble || unchecked !== undefined) await save({ ...known, trouble });
  return { kind: "troubled" };
}
