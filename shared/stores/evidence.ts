import { createHash } from "node:crypto";
import { quoted, type Row, type Table } from "../azure/tables.ts";
import { type Evidence, parseEvidence, writeEvidence } from "../documents/evidence.ts";
import type { Digest } from "../model/digest.ts";
import { formatRepository, type Repository } from "../model/reference.ts";
import { readTextColumns, textColumns } from "./text-columns.ts";

export interface EvidenceFilter {
  /** Ended at this moment or later. */
  readonly since?: Date;
  /** `group/name`, or `manual`. */
  readonly watch?: string;
}

/** A place in the order of all rows. */
export interface EvidencePlace {
  readonly partition: string;
  readonly row: string;
}

export interface PlacedEvidence {
  readonly place: EvidencePlace;
  readonly evidence: Evidence;
}

/**
 * Table `evidence`: partition = SHA-256 of the target repository, row = tag, first sight, import, hop and outcome. Rows are
 * added and never changed: the repeat of a hop finds the row of its first try, and leaves it.
 */
export interface EvidenceStore {
  add(evidence: Evidence, signal: AbortSignal): Promise<void>;
  /** All that went the same way: the history of the same tag, or what refers to the same image. */
  beside(evidence: Evidence, signal: AbortSignal): AsyncIterable<Evidence>;
  /** A tag's whole history, by one query of a range in one partition. */
  ofTag(repository: Repository, tag: string, signal: AbortSignal): AsyncIterable<Evidence>;
  /** What refers to an image, by one query of a range in one partition. */
  referrersOf(repository: Repository, subject: Digest, signal: AbortSignal): AsyncIterable<Evidence>;
  /** By one query of the repository's partition. */
  ofDigest(repository: Repository, digest: Digest, signal: AbortSignal): AsyncIterable<Evidence>;
  /** A digest anywhere: a scan of the table. */
  anywhere(digest: Digest, signal: AbortSignal): AsyncIterable<Evidence>;
  /** Everything, in an order that never changes, from behind a place on: a scan, page by page. */
  all(
    filter: EvidenceFilter,
    options: { readonly after?: EvidencePlace; readonly signal: AbortSignal },
  ): AsyncIterable<PlacedEvidence>;
}

export function createEvidenceStore(table: Table): EvidenceStore {
  async function* read(rows: AsyncIterable<Row>): AsyncGenerator<Evidence> {
    for await (const row of rows) yield toEvidence(row);
  }
  const range = (partition: string, start: string, signal: AbortSignal) =>
    read(table.query({ partition, from: `${start}~`, to: `${start}~~` }, signal));

  return {
    add: async (evidence, signal) => {
      const { outcome, watch, digest, endedAt } = evidence;
      const columns = {
        outcome,
        watch,
        digest,
        endedAt,
        ...textColumns("evidence", writeEvidence(evidence)),
      };
      await table.insert({ partition: partitionOf(evidence.target), row: rowOf(evidence) }, columns, signal);
    },
    beside: (evidence, signal) => range(partitionOf(evidence.target), placeOf(evidence), signal),
    ofTag: async function* (repository, tag, signal) {
      const partition = partitionOf(formatRepository(repository));
      yield* range(partition, tag, signal);
      const subject = subjectOf(tag);
      if (subject === undefined) return;
      for await (const each of range(partition, `@${subject}`, signal))
        if (each.targetTag === tag) yield each;
    },
    referrersOf: (repository, subject, signal) =>
      range(partitionOf(formatRepository(repository)), `@${subject}`, signal),
    ofDigest: (repository, digest, signal) => {
      const partition = partitionOf(formatRepository(repository));
      return read(table.scan(`PartitionKey eq ${quoted(partition)} and digest eq ${quoted(digest)}`, signal));
    },
    anywhere: (digest, signal) => read(table.scan(`digest eq ${quoted(digest)}`, signal)),
    all: async function* ({ since, watch }, { after, signal }) {
      const wanted = [
        ...(since === undefined ? [] : [`endedAt ge ${quoted(since.toISOString())}`]),
        ...(watch === undefined ? [] : [`watch eq ${quoted(watch)}`]),
      ];
      const ranges =
        after === undefined
          ? [[]]
          : [
              [`PartitionKey eq ${quoted(after.partition)}`, `RowKey gt ${quoted(after.row)}`],
              [`PartitionKey gt ${quoted(after.partition)}`],
            ];
      for (const bounds of ranges) {
        for await (const row of table.scan([...bounds, ...wanted].join(" and "), signal))
          yield { place: { partition: row.partition, row: row.row }, evidence: toEvidence(row) };
      }
    },
  };
}

// A table key may hold no slash.
function partitionOf(target: string): string {
  return createHash("sha256").update(target).digest("hex");
}

function rowOf(evidence: Evidence): string {
  const { subject, seenAt, import: id, hop, outcome } = evidence;
  const key = id.slice(id.lastIndexOf(".") + 1);
  // A referrer that is turned down has been in no ledger yet: a repeat sees it for the first time again.
  const seen = subject === undefined ? [seenAt] : [];
  return [placeOf(evidence), ...seen, key, String(hop).padStart(6, "0"), outcome].join("~");
}

/** Referrers stand by what they refer to, with or without a tag. `~` is in no tag and no digest, and sorts after all that is. */
function placeOf({ targetTag, subject, digest }: Evidence): string {
  return subject === undefined ? (targetTag ?? `@${digest}`) : `@${subject}`;
}

/** What cosign's tags such as `sha256-<hex>.sig` refer to. */
function subjectOf(tag: string): string | undefined {
  const hex = /^sha256-([0-9a-f]{64})(?:\.|$)/.exec(tag)?.[1];
  return hex === undefined ? undefined : `sha256:${hex}`;
}

function toEvidence(row: Row): Evidence {
  return parseEvidence(JSON.parse(readTextColumns("evidence", row.values)));
}
