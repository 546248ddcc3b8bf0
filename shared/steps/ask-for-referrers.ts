import type { Clock } from "../model/clock.ts";
import type { Queues } from "../stores/queues.ts";
import type { Watches } from "../stores/watches.ts";
import { hasTurn } from "./check-drift.ts";

export interface AskForReferrersPorts {
  readonly watches: Watches;
  readonly queues: Queues;
  readonly now: Clock;
}

/** Has those watches whose turn it is look for what refers to their images: each once a day, since signatures arrive late. */
export async function askForReferrers(
  { watches, queues, now }: AskForReferrersPorts,
  signal: AbortSignal,
): Promise<void> {
  for (const row of await watches.all(signal)) {
    if (row.kind === "rejected" || row.watch.enabled === "no" || row.watch.handling.referrers.length === 0)
      continue;
    const { group, name } = row.watch;
    if (hasTurn(row.watch, now()))
      await queues.follow({ kind: "watch", watch: { group, name }, tries: 0 }, { signal });
  }
}
