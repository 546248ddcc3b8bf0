import type { PollMessage } from "../documents/messages.ts";
import { turnOf } from "../documents/schedule.ts";
import type { Watch } from "../documents/watch.ts";
import { type WatchId, watchKey } from "../documents/watch-id.ts";
import type { MethodKind } from "../methods/members.ts";
import type { Clock } from "../model/clock.ts";
import { mapConcurrent } from "../model/concurrency.ts";
import type { Digest } from "../model/digest.ts";
import { type Failure, toFailure } from "../model/failure.ts";
import { formatRepository } from "../model/reference.ts";
import { type Selection, select } from "../policies/select.ts";
import type { Registries, Registry } from "../registry/registry.ts";
import type { Hosts } from "../stores/hosts.ts";
import type { Ledger } from "../stores/ledger.ts";
import type { Queues } from "../stores/queues.ts";
import {
  emptyState,
  type WatchState,
  type WatchStateEntry,
  type WatchStates,
} from "../stores/watch-states.ts";
import type { Watches } from "../stores/watches.ts";
import {
  type Answers,
  decidePoll,
  type PollDecision,
  type Questions,
  questionsFor,
} from "./poll-decision.ts";
import { settleOrders } from "./settle-orders.ts";
import { announceTrouble, shrinkage, troubleOf } from "./watch-trouble.ts";

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
const questionsAtOnce = 4;
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

interface WatchInput {
  readonly listing: Listing;
  readonly entry: WatchStateEntry | undefined;
  readonly slot: Date;
}

async function pollWatch(
  watch: Watch,
  input: WatchInput,
  ports: PollPorts,
  signal: AbortSignal,
): Promise<WatchResult> {
  const stored = input.entry?.state;
  // A changed watch looks at everything anew; what it knows of moved tags goes with its old selection.
  const state =
    stored?.revision === watch.revision
      ? stored
      : { ...emptyState, ...(stored?.trouble && { trouble: stored.trouble }) };
  try {
    const tags = watch.rules.policy === undefined ? undefined : await input.listing.tags();
    const doubt = tags && shrinkage(watch, state, tags);
    if (doubt !== undefined) throw doubt;
    const selection = select(tags ?? [], watch.rules);
    const questions = questionsFor(state, selection, turnOf(watch.schedule, watchKey(watch), input.slot));
    const answers = await ask(
      questions,
      { registry: input.listing.registry, path: watch.source.path },
      signal,
    );
    const decision = decide(watch, { state, selection, answers, listed: tags?.length }, ports);
    await act(watch, { decision, etag: input.entry?.etag }, ports, signal);
    return { kind: "polled", ordered: decision.orders.length, moved: decision.moved.length };
  } catch (error) {
    const failure = toFailure(error, `polling ${formatRepository(watch.source)}`);
    if (failure.code === "internal" || failure.code === "canceled") throw failure;
    if (failure.code !== "rate-limited")
      await remember(watch, { failure, entry: input.entry, state }, ports, signal);
    return { kind: "troubled", failure };
  }
}

/** One listing per source repository and credential, asked for by the first watch that needs it. */
interface Listing {
  readonly registry: Registry;
  tags(): Promise<readonly string[]>;
}

function createListing(sharing: readonly Watch[], registries: Registries, signal: AbortSignal): Listing {
  let listed: Promise<readonly string[]> | undefined;
  const [first] = sharing;
  if (first === undefined) throw new RangeError("a listing is shared by at least one watch");
  return {
    get registry() {
      return registries.open(first.source.host, first.credential);
    },
    tags() {
      listed ??= this.registry.listTags(first.source.path, signal);
      return listed;
    },
  };
}

async function ask(
  questions: Questions,
  { registry, path }: { readonly registry: Registry; readonly path: string },
  signal: AbortSignal,
): Promise<Answers> {
  const tags = [...questions.fresh, ...questions.tracked, ...questions.recheck];
  const found = await mapConcurrent(tags, questionsAtOnce, async (tag): Promise<[string, Digest][]> => {
    const descriptor = await registry.headManifest(path, tag, signal);
    return descriptor === undefined ? [] : [[tag, descriptor.digest]];
  });
  return new Map(found.flat());
}

interface Found {
  readonly state: WatchState;
  readonly selection: Selection;
  readonly answers: Answers;
  readonly listed: number | undefined;
}

function decide(watch: Watch, { state, selection, answers, listed }: Found, ports: PollPorts): PollDecision {
  return decidePoll(
    state,
    { selection, answers },
    {
      watch,
      listed,
      targetHost: ports.targetHost,
      method: watch.method ?? ports.defaultMethod,
      notify: watch.notify ?? ports.channels,
      now: ports.now(),
    },
  );
}

async function act(
  watch: Watch,
  { decision, etag }: { readonly decision: PollDecision; readonly etag: string | undefined },
  ports: PollPorts,
  signal: AbortSignal,
): Promise<void> {
  await settleOrders(watch, decision, ports, signal);
  if (decision.state === undefined) return;
  await ports.states.save(watch.source.host, watch, { state: decision.state, etag, signal });
}

interface Trouble {
  readonly failure: Failure;
  readonly entry: WatchStateEntry | undefined;
  readonly state: WatchState;
}

/** Writes down why a watch cannot be polled, and tells people, once per reason. */
async function remember(
  watch: Watch,
  { failure, entry, state }: Trouble,
  ports: PollPorts,
  signal: AbortSignal,
): Promise<void> {
  const trouble = troubleOf(failure, ports.now());
  if (entry?.state.trouble?.code === trouble.code) return;
  await announceTrouble(watch, trouble, ports, signal);
  // The stored revision stays: the tags that it knows are still right.
  const next = { ...(entry?.state ?? state), trouble };
  await ports.states.save(watch.source.host, watch, { state: next, etag: entry?.etag, signal });
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
