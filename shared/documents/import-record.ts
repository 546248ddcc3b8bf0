import { createHash } from "node:crypto";
import type { Decision } from "../gates/decision.ts";
import type { Demands, Sighting } from "../gates/demands.ts";
import type { GateResult } from "../gates/gate.ts";
import type { MethodKind } from "../methods/members.ts";
import type { Operation } from "../methods/method.ts";
import type { Digest } from "../model/digest.ts";
import { formatReference, formatRepository, type Repository } from "../model/reference.ts";
import type { Handling } from "./handling.ts";
import type { KeptTag, Repair } from "./target-care.ts";
import { formatWatchId, manualWatch, type WatchId } from "./watch-id.ts";

/**
 * One import in the ledger. `pending`: waits for its turn. `waiting`: a gate is not open yet. `running`: a method works on it.
 * `done`: the target has the digest, proven. `held`: a tag has moved, which a person accepts or refuses. `denied`: by a gate,
 * or refused by a person. `failed`: given up. `overtaken`: the tag moved on before this digest was in; the newer one has an
 * import of its own. `removed`: it was in, and retention has taken it away.
 */
export interface ImportRecord {
  readonly watch: WatchId;
  /** SHA-256 (hex) of source repository, tag, digest and target. */
  readonly key: string;
  readonly source: Repository;
  readonly tag: string;
  readonly digest: Digest;
  /** Without a tag: the manifest stands there by its digest alone, as referrers do. */
  readonly target: Repository & { readonly tag?: string };
  /** For a referrer: the image that it refers to. It comes in after that one, and no gate is asked. */
  readonly subject?: Digest;
  readonly state: ImportState;
  readonly method: MethodKind;
  readonly handling: Handling;
  /** What the watch demanded when the tag was found. */
  readonly demands: Demands;
  /** What the gates said when they were last asked, in order. */
  readonly gates: readonly GateResult[];
  /** What people decided, oldest first. They outlast a new try of the same digest. */
  readonly decisions: readonly Decision[];
  /** `replace` only for tracked floating tags, for moved ones that somebody accepted, and for repairs. */
  readonly existing: "keep" | "replace";
  readonly platforms: readonly string[];
  readonly credential?: string;
  /** Channels to tell when it ends. */
  readonly notify: readonly string[];
  /** Who asked: `watch`, or the caller of the HTTP API. */
  readonly requestedBy: string;
  /** When we first saw this tag with this digest. */
  readonly seenAt: Date;
  /** How we came to see it; absent: by a poll, and of no new major version. */
  readonly sighting?: Sighting;
  /** Counts completed hops; a message of an earlier hop is stale. */
  readonly hop: number;
  /** Starts of the method that ended in a transient failure. */
  readonly attempts: number;
  /** Set while a worker holds the row. It lapses by the storage service's clock, never by ours. */
  readonly lease?: string;
  readonly operation?: Operation;
  /** Ids of all operations that worked on it, such as a run's, with their method; for the evidence. */
  readonly operations: readonly string[];
  /** When the method was first started. */
  readonly startedAt?: Date;
  /** Bytes moved so far and, where it is known, to move, and a second. */
  readonly bytes?: { readonly moved: number; readonly of?: number; readonly perSecond?: number };
  /** The method that does the work where `method` chose another one, and why. */
  readonly via?: string;
  readonly why?: string;
  /** While it waits at a gate, or for a receipt: when it will be looked at again. */
  readonly dueAt?: Date;
  /** When the running operation is given up. */
  readonly deadline?: Date;
  readonly endedAt?: Date;
  /** Why it is held, failed or waiting. */
  readonly reason?: string;
  /** For a moved tag: the digest that the target keeps. */
  readonly previousDigest?: string;
  /** Who keeps the tag from being changed: the registry, or Wharfgate alone where the registry has no locks. */
  readonly locked?: "registry" | "ledger";
  /** What the tag had before and the target keeps under dated tags; oldest first. */
  readonly keptAs?: readonly KeptTag[];
  /** It mends its tag at the target. */
  readonly repair?: Repair;
  /** When the tag was mended before, the latest few. */
  readonly repairs?: readonly Date[];
  readonly link?: string;
}

export const importStates = [
  "pending",
  "waiting",
  "running",
  "done",
  "held",
  "denied",
  "failed",
  "overtaken",
  "removed",
] as const;

export type ImportState = (typeof importStates)[number];

export function isOpen({ state }: ImportRecord): boolean {
  return state === "pending" || state === "waiting" || state === "running";
}

/** An import that ended and is asked for again: first sight and people's decisions stay, whatever it was before. */
export function openedAgain(before: ImportRecord, next: ImportRecord): ImportRecord {
  const { sighting: _, ...opened } = next;
  const { seenAt, sighting, decisions, keptAs, repairs } = before;
  return {
    ...opened,
    seenAt,
    decisions,
    ...(sighting && { sighting }),
    ...(keptAs && { keptAs }),
    ...(repairs && { repairs }),
    hop: before.hop + 1,
  };
}

/** The disconnected site that it goes to, in a file; undefined for what goes to the target itself. */
export function siteOf({
  method,
  handling,
}: {
  readonly method: MethodKind;
  readonly handling: Handling;
}): string | undefined {
  return method === "bundle" ? handling.site : undefined;
}

/** The same image on the same way always has the same key, however often it is found; each site is a way of its own. */
export function importKey(
  what: Pick<ImportRecord, "source" | "tag" | "digest" | "target"> & { readonly site?: string | undefined },
): string {
  const parts = [
    formatRepository(what.source),
    what.tag,
    what.digest,
    formatReference({ host: what.target.host, path: what.target.path, tag: what.target.tag ?? "" }),
    ...(what.site === undefined ? [] : [what.site]),
  ];
  return createHash("sha256").update(JSON.stringify(parts)).digest("hex");
}

/** Where it stands at the target, by its tag or by its digest alone. */
export function targetNameOf({ target, digest }: Pick<ImportRecord, "target" | "digest">): string {
  return formatReference(target.tag === undefined ? { ...target, digest } : target);
}

/** Where it was found. What is found as a referrer has no tag upstream but cosign's. */
export function sourceNameOf({
  source,
  tag,
  digest,
  target,
}: Pick<ImportRecord, "source" | "tag" | "digest" | "target">): string {
  return formatReference(target.tag === undefined ? { ...source, digest } : { ...source, tag });
}

/** The public id of an import: `group.name.key`. */
export function formatImportId({ watch, key }: Pick<ImportRecord, "watch" | "key">): string {
  return `${watch.group}.${watch.name}.${key}`;
}

/** `group/name:tag`, or `manual:tag`: how people name an import where no other has the same. */
export function shortName({ watch, tag }: Pick<ImportRecord, "watch" | "tag">): string {
  return `${watch.group === manualWatch.group ? manualWatch.group : formatWatchId(watch)}:${tag}`;
}

/** Reads an import's id; undefined when it cannot be one. */
export function parseImportId(text: string): Pick<ImportRecord, "watch" | "key"> | undefined {
  const match = /^([a-z0-9-]{1,63})\.([a-z0-9-]{1,63})\.([0-9a-f]{64})$/.exec(text);
  if (match?.[1] === undefined || match[2] === undefined || match[3] === undefined) return undefined;
  return { watch: { group: match[1], name: match[2] }, key: match[3] };
}
