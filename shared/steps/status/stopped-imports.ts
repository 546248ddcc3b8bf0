import { formatImportId, type ImportRecord, shortName, sourceNameOf } from "../../documents/import-record.ts";
import { lastDecision } from "../../gates/decision.ts";

/** An import that does not go on by itself, or not yet. `reason` ends in the next step. */
export interface StoppedImport {
  readonly importId: string;
  /** As people name it to decide about it: `group/name:tag`. */
  readonly name: string;
  readonly state: "waiting" | "held" | "denied" | "failed";
  /** `person`: nothing becomes of it before somebody does something. `time`: it goes on by itself. */
  readonly on: "person" | "time";
  readonly source: string;
  readonly digest: string;
  readonly reason: string;
  readonly since: string;
  /** For one that waits: when it is looked at again by itself. */
  readonly dueAt?: string;
}

export interface StoppedImports {
  /** Newest first, 50 at most; what was held or denied, or has failed, for a week. */
  readonly stopped: readonly StoppedImport[];
  /** A sentence for each that needs a person. */
  readonly attention: readonly string[];
}

// What nobody has looked at for a week is history: it stays in the lists.
const attentionMs = 7 * 24 * 3_600_000;
const mostNamed = 5;
const mostListed = 50;

/** Pure: what stands still of all imports, and what of it needs a person. */
export function collectStopped(now: Date): {
  add(record: ImportRecord): void;
  end(): StoppedImports;
} {
  const stopped: ImportRecord[] = [];
  return {
    add(record) {
      const { state } = record;
      const ended = state === "held" || state === "denied" || state === "failed";
      if (ended && now.getTime() - sinceOf(record).getTime() >= attentionMs) return;
      // What a person turned down needs nobody any more.
      const refused = lastDecision(record.decisions, "refuse") !== undefined;
      if (state === "waiting" || (ended && !refused)) stopped.push(record);
    },
    end: () => {
      const all = newest(stopped).map(describe);
      return { stopped: all.slice(0, mostListed), attention: attentionOf(all) };
    },
  };
}

function newest(records: readonly ImportRecord[]): ImportRecord[] {
  return records.toSorted((a, b) => sinceOf(b).getTime() - sinceOf(a).getTime());
}

function sinceOf({ endedAt, gates, seenAt }: ImportRecord): Date {
  return endedAt ?? gates.at(-1)?.at ?? seenAt;
}

function describe(record: ImportRecord): StoppedImport {
  const { state, digest, reason = "", dueAt } = record;
  const name = shortName(record);
  const failed = state === "failed";
  return {
    importId: formatImportId(record),
    name,
    state: state === "held" || state === "denied" || failed ? state : "waiting",
    on: state === "waiting" ? (record.gates.at(-1)?.on ?? "time") : "person",
    source: sourceNameOf(record),
    digest,
    reason: failed
      ? `${reason}${/[.!?]$/.test(reason) ? "" : "."} Try it again: wharfgate retry ${name}`
      : reason,
    since: sinceOf(record).toISOString(),
    ...(dueAt && { dueAt: dueAt.toISOString() }),
  };
}

/** Pure: a sentence for each of the first few that need a person, and one for the rest. */
export function attentionOf(stopped: readonly StoppedImport[]): string[] {
  const pressing = stopped.filter(({ on }) => on === "person");
  const rest = pressing.slice(mostNamed);
  const states = [...new Set(rest.map(({ state }) => state))].sort();
  return [
    ...pressing
      .slice(0, mostNamed)
      .map(({ name, source, state, reason }) => `${name} (${source}) ${state}: ${reason}`),
    ...(rest.length > 0
      ? [
          `${rest.length} more ${states.join(" or ")}: list them by GET /api/imports?state=${states.join(" and ?state=")}`,
        ]
      : []),
  ];
}
