import { z } from "zod";
import type { Row, Values } from "../azure/tables.ts";
import { decisionKinds } from "../gates/decision.ts";
import { noDemands } from "../gates/demands.ts";
import { parseMethodKind } from "../methods/members.ts";
import { isDigest, parseDigest } from "../model/digest.ts";
import { Failure } from "../model/failure.ts";
import { formatRepository, parseRepository } from "../model/reference.ts";
import { defaultHandling, referrerKinds } from "./handling.ts";
import { type ImportRecord, type ImportState, importStates } from "./import-record.ts";
import { keptTags, repair, repairs } from "./target-care.ts";
import type { WatchId } from "./watch-id.ts";

// Well under the 32 Ki characters that a column holds, and more than a reader's patience.
const maxReason = 4000;
const maxResults = 20;
const maxDecisions = 50;
const maxKept = 100;
// The rest of the 32 Ki is for what JSON makes longer than it is.
const maxList = 30_000;

/** Table columns of a record; its keys are not among them. */
export function toValues(record: ImportRecord): Values {
  const { target, operation, deadline, endedAt, startedAt, dueAt, reason, bytes } = record;
  return {
    source: formatRepository(record.source),
    tag: record.tag,
    digest: record.digest,
    target: formatRepository(target),
    state: record.state,
    method: record.method,
    existing: record.existing,
    platforms: record.platforms.join(","),
    notify: record.notify.join(","),
    requestedBy: record.requestedBy,
    seenAt: record.seenAt.toISOString(),
    hop: record.hop,
    attempts: record.attempts,
    demands: JSON.stringify(record.demands),
    handling: JSON.stringify(record.handling),
    ...(record.gates.length === 0 ? {} : { gates: newest(record.gates.map(short), maxResults) }),
    ...(record.decisions.length === 0
      ? {}
      : { decisions: newest(record.decisions.map(short), maxDecisions) }),
    ...(record.operations.length === 0 ? {} : { operations: newest(record.operations, maxResults) }),
    ...(record.sighting === undefined ? {} : { sighting: JSON.stringify(record.sighting) }),
    ...(target.tag === undefined ? {} : { targetTag: target.tag }),
    ...(record.subject === undefined ? {} : { subject: record.subject }),
    ...(record.credential === undefined ? {} : { credential: record.credential }),
    ...(record.lease === undefined ? {} : { lease: record.lease }),
    ...(operation === undefined ? {} : { operation: JSON.stringify(operation) }),
    ...(deadline === undefined ? {} : { deadline: deadline.toISOString() }),
    ...(endedAt === undefined ? {} : { endedAt: endedAt.toISOString() }),
    ...(startedAt === undefined ? {} : { startedAt: startedAt.toISOString() }),
    ...(dueAt === undefined ? {} : { dueAt: dueAt.toISOString() }),
    ...(bytes === undefined ? {} : { bytes: JSON.stringify(bytes) }),
    ...(record.via === undefined ? {} : { via: record.via }),
    ...(record.why === undefined ? {} : { why: record.why.slice(0, maxReason) }),
    ...(reason === undefined ? {} : { reason: reason.slice(0, maxReason) }),
    ...(record.previousDigest === undefined ? {} : { previousDigest: record.previousDigest }),
    ...(record.link === undefined ? {} : { link: record.link }),
    ...(record.locked === undefined ? {} : { locked: record.locked }),
    ...(record.keptAs === undefined ? {} : { keptAs: newest(record.keptAs, maxKept) }),
    ...(record.repair === undefined ? {} : { repair: JSON.stringify(record.repair) }),
    ...(record.repairs === undefined ? {} : { repairs: newest(record.repairs, maxResults) }),
  };
}

/** As JSON, the last of a list that a column holds. */
function newest(list: readonly unknown[], most: number): string {
  let kept = list.slice(-most);
  for (;;) {
    const text = JSON.stringify(kept);
    if (text.length <= maxList || kept.length <= 1) return text;
    kept = kept.slice(1);
  }
}

function short<Told extends { readonly reason?: string }>(told: Told): Told {
  return told.reason === undefined ? told : { ...told, reason: told.reason.slice(0, 1000) };
}

