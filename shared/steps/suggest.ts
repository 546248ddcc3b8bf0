import type { Repository } from "../model/reference.ts";
import type { Spent } from "../registry/counted.ts";
import { countReads } from "../registry/counted.ts";
import { type ListingPorts, refuseWhilePaused } from "./plan-listing.ts";
import { suggestRow } from "./suggest-row.ts";
import type { Suggestion } from "./suggestion.ts";

export interface SuggestQuestion {
  readonly source: Repository;
  readonly credential?: string;
}

/** Looks at a repository's tags and proposes a watch. Asks upstream for the list alone; writes nothing. */
export async function suggest(
  { source, credential }: SuggestQuestion,
  ports: ListingPorts,
  signal: AbortSignal,
): Promise<Suggestion & { readonly spent: Spent }> {
  await refuseWhilePaused(source, ports, signal);
  const counted = countReads(ports.registries.open(source.host, credential));
  const tags = await counted.registry.listTags(source.path, signal);
  return { ...suggestRow(source, tags), spent: counted.spent() };
}
