import { createHash } from "node:crypto";
import type { Row, Values } from "../azure/tables.ts";
import { type MethodKind, parseMethodKind } from "../methods/members.ts";
import type { Operation } from "../methods/method.ts";
import { type Digest, parseDigest } from "../model/digest.ts";
import { Failure } from "../model/failure.ts";
import { formatRepository, parseRepository, type Repository } from "../model/reference.ts";
import type { WatchId } from "./watch-id.ts";

/**
 * One import in the ledger. `pending`: waits for its turn. `running`: a method works on it. `done`: the target has the
 * digest, proven. `held`: waits for a person. `failed`: given up. `overtaken`: a floating tag moved on before this digest
 * was in; the newer one has an import of its own.
 */
export interface ImportRecord {
  readonly watch: WatchId;
  /** SHA-256 (hex) of source repository, tag, digest and target. */
  readonly key: string;
  readonly source: Repository;
  readonly tag: string;
  readonly digest: Digest;
  readonly target: Repository & { readonly tag: string };
  readonly state: ImportState;
  readonly method: MethodKind;
  /** `replace` only for tracked floating tags. */
  readonly existing: "keep" | "replace";
  readonly platforms: readonly string[];
  readonly credential?: string;
  /** Channels to tell when it ends. */
  readonly notify: readonly string[];
  /** Who asked: `watch`, or the caller of the HTTP API. */
  readonly requestedBy: string;
  /** When we first saw this tag with this digest. */
  readonly seenAt: Date;
  /** Counts completed hops; a message of an earlier hop is stale. */
  readonly hop: number;
  /** Starts of the method that ended in a transient failure. */
  readonly attempts: number;
  /** Set while a worker holds the row. It lapses by the storage service's clock, never by ours. */
  readonly lease?: string;
  readonly operation?: Operation;
  /** When the running operation is given up. */
  readonly deadline?: Date;
  readonly endedAt?: Date;
  /** Why it is held, failed or waiting. */
  readonly reason?: string;
  /** For a moved tag: the digest that the target keeps. */
  readonly previousDigest?: string;
  readonly link?: string;
}

export const importStates = ["pending", "running", "done", "held", "failed", "overtaken"] as const;

export type ImportState = (typeof importStates)[number];

export function isOpen({ state }: ImportRecord): boolean {
  return state === "pending" || state === "running";
}

/** The same image on the same way always has the same key, however often it is found. */
export function importKey(what: Pick<ImportRecord, "source" | "tag" | "digest" | "target">): string {
  const { target } = what;
  const parts = [
    formatRepository(what.source),
    what.tag,
    what.digest,
    `${formatRepository(target)}:${target.tag}`,
  ];
  return createHash("sha256").update(JSON.stringify(parts)).digest("hex");
}

/** The public id of an import: `group.name.key`. */
export function formatImportId({ watch, key }: Pick<ImportRecord, "watch" | "key">): string {
  return `${watch.group}.${watch.name}.${key}`;
}

/** Reads an import's id; undefined when it cannot be one. */
export function parseImportId(text: string): Pick<ImportRecord, "watch" | "key"> | undefined {
  const match = /^([a-z0-9-]{1,63})\.([a-z0-9-]{1,63})\.([0-9a-f]{64})$/.exec(text);
  if (match?.[1] === undefined || match[2] === undefined || match[3] === undefined) return undefined;
  return { watch: { group: match[1], name: match[2] }, key: match[3] };
}

/** Table columns of a record; its keys are not among them. */
export function toValues(record: ImportRecord): Values {
  return {
    source: formatRepository(record.source),
    tag: record.tag,
    digest: record.digest,
    target: formatRepository(record.target),
    targetTag: record.target.tag,
    state: record.state,
    method: record.method,
    existing: record.existing,
    platforms: record.platforms.join(","),
    notify: record.notify.join(","),
    requestedBy: record.requestedBy,
    seenAt: record.seenAt.toISOString(),
    hop: record.hop,
    attempts: record.attempts,
    ...(record.credential === undefined ? {} : { credential: record.credential }),
    ...(record.lease === undefined ? {} : { lease: record.lease }),
    ...(record.operation === undefined ? {} : { operation: JSON.stringify(record.operation) }),
    ...(record.deadline === undefined ? {} : { deadline: record.deadline.toISOString() }),
    ...(record.endedAt === undefined ? {} : { endedAt: record.endedAt.toISOString() }),
    ...(record.reason === undefined ? {} : { reason: record.reason.slice(0, 4000) }),
    ...(record.previousDigest === undefined ? {} : { previousDigest: record.previousDigest }),
    ...(record.link === undefined ? {} : { link: record.link }),
  };
}

/** Reads a ledger row. Throws `internal` when it is not one of ours: somebody edited the ledger. */
export function parseImportRecord(watch: WatchId, row: Row): ImportRecord {
  const text = (column: string): string => {
    const value = row.values[column];
    if (typeof value === "string") return value;
    throw new Failure(
      "internal",
      `ledger row ${row.partition}/${row.row}: column ${column} is missing or not text`,
    );
  };
  const optional = (column: string): string | undefined => {
    const value = row.values[column];
    return typeof value === "string" ? value : undefined;
  };
  const credential = optional("credential");
  const lease = optional("lease");
  const operation = optional("operation");
  const deadline = optional("deadline");
  const endedAt = optional("endedAt");
  const reason = optional("reason");
  const previousDigest = optional("previousDigest");
  const link = optional("link");
  return {
    watch,
    key: row.row,
    source: parseRepository(text("source")),
    tag: text("tag"),
    digest: parseDigest(text("digest")),
    target: { ...parseRepository(text("target")), tag: text("targetTag") },
    state: parseState(text("state")),
    method: parseMethodKind(text("method")),
    existing: text("existing") === "replace" ? "replace" : "keep",
    platforms: names(text("platforms")),
    notify: names(text("notify")),
    requestedBy: text("requestedBy"),
    seenAt: new Date(text("seenAt")),
    hop: Number(row.values.hop ?? 0),
    attempts: Number(row.values.attempts ?? 0),
    ...(credential === undefined ? {} : { credential }),
    ...(lease === undefined ? {} : { lease }),
    ...(operation === undefined ? {} : { operation: JSON.parse(operation) as Operation }),
    ...(deadline === undefined ? {} : { deadline: new Date(deadline) }),
    ...(endedAt === undefined ? {} : { endedAt: new Date(endedAt) }),
    ...(reason === undefined ? {} : { reason }),
    ...(previousDigest === undefined ? {} : { previousDigest }),
    ...(link === undefined ? {} : { link }),
  };
}

function parseState(text: string): ImportState {
  const state = importStates.find((each) => each === text);
  if (state !== undefined) return state;
  throw new Failure("internal", `the ledger has an import in the unknown state "${text}"`);
}

function names(text: string): string[] {
  return text === "" ? [] : text.split(",");
}