/** Reads a ledger row. Throws `internal` when it is not one of ours: somebody edited the ledger. */
export function parseImportRecord(watch: WatchId, row: Row): ImportRecord {
  const optional = (column: string): string | undefined => {
    const value = row.values[column];
    return typeof value === "string" ? value : undefined;
  };
  const text = (column: string): string => optional(column) ?? bad(column, "missing or not text");
  const json = <T>(column: string, schema: z.ZodType<T>): T | undefined => {
    const value = optional(column);
    if (value === undefined) return undefined;
    try {
      return schema.parse(JSON.parse(value));
    } catch {
      return bad(column, "not what Wharfgate writes there");
    }
  };
  const bad = (column: string, what: string): never => {
    throw new Failure("internal", `ledger row ${row.partition}/${row.row}: column ${column} is ${what}`);
  };
  const date = (column: string): Date | undefined => {
    const value = optional(column);
    if (value === undefined) return undefined;
    const moment = new Date(value);
    return Number.isNaN(moment.getTime()) ? bad(column, "not a time") : moment;
  };
  const count = (column: string): number => {
    const value = Number(row.values[column] ?? 0);
    return Number.isSafeInteger(value) && value >= 0 ? value : bad(column, "not a count");
  };
  const target = parseRepository(text("target"));
  const optionals = {
    sighting: json("sighting", sighting),
    subject: digestOrNone(optional("subject")),
    credential: optional("credential"),
    lease: optional("lease"),
    operation: json("operation", operation),
    deadline: date("deadline"),
    endedAt: date("endedAt"),
    startedAt: date("startedAt"),
    dueAt: date("dueAt"),
    bytes: json("bytes", bytesMoved),
    via: optional("via"),
    why: optional("why"),
    reason: optional("reason"),
    previousDigest: optional("previousDigest"),
    link: optional("link"),
    locked: keeperOf(optional("locked")),
    keptAs: json("keptAs", keptTags),
    repair: json("repair", repair),
    repairs: json("repairs", repairs),
  };
  const targetTag = optional("targetTag");
  return {
    watch,
    key: row.row,
    source: parseRepository(text("source")),
    tag: text("tag"),
    digest: parseDigest(text("digest")),
    target: { ...target, ...(targetTag === undefined ? {} : { tag: targetTag }) },
    state: parseState(text("state")),
    method: parseMethodKind(text("method")),
    existing: text("existing") === "replace" ? "replace" : "keep",
    platforms: names(text("platforms")),
    notify: names(text("notify")),
    requestedBy: text("requestedBy"),
    seenAt: date("seenAt") ?? bad("seenAt", "missing or not text"),
    hop: count("hop"),
    attempts: count("attempts"),
    // Rows of version 0.2 have none of these.
    demands: json("demands", demands) ?? noDemands,
    handling: { ...defaultHandling, ...json("handling", handling) },
    gates: json("gates", z.array(gateResult)) ?? [],
    decisions: json("decisions", z.array(decision)) ?? [],
    operations: json("operations", z.array(z.string())) ?? [],
    ...present(optionals),
  };
}

const digest = z.string().refine(isDigest);
const isoDate = z.iso.datetime().transform((value) => new Date(value));
const operation = z.record(z.string(), z.union([z.string(), z.number()]));
const bytesMoved = z
  .object({ moved: z.number(), of: z.number().optional(), perSecond: z.number().optional() })
  .transform(({ moved, ...rest }) => ({ moved, ...present(rest) }));
const cooldown = z.object({ minutes: z.number(), first: z.enum(["exempt", "strict"]) });
const sighting = z
  .object({
    by: z.enum(["first", "later", "asked"]),
    major: z.string().optional(),
    named: z.literal("digest").optional(),
  })
  .transform(({ by, ...rest }) => ({ by, ...present(rest) }));
const demands = z
  .object({
    pin: z.union([z.literal("unlisted"), digest]).optional(),
    cooldown: cooldown.optional(),
    approval: z.enum(["always", "major"]).optional(),
    verify: z.array(z.string()),
  })
  .transform(({ verify, ...rest }) => ({ verify, ...present(rest) }));
const handling = z
  .object({
    referrers: z.array(z.enum(referrerKinds)),
    platforms: z.enum(["demanded", "only"]),
    nondistributable: z.enum(["leave", "bring"]),
    lock: z.enum(["open", "locked"]),
    previous: z.enum(["drop", "keep"]),
    drift: z.enum(["report", "repair"]),
    site: z.string().optional(),
  })
  .transform(({ site, ...rest }) => ({ ...rest, ...(site !== undefined && { site }) }));
const gateResult = z
  .object({
    gate: z.string(),
    verdict: z.enum(["passed", "waiting", "denied"]),
    reason: z.string(),
    at: isoDate,
    on: z.enum(["time", "person"]).optional(),
  })
  .transform(({ on, ...rest }) => ({ ...rest, ...(on !== undefined && { on }) }));
const decision = z
  .object({ kind: z.enum(decisionKinds), by: z.string(), at: isoDate, reason: z.string().optional() })
  .transform(({ reason, ...rest }) => ({ ...rest, ...(reason !== undefined && { reason }) }));

type Present<T> = { readonly [Key in keyof T]?: Exclude<T[Key], undefined> };

/** Without the properties that are undefined. */
function present<T extends object>(values: T): Present<T> {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined)) as Present<T>;
}

function digestOrNone(text: string | undefined) {
  return text === undefined ? undefined : parseDigest(text);
}

function keeperOf(text: string | undefined): ImportRecord["locked"] {
  return text === "registry" || text === "ledger" ? text : undefined;
}

function parseState(text: string): ImportState {
  const state = importStates.find((each) => each === text);
  if (state !== undefined) return state;
  throw new Failure("internal", `the ledger has an import in the unknown state "${text}"`);
}

function names(text: string): string[] {
  return text === "" ? [] : text.split(",");
}
