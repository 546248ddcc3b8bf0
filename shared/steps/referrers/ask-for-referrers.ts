import { manualWatch } from "../../documents/watch-id.ts";
import type { Clock } from "../../model/clock.ts";
import type { Ledger } from "../../stores/ledger.ts";
import type { Queues } from "../../stores/queues.ts";
import type { Watches } from "../../stores/watches.ts";
import { hasTurn } from "../drift/check-drift.ts";
import { imagesOfWatch } from "./current-images.ts";

export interface AskForReferrersPorts {
  readonly watches: Watches;
  readonly ledger: Ledger;
  readonly queues: Queues;
  /** How long images that were asked for by name are looked at, in milliseconds. */
  readonly followMs: number;
  readonly now: Clock;
}

/** Looks that an image gets of its own, when it is in and an hour later; those of each day come after them. */
export const ownLooks = 2;

/**
 * Has those watches whose turn it is look for what refers to their images: each once a day, since signatures arrive late. Images
 * that were asked for by name have their turn, too, as long as they are young.
 */
export async function askForReferrers(ports: AskForReferrersPorts, signal: AbortSignal): Promise<void> {
  const { watches, queues, now } = ports;
  for (const row of await watches.all(signal)) {
    if (row.kind === "rejected" || row.watch.enabled === "no" || row.watch.handling.referrers.length === 0)
      continue;
    const { group, name } = row.watch;
    if (hasTurn(row.watch, now()))
      await queues.follow({ kind: "watch", watch: { group, name }, tries: 0 }, { signal });
  }
  if (hasTurn(manualWatch, now())) await askForManual(ports, signal);
}

/** Each by a message of its own: nothing says that two of them are of one repository, or even of one host. */
async function askForManual(
  { ledger, queues, followMs, now }: AskForReferrersPorts,
  signal: AbortSignal,
): Promise<void> {
  const since = now().getTime() - followMs;
  const { images } = await imagesOfWatch(manualWatch, ledger, signal);
  for (const { watch, key, endedAt, handling } of images) {
    if (handling.referrers.length === 0 || (endedAt?.getTime() ?? 0) < since) continue;
    await queues.follow({ kind: "image", watch, key, looks: ownLooks, tries: 0 }, { signal });
  }
}
