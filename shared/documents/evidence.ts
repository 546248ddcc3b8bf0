import { z } from "zod";
import { decisionKinds } from "../gates/decision.ts";
import { isDigest } from "../model/digest.ts";
import { Failure } from "../model/failure.ts";
import { formatRepository } from "../model/reference.ts";
import { formatImportId, type ImportRecord } from "./import-record.ts";
import type { Repair } from "./target-care.ts";
import { formatWatchId, manualWatch } from "./watch-id.ts";

const digest = z.string().refine(isDigest, "no digest");
const time = z.iso.datetime();
const bytes = z.number().min(0);

/**
 * What an auditor is told of one import: JSON, one row in the table `evidence`, one line of an export, the predicate of an
 * attestation. Fields: docs/evidence.md. Nothing in it is secret.
 */
const evidence = z.object({
  version: z.literal(1),
  /** `removed`: it was in, and retention has taken it away. */
  outcome: z.enum(["done", "denied", "removed"]),
  import: z.string(),
  hop: z.int(),
  watch: z.string(),
  source: z.string(),
  tag: z.string(),
  digest,
  target: z.string(),
  targetTag: z.string().optional(),
  subject: digest.optional(),
  /** The digest that a HEAD at the target gave, or that a site's receipt tells of. `present`: it was there before Wharfgate did anything. */
  proof: z
    .object({
      digest,
      at: time,
      by: z.string(),
      was: z.enum(["imported", "present"]),
      receipt: z.string().optional(),
    })
    .optional(),
  site: z.string().optional(),
  previousDigest: digest.optional(),
  keptAs: z.array(z.object({ tag: z.string(), digest, at: time })).optional(),
  repaired: z
    .object({ kind: z.enum(["gone", "overwritten", "incomplete"]), found: digest.optional() })
    .optional(),
  locked: z.enum(["registry", "ledger"]).optional(),
  method: z.string(),
  via: z.string().optional(),
  why: z.string().optional(),
  operations: z.array(z.string()),
  requestedBy: z.string(),
  platforms: z.array(z.string()),
  onlyPlatforms: z.boolean(),
  gates: z.array(
    z.object({
      gate: z.string(),
      verdict: z.enum(["passed", "waiting", "denied"]),
      reason: z.string(),
      at: time,
    }),
  ),
  decisions: z.array(
    z.object({ kind: z.enum(decisionKinds), by: z.string(), at: time, reason: z.string().optional() }),
  ),
  seenAt: time,
  startedAt: time.optional(),
  endedAt: time,
  bytes: z.object({ moved: bytes, of: bytes.optional() }).optional(),
  reason: z.string().optional(),
  link: z.string().optional(),
  app: z.string(),
});

type DeepReadonly<T> = T extends string | number | boolean | undefined
  ? T
  : T extends readonly (infer Item)[]
    ? readonly DeepReadonly<Item>[]
    : { readonly [Key in keyof T]: DeepReadonly<T[Key]> };

export type Evidence = DeepReadonly<z.infer<typeof evidence>>;

/** The states in which an import leaves evidence; undefined for those that have brought nothing in, nor kept it out. */
export function evidentOutcome(state: ImportRecord["state"]): Evidence["outcome"] | undefined {
  return state === "done" || state === "denied" || state === "removed" ? state : undefined;
}

// A reader's patience, and the million bytes that a row may have.
const longest = 4000;

/** The evidence of an import that has just ended. `was`: what the digest proof found, for one that is done. */
export function evidenceOf(
  record: ImportRecord,
  {
    outcome,
    app,
    was,
    receipt,
    repair,
  }: {
    readonly outcome: Evidence["outcome"];
    readonly app: string;
    readonly was?: "imported" | "present";
    /** Id of the site's receipt that proves it, where nobody here can ask the target. */
    readonly receipt?: string | undefined;
    /** What was wrong at the target, where this import has mended it. */
    readonly repair?: Repair | undefined;
  },
): Evidence {
  const {
    watch,
    target,
    endedAt = record.seenAt,
    startedAt,
    via,
    why,
    bytes,
    reason,
    handling,
    previousDigest,
    keptAs,
  } = record;
  const link = bareLink(record.link);
  const manual = watch.group === manualWatch.group;
  const at = endedAt.toISOString();
  const { site } = handling;
  const by =
    receipt === undefined
      ? `HEAD at ${target.host} by Wharfgate ${app}`
      : `receipt ${receipt} of the site ${site}, verified by Wharfgate ${app}`;
  return {
    version: 1,
    outcome,
    import: formatImportId(record),
    hop: record.hop,
    watch: manual ? manualWatch.group : formatWatchId(watch),
    source: formatRepository(record.source),
    tag: record.tag,
    digest: record.digest,
    target: formatRepository(target),
    ...(target.tag !== undefined && { targetTag: target.tag }),
    ...(record.subject !== undefined && { subject: record.subject }),
    ...(was !== undefined && {
      proof: { digest: record.digest, at, by, was, ...(receipt !== undefined && { receipt }) },
    }),
    ...(site !== undefined && { site }),
    ...(previousDigest !== undefined && isDigest(previousDigest) && { previousDigest }),
    ...(keptAs && { keptAs: keptAs.map((kept) => ({ ...kept, at: kept.at.toISOString() })) }),
    ...(repair && {
      repaired: { kind: repair.kind, ...(repair.found !== undefined && { found: repair.found }) },
    }),
    ...(record.locked !== undefined && { locked: record.locked }),
    method: record.method,
    ...(via !== undefined && { via }),
    ...(why !== undefined && { why: why.slice(0, longest) }),
    operations: record.operations,
    requestedBy: record.requestedBy,
    platforms: record.platforms,
    onlyPlatforms: handling.platforms === "only",
    gates: record.gates.map(({ at: when, reason: told, ...rest }) => ({
      ...rest,
      at: when.toISOString(),
      reason: told.slice(0, longest),
    })),
    decisions: record.decisions.map(({ at: when, reason: told, ...rest }) => ({
      ...rest,
      at: when.toISOString(),
      ...(told !== undefined && { reason: told.slice(0, longest) }),
    })),
    seenAt: record.seenAt.toISOString(),
    ...(startedAt && { startedAt: startedAt.toISOString() }),
    endedAt: at,
    ...(bytes && { bytes }),
    ...(reason !== undefined && { reason: reason.slice(0, longest) }),
    ...(link !== undefined && { link }),
    app,
  };
}

/** Without user name, password and query, any of which may be a secret that outlives its use here. */
function bareLink(text: string | undefined): string | undefined {
  const url = text === undefined ? null : URL.parse(text);
  return url === null ? undefined : `${url.protocol}//${url.host}${url.pathname}${url.hash}`;
}

/** One line of JSON. */
export function writeEvidence(document: Evidence): string {
  return JSON.stringify(document);
}

/** Throws `protocol`, naming the first field that is wrong. */
export function parseEvidence(value: unknown): Evidence {
  const result = evidence.safeParse(value);
  if (result.success) return result.data;
  const issue = result.error.issues[0];
  throw new Failure(
    "protocol",
    `This is not evidence of an import: ${issue?.path.join(".") || "the whole"}: ${issue?.message ?? "unknown shape"}`,
  );
}

/** Where it went: `registry.example/mirror/app:1.0.0`, by digest where it stands there without a tag. */
export function targetOf({ target, targetTag, digest }: Evidence): string {
  return targetTag === undefined ? `${target}@${digest}` : `${target}:${targetTag}`;
}

/** What came: `docker.io/library/app:1.0.0`. */
export function sourceOf({ source, tag }: Evidence): string {
  return `${source}:${tag}`;
}
