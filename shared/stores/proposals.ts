import type { Row, Table, Values, Write } from "../azure/tables.ts";
import { type KeptItem, keepRules, type Proposal, type ProposalItem } from "../documents/proposal.ts";
import { parseWatchKey, watchKey } from "../documents/watch-id.ts";
import { inBatches } from "../model/batches.ts";
import { type Digest, parseDigest } from "../model/digest.ts";
import { formatRepository, parseRepository } from "../model/reference.ts";
import { readTextColumns, textColumns } from "./text-columns.ts";

export interface ProposalEntry {
  readonly proposal: Proposal;
  readonly etag: string;
  /** Milliseconds since its head was last written. */
  readonly ageMs: number;
  /** Another worker applies it at this moment; by the storage service's clock. */
  readonly lease: "none" | "held";
}

/** Table `proposals`: partition = proposal; rows `head`, `item~…` and `kept~…`. */
export interface Proposals {
  /** The head comes last: a proposal that was not written whole is none. */
  add(
    proposal: Proposal,
    parts: { readonly items: readonly ProposalItem[]; readonly kept: readonly KeptItem[] },
    signal: AbortSignal,
  ): Promise<void>;
  get(id: string, signal: AbortSignal): Promise<ProposalEntry | undefined>;
  /** Writes over the version that was read; `conflict` when it is stale. `worker` takes the lease; without it there is none. */
  update(
    entry: Pick<ProposalEntry, "etag">,
    next: Proposal,
    options: { readonly signal: AbortSignal; readonly worker?: string },
  ): Promise<string>;
  items(id: string, signal: AbortSignal): Promise<readonly ProposalItem[]>;
  kept(id: string, signal: AbortSignal): Promise<readonly KeptItem[]>;
  putItems(id: string, items: readonly ProposalItem[], signal: AbortSignal): Promise<void>;
  /** Those that are being applied: a scan, for the sweep. */
  applying(signal: AbortSignal): Promise<readonly ProposalEntry[]>;
  /** Newest first: a scan. */
  all(signal: AbortSignal): Promise<readonly ProposalEntry[]>;
}

const head = "head";
const itemPrefix = "item~";
const keptPrefix = "kept~";

export function createProposals(table: Table, { leaseMs }: { readonly leaseMs: number }): Proposals {
  const toEntry = (row: Row): ProposalEntry => ({
    proposal: toProposal(row),
    etag: row.etag,
    ageMs: row.ageMs,
    lease: row.values.worker !== undefined && row.ageMs < leaseMs ? "held" : "none",
  });
  return {
    add: async (proposal, { items, kept }, signal) => {
      const partition = proposal.id;
      const writes = [
        ...items.map((item): Write => insertion(partition, itemRow(item.number), itemValues(item))),
        ...kept.map((each, at): Write => insertion(partition, `${keptPrefix}${padded(at)}`, { ...each })),
      ];
      for (const batch of inBatches(writes, 100)) await table.transact(batch, signal);
      await table.insert({ partition, row: head }, headValues(proposal), signal);
    },
    get: async (id, signal) => {
      const row = await table.get({ partition: id, row: head }, signal);
      return row && toEntry(row);
    },
    update: ({ etag }, next, { signal, worker }) =>
      table.replace(
        { partition: next.id, row: head, etag },
        { ...headValues(next), ...(worker !== undefined && { worker }) },
        signal,
      ),
    items: async (id, signal) => {
      const found: ProposalItem[] = [];
      const range = { partition: id, from: itemPrefix, to: `${itemPrefix}~` };
      for await (const row of table.query(range, signal)) found.push(toItem(row));
      return found;
    },
    kept: async (id, signal) => {
      const found: KeptItem[] = [];
      const range = { partition: id, from: keptPrefix, to: `${keptPrefix}~` };
      for await (const { values } of table.query(range, signal)) found.push(toKept(values));
      return found;
    },
    putItems: async (id, items, signal) => {
      for (const item of items)
        await table.upsert({ partition: id, row: itemRow(item.number) }, itemValues(item), signal);
    },
    applying: async (signal) => {
      const found: ProposalEntry[] = [];
      for await (const row of table.scan("state eq 'applying'", signal)) found.push(toEntry(row));
      return found;
    },
    all: async (signal) => {
      const found: ProposalEntry[] = [];
      for await (const row of table.scan(`RowKey eq '${head}'`, signal)) found.push(toEntry(row));
      return found.sort((a, b) => b.proposal.id.localeCompare(a.proposal.id));
    },
  };
}

function insertion(partition: string, row: string, values: Values): Write {
  return { kind: "insert", key: { partition, row }, values };
}

function itemRow(number: number): string {
  return `${itemPrefix}${padded(number)}`;
}

function padded(number: number): string {
  return String(number).padStart(6, "0");
}

function headValues({ at, appliedAt, endedAt, notes, ...rest }: Proposal): Values {
  return {
    ...rest,
    at: at.toISOString(),
    ...textColumns("notes", notes.length === 0 ? "" : JSON.stringify(notes)),
    ...(appliedAt && { appliedAt: appliedAt.toISOString() }),
    ...(endedAt && { endedAt: endedAt.toISOString() }),
  };
}

function toProposal({ partition, values }: Row): Proposal {
  const { state, appliedBy, appliedAt, endedAt } = values;
  const notes = readTextColumns("notes", values);
  return {
    id: partition,
    at: new Date(String(values.at)),
    by: String(values.by),
    scope: String(values.scope),
    state: state === "applying" || state === "applied" ? state : "proposed",
    items: Number(values.items),
    bytes: Number(values.bytes),
    followed: Number(values.followed),
    notes: notes === "" ? [] : (JSON.parse(notes) as string[]),
    ...(appliedBy !== undefined && { appliedBy: String(appliedBy) }),
    ...(appliedAt !== undefined && { appliedAt: new Date(String(appliedAt)) }),
    ...(endedAt !== undefined && { endedAt: new Date(String(endedAt)) }),
  };
}

function itemValues(item: ProposalItem): Values {
  const { watch, key, kind, target, digest, manifests, bytes, reason, outcome, why } = item;
  return {
    watch: watchKey(watch),
    key,
    kind,
    target: formatRepository(target),
    ...(target.tag !== undefined && { tag: target.tag }),
    digest,
    ...textColumns("manifests", manifests.join(" ")),
    bytes,
    reason,
    ...(outcome !== undefined && { outcome }),
    ...(why !== undefined && { why: why.slice(0, 4000) }),
  };
}

const outcomes = ["removing", "removed", "skipped", "failed"] as const;

function toItem({ row, values }: Row): ProposalItem {
  const { kind, tag, why } = values;
  const outcome = outcomes.find((each) => each === values.outcome);
  return {
    number: Number(row.slice(itemPrefix.length)),
    watch: parseWatchKey(String(values.watch)),
    key: String(values.key),
    kind: kind === "dated" || kind === "digest" ? kind : "tag",
    target: { ...parseRepository(String(values.target)), ...(tag !== undefined && { tag: String(tag) }) },
    digest: parseDigest(String(values.digest)),
    manifests: readTextColumns("manifests", values)
      .split(" ")
      .filter((text) => text !== "")
      .map((text): Digest => parseDigest(text)),
    bytes: Number(values.bytes),
    reason: String(values.reason),
    ...(outcome !== undefined && { outcome }),
    ...(why !== undefined && { why: String(why) }),
  };
}

function toKept(values: Values): KeptItem {
  return {
    target: String(values.target),
    digest: String(values.digest),
    rule: keepRules.find((each) => each === values.rule) ?? "in-use",
    reason: String(values.reason),
  };
}
