import type { ImportRecord, ImportState } from "../../documents/import-record.ts";
import type { Watch } from "../../documents/watch.ts";
import { formatWatchId, type WatchId, watchKey } from "../../documents/watch-id.ts";
import type { Policy } from "../../gates/policy.ts";
import type { MethodKind } from "../../methods/members.ts";
import type { Clock } from "../../model/clock.ts";
import { mapConcurrent } from "../../model/concurrency.ts";
import { formatReference, formatRepository } from "../../model/reference.ts";
import type { Skipped } from "../../policies/policy.ts";
import type { Collision } from "../../policies/select.ts";
import type { Spent } from "../../registry/counted.ts";
import type { Registry } from "../../registry/registry.ts";
import type { Ledger } from "../../stores/ledger.ts";
import { emptyState, type Unchecked, type WatchState, type WatchStates } from "../../stores/watch-states.ts";
import { greatestMajor, lookOf } from "../poll/known-before.ts";
import { gatesAhead } from "./gates-ahead.ts";
import { absentOf, type ListingPorts, listForPlan, selectionOf } from "./plan-listing.ts";

export interface PlanPorts extends ListingPorts {
  readonly states: WatchStates;
  readonly ledger: Ledger;
  readonly openTarget: (host: string) => Registry;
  readonly targetHost: string;
  readonly defaultMethod: MethodKind;
  readonly policy: Policy;
  readonly now: Clock;
}

const questionsAtOnce = 4;

/** What the next poll of a watch would do, and why. */
export interface Plan {
  readonly watch: string;
  readonly source: string;
  readonly method: MethodKind;
  /** Tags in upstream's list, repeats and all; absent when the watch needed no list. */
  readonly listed?: number;
  readonly tags: readonly PlannedTag[];
  /** Set while the watch's polls are put off: what the plan would import, no poll has seen yet. */
  readonly unchecked?: Unchecked;
  /** Tags that Extract made one. */
  readonly collisions: readonly Collision[];
  /** What the plan itself asked of upstream. */
  readonly spent: Spent;
}

/**
 * `import`: the next poll would bring it in. `have`: imported and proven. `pending`: on its way. `waiting`: at a gate.
 * `held`, `denied`, `failed`: as the ledger says, and only a person can do something about it. `missing`: named by Track or Verbatim, but upstream does not have it. `skip`: not wanted, with the reason.
 */
export type PlannedTag =
  | {
      readonly tag: string;
      readonly verdict: Standing;
      readonly how: "version" | "tracked";
      readonly target: string;
      /** For `import`: the gates that it will meet; absent when there are none. */
      readonly gates?: readonly string[];
      /** For one that waits, is held, was denied or has failed: why, and the next step. */
      readonly reason?: string;
    }
  | { readonly tag: string; readonly verdict: "missing"; readonly how: "tracked" | "verbatim" }
  | ({ readonly verdict: "skip" } & Skipped);

/** Lists upstream's tags and tells each one's fate. Asks upstream once for the list and once per floating tag; writes nothing. */
export async function plan(watch: Watch, ports: PlanPorts, signal: AbortSignal): Promise<Plan> {
  const listing = await listForPlan([watch], ports, signal);
  const { registry } = listing.source;
  const { versions, tracked, skipped, collisions } = await selectionOf(watch, listing);
  const state = await stateOf(watch, ports.states, signal);
  const targetOf = (tag: string) =>
    formatReference({ host: ports.targetHost, ...watch.target(watch.source, tag) });
  const standing = await standingsOf(watch, { ledger: ports.ledger, state, targetOf }, signal);
  const floating = await mapConcurrent(tracked, questionsAtOnce, async (tag): Promise<PlannedTag> => {
    const found = await registry.headManifest(watch.source.path, tag, signal);
    if (found === undefined) return { tag, verdict: "missing", how: "tracked" };
    return { tag, ...standing(tag, found.digest), how: "tracked", target: targetOf(tag) };
  });
  const met = await gatesMet(watch, ports, signal);
  return {
    watch: formatWatchId(watch),
    source: formatRepository(watch.source),
    method: watch.method ?? ports.defaultMethod,
    ...(listing.listed === undefined ? {} : { listed: listing.listed }),
    tags: [
      ...versions.map((tag): PlannedTag => {
        return met({ tag, ...standing(tag), how: "version", target: targetOf(tag) });
      }),
      ...floating.map(met),
      ...absentOf(watch, { versions, tracked }).map((tag): PlannedTag => {
        return { tag, verdict: "missing", how: "verbatim" };
      }),
      ...skipped.map((each): PlannedTag => ({ ...each, verdict: "skip" })),
    ],
    collisions,
    ...(state.unchecked && { unchecked: state.unchecked }),
    spent: listing.source.spent(),
  };
}

