import type { PollMessage } from "../documents/messages.ts";
import type { Watch } from "../documents/watch.ts";
import { type WatchId, watchKey } from "../documents/watch-id.ts";
import type { MethodKind } from "../methods/members.ts";
import type { Clock } from "../model/clock.ts";
import { mapConcurrent } from "../model/concurrency.ts";
import type { Failure } from "../model/failure.ts";
import type { Registries } from "../registry/registry.ts";
import type { Hosts } from "../stores/hosts.ts";
import type { Ledger } from "../stores/ledger.ts";
import type { Queues } from "../stores/queues.ts";
import { emptyState, type WatchState, type WatchStates } from "../stores/watch-states.ts";
import type { Watches } from "../stores/watches.ts";
import { askUpstream, createListing, type WatchInput } from "./ask-upstream.ts";
import { prepareSources } from "./prepare-sources.ts";
import { settleOrders } from "./settle-orders.ts";
import { announceTrouble, troubleOf } from "./watch-trouble.ts";

export interface PollPorts {
  readonly watches: Watches;
  readonly states: WatchStates;
  readonly hosts: Hosts;
  readonly ledger: Ledger;
  readonly queues: Queues;
  readonly registries: Registries;
  readonly targetHost: string;
  readonly defaultMethod: MethodKind;
  readonly channels: readonly string[];
  readonly now: Clock;
}

export interface PollResult {
  readonly polled: number;
  readonly ordered: number;
  readonly moved: number;
  readonly troubled: number;
  /** Watches put off because the host asked for a pause, and until when. */
  readonly deferred: number;
  readonly until?: Date;
}

const repositoriesAtOnce = 8;
const defaultPauseMs = 60_000;

/**
 * One list per source repository, the selection, a HEAD for what is new or floats; then ledger rows, import messages and
 * the fingerprint, in this order: a crash repeats work, it never loses it.
 */
export async function poll(message: PollMessage, ports: PollPorts, signal: AbortSignal): Promise<PollResult> {
  const { host, watches: ids } = message;
  const pause = await ports.hosts.pauseOf(host, signal);
  if (pause !== undefined && pause.until > ports.now())
    return defer(message, { ids, until: pause.until }, ports, signal);

  const [rows, states] = await Promise.all([
    ports.watches.some(ids, signal),
    ports.states.some(host, ids, signal),
  ]);
  const watches = rows.flatMap((row) =>
    row.kind === "watch" && row.watch.enabled === "yes" && row.watch.source.host === host ? [row.watch] : [],
  );
  const sources = Map.groupBy(watches, ({ source, credential }) => `${credential ?? ""} ${source.path}`);

  prepareSources(watches, ports.registries);
  const results = new Map<string, WatchResult>();
  let limited: Failure | undefined;
  await mapConcurrent([...sources.values()], repositoriesAtOnce, async (sharing) => {
    if (limited !== undefined) return;
    const listing = createListing(sharing, ports.registries, signal);
    for (const watch of sharing) {
      const result = await pollWatch(
        watch,
        { listing, entry: states.get(watchKey(watch)), slot: message.slot },
        ports,
        signal,
      );
      if (result.kind === "troubled" && result.failure.code === "rate-limited") {
        limited = result.failure;
        return;
      }
      results.set(watchKey(watch), result);
    }
  });

  const done = [...results.values()];
  const counts = {
    polled: done.filter(({ kind }) => kind === "polled").length,
    troubled: done.filter(({ kind }) => kind === "troubled").length,
    ordered: done.reduce((sum, result) => sum + (result.kind === "polled" ? result.ordered : 0), 0),
    moved: done.reduce((sum, result) => sum + (result.kind === "polled" ? result.moved : 0), 0),
  };
  if (limited === undefined) return { ...counts, deferred: 0 };
  const since = ports.now();
  const until = new Date(since.getTime() + (limited.retryAfterMs ?? defaultPauseMs));
  await ports.hosts.pause(host, { since, until }, signal);
  const left = watches.filter((watch) => !results.has(watchKey(watch)));
  return { ...(await defer(message, { ids: left, until }, ports, signal)), ...counts };
}

type WatchResult =
  | { readonly kind: "polled"; readonly ordered: number; readonly moved: number }
  | { readonly kind: "troubled"; readonly failure: Failure };

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
    await settleOrders(watch, found.decision, ports, signal);
    if (state !== undefined) await save(state);
    if (found.limited !== undefined) return { kind: "troubled", failure: found.limited };
    return { kind: "polled", ordered: orders.length, moved: moved.length };
  }
  const { failure } = found;
  // A known trouble is not worth a write. The stored revision stays: the tags that it knows are still right.
  if (failure.code !== "rate-limited" && failure.code !== entry?.state.trouble?.code)
    await save({ ...(entry?.state ?? emptyState), trouble: troubleOf(failure, ports.now()) });
  return found;
}

async function defer(
  { host, slot }: PollMessage,
  { ids, until }: { readonly ids: readonly WatchId[]; readonly until: Date },
  ports: PollPorts,
  signal: AbortSignal,
): Promise<PollResult> {
  if (ids.length > 0) {
    const watches = ids.map(({ group, name }) => ({ group, name }));
    const delayMs = Math.max(1000, until.getTime() - ports.now().getTime());
    await ports.queues.poll({ host, slot, watches }, { signal, delayMs });
  }
  return { polled: 0, ordered: 0, moved: 0, troubled: 0, deferred: ids.length, until };
}
