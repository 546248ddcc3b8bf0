import type { ImportState } from "../documents/import-record.ts";
import type { Watch } from "../documents/watch.ts";
import { formatWatchId, type WatchId, watchKey } from "../documents/watch-id.ts";
import type { MethodKind } from "../methods/members.ts";
import { mapConcurrent } from "../model/concurrency.ts";
import { formatReference, formatRepository } from "../model/reference.ts";
import { tagListOf } from "../model/tag-list.ts";
import type { Skipped } from "../policies/policy.ts";
import { needsList } from "../policies/rules.ts";
import { select } from "../policies/select.ts";
import type { Registries } from "../registry/registry.ts";
import type { Ledger } from "../stores/ledger.ts";
import { emptyState, type WatchState, type WatchStates } from "../stores/watch-states.ts";

export interface PlanPorts {
  readonly states: WatchStates;
  readonly ledger: Ledger;
  readonly registries: Registries;
  readonly targetHost: string;
  readonly defaultMethod: MethodKind;
}

const questionsAtOnce = 4;

/** What the next poll of a watch would do, and why. */
export interface Plan {
  readonly watch: string;
  readonly source: string;
  readonly method: MethodKind;
  readonly tags: readonly PlannedTag[];
}

/**
 * `import`: the next poll would bring it in. `have`: imported and proven. `pending`: on its way. `held`, `failed`: as the
 * ledger says, waiting for a person. `missing`: tracked, but upstream does not have it. `skip`: not wanted, with the reason.
 */
export type PlannedTag =
  | {
      readonly tag: string;
      readonly verdict: "import" | "have" | "pending" | "held" | "failed";
      readonly how: "version" | "tracked";
      readonly target: string;
    }
  | { readonly tag: string; readonly verdict: "missing"; readonly how: "tracked" }
  | ({ readonly verdict: "skip" } & Skipped);

/** Lists upstream's tags and tells each one's fate. Asks upstream once for the list and once per floating tag; writes nothing. */
export async function plan(watch: Watch, ports: PlanPorts, signal: AbortSignal): Promise<Plan> {
  const registry = ports.registries.open(watch.source.host, watch.credential);
  const tags = needsList(watch.rules) ? await registry.listTags(watch.source.path, signal) : tagListOf([]);
  const state = await stateOf(watch, ports.states, signal);
  const { versions, tracked, skipped } = select(tags, watch.rules);
  const targetOf = (tag: string) =>
    formatReference({ host: ports.targetHost, ...watch.target(watch.source, tag) });
  const ledger = await statesOfKnown(watch, { ledger: ports.ledger, known: state.known }, signal);
  const verdictOf = (tag: string) => (state.moved.has(tag) ? "held" : (ledger.get(tag) ?? "pending"));
  const floating = await mapConcurrent(tracked, questionsAtOnce, async (tag): Promise<PlannedTag> => {
    const found = await registry.headManifest(watch.source.path, tag, signal);
    if (found === undefined) return { tag, verdict: "missing", how: "tracked" };
    const verdict = state.known.get(tag) === found.digest ? verdictOf(tag) : "import";
    return { tag, verdict, how: "tracked", target: targetOf(tag) };
  });
  return {
    watch: formatWatchId(watch),
    source: formatRepository(watch.source),
    method: watch.method ?? ports.defaultMethod,
    tags: [
      ...versions.map((tag): PlannedTag => {
        return {
          tag,
          verdict: state.known.has(tag) ? verdictOf(tag) : "import",
          how: "version",
          target: targetOf(tag),
        };
      }),
      ...floating,
      ...skipped.map((each): PlannedTag => ({ ...each, verdict: "skip" })),
    ],
  };
}

type Standing = "have" | "pending" | "held" | "failed";

const standings: Readonly<Record<ImportState, Standing>> = {
  pending: "pending",
  running: "pending",
  done: "have",
  held: "held",
  failed: "failed",
  overtaken: "pending",
};

/** How the imports of the followed tags stand, by tag. */
async function statesOfKnown(
  watch: WatchId,
  { ledger, known }: { readonly ledger: Ledger; readonly known: ReadonlyMap<string, string> },
  signal: AbortSignal,
): Promise<ReadonlyMap<string, Standing>> {
  const found = new Map<string, Standing>();
  if (known.size === 0) return found;
  for await (const { record } of ledger.ofWatch(watch, signal)) {
    if (known.get(record.tag) === record.digest) found.set(record.tag, standings[record.state]);
  }
  return found;
}

/** What the watch is known to follow; nothing when its selecting columns were changed since the last poll. */
async function stateOf(watch: Watch, states: WatchStates, signal: AbortSignal): Promise<WatchState> {
  const id: WatchId = watch;
  const stored = (await states.some(watch.source.host, [id], signal)).get(watchKey(id))?.state;
  return stored?.revision === watch.revision ? stored : emptyState;
}