/** Adds to what would come in the gates that it will meet. */
async function gatesMet(
  watch: Watch,
  { states, ledger, policy, now }: PlanPorts,
  signal: AbortSignal,
): Promise<(planned: PlannedTag) => PlannedTag> {
  const id: WatchId = watch;
  const stored = (await states.some(watch.source.host, [id], signal)).get(watchKey(id))?.state;
  const poll = lookOf(stored, now());
  const major = poll === "later" ? await greatestMajor(watch, ledger, signal) : undefined;
  const known = { poll, ...(major !== undefined && { major }) };
  return (planned) => {
    if (planned.verdict !== "import") return planned;
    const gates = gatesAhead(watch, planned.tag, { policy, known });
    return gates.length === 0 ? planned : { ...planned, gates };
  };
}

type Standing = "import" | "have" | "pending" | "waiting" | "held" | "denied" | "failed";

const standings: Readonly<Record<ImportState, Standing>> = {
  pending: "pending",
  waiting: "waiting",
  running: "pending",
  done: "have",
  held: "held",
  denied: "denied",
  failed: "failed",
  overtaken: "pending",
  removed: "import",
};

interface Stands {
  readonly verdict: Standing;
  readonly reason?: string;
}

const stopped: ReadonlySet<ImportState> = new Set(["waiting", "held", "denied", "failed"]);

function standsBy({ state, reason }: ImportRecord): Stands {
  const verdict = standings[state];
  return stopped.has(state) && reason !== undefined ? { verdict, reason } : { verdict };
}

/**
 * How a tag stands, by the watch's state and the ledger. A poll does not bring in again what the ledger has, even when the
 * row was changed since and everything is looked at anew.
 */
async function standingsOf(
  watch: Watch,
  {
    ledger,
    state,
    targetOf,
  }: {
    readonly ledger: Ledger;
    readonly state: WatchState;
    readonly targetOf: (tag: string) => string;
  },
  signal: AbortSignal,
): Promise<(tag: string, digest?: string) => Stands> {
  const latest = new Map<string, ImportRecord>();
  const source = formatRepository(watch.source);
  for await (const { record } of ledger.ofWatch(watch, signal)) {
    if (record.subject !== undefined) continue;
    // Of a moved tag the new digest is what is decided upon.
    const known = state.moved.get(record.tag) ?? state.known.get(record.tag);
    const sameWay =
      formatRepository(record.source) === source && formatReference(record.target) === targetOf(record.tag);
    const rival = latest.get(record.tag);
    const later = rival === undefined || rival.seenAt <= record.seenAt;
    if (known === undefined ? sameWay && later : known === record.digest) latest.set(record.tag, record);
  }
  return (tag, digest) => {
    const record = latest.get(tag);
    if (state.moved.has(tag)) return record === undefined ? { verdict: "held" } : standsBy(record);
    if (digest !== undefined && digest !== (state.known.get(tag) ?? record?.digest))
      return { verdict: "import" };
    if (record !== undefined) return standsBy(record);
    return { verdict: state.known.has(tag) ? "pending" : "import" };
  };
}

/** What the watch is known to follow; nothing when its selecting columns were changed since the last poll. */
export async function stateOf(watch: Watch, states: WatchStates, signal: AbortSignal): Promise<WatchState> {
  const id: WatchId = watch;
  const stored = (await states.some(watch.source.host, [id], signal)).get(watchKey(id))?.state;
  return stored?.revision === watch.revision ? stored : emptyState;
}
