import type { Repository } from "../../model/reference.ts";
import type { Spent } from "../../registry/counted.ts";
import { countReads } from "../../registry/counted.ts";
import { type ListingPorts, refuseWhilePaused } from "../plan/plan-listing.ts";
import { suggestRow } from "./suggest-row.ts";
import type { SuggestedRow, Suggestion } from "./suggestion.ts";

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
  return { ...withCooldown(suggestRow(source, tags)), spent: counted.spent() };
}

const cooldown = "3d";
const whyCooldown = `Cooldown=${cooldown}: a new version waits for three days after our first sight of it, since malicious ones are mostly found and withdrawn within days. What the first poll finds does not wait; without Cooldown nothing does.`;

/** A floating tag that moves more often than its cooldown would never come in: only versions are given one. */
function withCooldown(suggestion: Suggestion): Suggestion {
  const cooled = (row: SuggestedRow): SuggestedRow =>
    row.columns.Tags === undefined ? row : { ...row, columns: { ...row.columns, Cooldown: cooldown } };
  switch (suggestion.kind) {
    case "row": {
      const row = cooled(suggestion.row);
      return row === suggestion.row
        ? suggestion
        : { ...suggestion, row, notes: [...suggestion.notes, whyCooldown] };
    }
    case "unclear":
      return {
        ...suggestion,
        alternatives: suggestion.alternatives.map(cooled),
        notes: [...suggestion.notes, whyCooldown],
      };
    case "nothing":
      return suggestion;
  }
}
