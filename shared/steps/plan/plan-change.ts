import type { Watch } from "../../documents/watch.ts";
import { formatWatchId } from "../../documents/watch-id.ts";
import type { MethodKind } from "../../methods/members.ts";
import { formatReference, formatRepository } from "../../model/reference.ts";
import type { Skipped } from "../../policies/policy.ts";
import { needsList } from "../../policies/rules.ts";
import type { Collision } from "../../policies/select.ts";
import type { Spent } from "../../registry/counted.ts";
import { gatesOfRow } from "./gates-ahead.ts";
import { type PlanPorts, stateOf } from "./plan.ts";
import { type Arrival, askArrivals, openPlanTarget } from "./plan-arrivals.ts";
import { type Before, type Comparison, compareRows, wantedOf } from "./plan-compare.ts";
import { type Cost, costOf, defaultReads } from "./plan-cost.ts";
import { absentOf, listForPlan, type PlanListing, selectionOf } from "./plan-listing.ts";

/** What a row would do differently if it were changed, or a new one if it were saved. Asking changes nothing. */
export interface ChangePlan {
  readonly watch: string;
  readonly row: "changed" | "new";
  readonly source: string;
  readonly method: MethodKind;
  /** Tags in upstream's list, repeats and all; absent when neither row needed a list. */
  readonly listed?: number;
  readonly tags: readonly ChangedTag[];
  /** Tags that the changed row's Extract makes one. */
  readonly collisions: readonly Collision[];
  readonly cost: Cost;
  /** What the first poll after the change asks of upstream. */
  readonly nextPoll: Pick<Spent, "pages" | "heads">;
  /** What the plan itself asked of upstream. */
  readonly spent: Spent;
  /** Whole sentences on what else the change means. */
  readonly notes: readonly string[];
}

/**
 * `enters`: newly followed; `was` tells why it is not now, `arrival` what becomes of it. `leaves`: no longer followed, with
 * the changed row's reason; it stays at the target. `stays`: followed before and after. `skip`: followed by neither.
 */
export type ChangedTag =
  | (Comparison["enters"][number] & { readonly verdict: "enters"; readonly arrival: Arrival })
  | (Comparison["leaves"][number] & { readonly verdict: "leaves" })
  | (Comparison["stays"][number] & { readonly verdict: "stays" })
  | (Skipped & { readonly verdict: "skip" });

export interface Change {
  /** The row as it is stored; absent for one that is not, or that is set aside. */
  readonly before?: Watch;
  readonly after: Watch;
  /** Manifests to read at upstream, at most; absent: a number that suits the host. */
  readonly reads?: number;
}

/** Compares what two rows choose; asks both ends by HEAD for what comes in, and reads its manifests for their sizes. */
export async function planChange(
  { before, after, reads }: Change,
  ports: PlanPorts,
  signal: AbortSignal,
): Promise<ChangePlan> {
  const sharing = before !== undefined && sourceOf(before) === sourceOf(after) ? [before] : [];
  const listing = await listForPlan([after, ...sharing], ports, signal);
  const selection = await selectionOf(after, listing);
  const { enters, leaves, stays, skipped } = compareRows(
    await sideBefore({ before, after, listing }, ports, signal),
    { selection, targetOf: targetsOf(after, ports) },
  );
  const ends = {
    source: listing.source.registry,
    target: openPlanTarget(ports.openTarget(ports.targetHost)),
    watch: after,
  };
  const method = after.method ?? ports.defaultMethod;
  const arrivals = await askArrivals(enters, ends, signal);
  const question = { ...ends, method, reads: reads ?? defaultReads(after.source.host, listing.quota) };
  const cost = await costOf(arrivals, question, signal);
  const state = await stateOf(after, ports.states, signal);
  const known = wantedOf(selection).filter(
    ({ tag, how }) => how === "version" && state.known.has(tag),
  ).length;
  return {
    watch: formatWatchId(after),
    row: before === undefined ? "new" : "changed",
    source: sourceOf(after),
    method,
    ...(listing.listed === undefined ? {} : { listed: listing.listed }),
    tags: [
      ...enters.map((each): ChangedTag => {
        const arrival = arrivals.get(each.tag) ?? { fate: "unasked" };
        return { verdict: "enters", ...each, arrival };
      }),
      ...leaves.map((each): ChangedTag => ({ verdict: "leaves", ...each })),
      ...stays.map((each): ChangedTag => ({ verdict: "stays", ...each })),
      ...skipped.map((each): ChangedTag => ({ verdict: "skip", ...each })),
    ],
    collisions: selection.collisions,
    cost,
    nextPoll: {
      pages: needsList(after.rules) ? listing.source.spent().pages : 0,
      // Of the known versions one is asked for again at each poll.
      heads: enters.length + stays.length - Math.max(0, known - 1),
    },
    spent: listing.source.spent(),
    notes: notesOf(after, {
      gates: gatesOfRow(after, ports.policy),
      enters,
      leaves,
      listed: listing.listed,
      absent: absentOf(after, selection),
    }),
  };
}

async function sideBefore(
  {
    before,
    after,
    listing,
  }: { readonly before: Watch | undefined; readonly after: Watch; readonly listing: PlanListing },
  ports: PlanPorts,
  signal: AbortSignal,
): Promise<Before> {
  if (before === undefined) return { kind: "none" };
  const targetOf = targetsOf(before, ports);
  if (sourceOf(before) === sourceOf(after))
    return { kind: "same-source", selection: await selectionOf(before, listing), targetOf };
  const { known } = await stateOf(before, ports.states, signal);
  const { track } = before.rules;
  const followed = [...known.keys()].map(
    (tag) => ({ tag, how: track.includes(tag) ? "tracked" : "version" }) as const,
  );
  return { kind: "other-source", followed, source: sourceOf(before), targetOf };
}

function targetsOf(watch: Watch, { targetHost }: PlanPorts): (tag: string) => string {
  return (tag) => formatReference({ host: targetHost, ...watch.target(watch.source, tag) });
}

function sourceOf({ source }: Watch): string {
  return formatRepository(source);
}

interface Noted extends Pick<Comparison, "enters" | "leaves"> {
  readonly listed: number | undefined;
  /** What stands before the row's imports; absent: nothing. */
  readonly gates: string | undefined;
  /** Tags of Verbatim that the list does not have. */
  readonly absent: readonly string[];
}

function notesOf(after: Watch, { enters, leaves, listed, gates, absent }: Noted): string[] {
  const notes: string[] = [];
  if (listed === 0) notes.push("Upstream lists no tags at all.");
  if (absent.length > 0)
    notes.push(`Upstream does not list ${absent.join(", ")}, which Verbatim names: misspelled, or gone?`);
  if (after.enabled === "no") notes.push("The row is disabled: nothing comes in before Enabled is true.");
  if (gates !== undefined && enters.length > 0) notes.push(gates);
  if (listed !== 0 && enters.length === 0 && leaves.length === 0)
    notes.push("The same tags are followed before and after.");
  if (leaves.length > 0)
    notes.push(
      "What is no longer followed stays at the target; only its moves and new digests go unnoticed.",
    );
  return notes;
}
