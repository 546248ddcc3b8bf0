import type { ImportRecord } from "../../documents/import-record.ts";
import { isOpen } from "../../documents/import-record.ts";
import type { Watch } from "../../documents/watch.ts";
import { formatWatchId, watchKey } from "../../documents/watch-id.ts";
import type { Digest } from "../../model/digest.ts";
import { Failure, toFailure } from "../../model/failure.ts";
import { formatReference, formatRepository, type Repository } from "../../model/reference.ts";
import type { Pattern } from "../../policies/pattern.ts";
import type { Registry } from "../../registry/registry.ts";
import type { Ledger } from "../../stores/ledger.ts";
import type { Locks, TargetLock } from "../../stores/locks.ts";
import type { Sites } from "../../stores/sites.ts";
import type { WatchState, WatchStates } from "../../stores/watch-states.ts";
import type { Watches } from "../../stores/watches.ts";
import type { Followed, KeepReason, Superseded } from "./removal-rules.ts";
import { whyItStays } from "./removal-rules.ts";

export interface ClaimPorts {
  readonly watches: Watches;
  readonly states: WatchStates;
  readonly ledger: Ledger;
  readonly locks: Locks;
  readonly openTarget: (host: string) => Registry;
  readonly targetHost: string;
  /** What the settings keep from removal. */
  readonly retained: readonly Pattern[];
  /** How long what came in is left alone, in milliseconds. */
  readonly graceMs: number;
  /** Whether a disconnected site has acknowledged an image. */
  readonly siteHas: (site: string, record: ImportRecord, signal: AbortSignal) => Promise<boolean>;
  readonly now: () => Date;
}

/** What everybody wants of the target, read once for a proposal or a step of its removal. */
export interface Claims {
  readonly watches: ReadonlyMap<string, Watch>;
  readonly followed: Followed;
  /** Finished and open imports, by repository at the target. */
  readonly byRepository: ReadonlyMap<string, readonly ImportRecord[]>;
  /** Watches of which nothing can be said, and why. */
  readonly notes: readonly string[];
}

/** Throws for a ledger that cannot be read whole: a row that is passed over might be a claim. */
export async function readClaims(ports: ClaimPorts, signal: AbortSignal): Promise<Claims> {
  const [rows, states] = await Promise.all([ports.watches.all(signal), ports.states.all(signal)]);
  const watches = new Map<string, Watch>();
  const followed = new Map<string, ReadonlyMap<string, string>>();
  const notes: string[] = [];
  for (const row of rows) {
    if (row.kind === "rejected") {
      notes.push(`${row.group}/${row.name} is passed over: its row cannot be read`);
      continue;
    }
    const { watch } = row;
    const state = states.get(`${watch.source.host} ${watchKey(watch)}`);
    watches.set(watchKey(watch), watch);
    const doubt = doubtOf(watch, state);
    if (state !== undefined && doubt === undefined) followed.set(watchKey(watch), state.known);
    else notes.push(`${formatWatchId(watch)} is passed over: ${doubt}`);
  }
  const byRepository = new Map<string, ImportRecord[]>();
  const unreadable: string[] = [];
  for await (const { record } of ports.ledger.all(signal, (row) => unreadable.push(row))) {
    if (record.target.host !== ports.targetHost || (record.state !== "done" && !isOpen(record))) continue;
    const repository = formatRepository(record.target);
    byRepository.set(repository, [...(byRepository.get(repository) ?? []), record]);
  }
  if (unreadable.length > 0)
    throw new Failure(
      "conflict",
      `${unreadable.length} rows of the ledger cannot be read, such as ${unreadable[0]}: nothing is proposed for removal until they are mended or deleted in the table images`,
    );
  return { watches, followed, byRepository, notes };
}

/** Why it cannot be told which tags a watch follows. */
function doubtOf({ revision }: Watch, state: WatchState | undefined): string | undefined {
  if (state === undefined) return "it has not been polled since its row was written";
  if (state.revision !== revision) return "it has not been polled since its row was changed";
  return state.unanswered === undefined ? undefined : "upstream has not told of all the tags that it follows";
}

/** Imports that stand there by their digest, and what is on its way: whatever they name stays. */
export function rootsOf(claims: readonly ImportRecord[]): readonly Digest[] {
  return claims.flatMap(({ target, digest, subject, state }) =>
    state !== "done" || (target.tag === undefined && subject === undefined) ? [digest] : [],
  );
}

/** Asks for locks and sites, and judges one superseded image by everything but what else names it. */
export async function judge(
  item: Superseded,
  {
    claims,
    locks,
    retained,
  }: {
    readonly claims: Claims;
    readonly locks: ReadonlyMap<string, TargetLock>;
    readonly retained: readonly Pattern[];
  },
  ports: ClaimPorts,
  signal: AbortSignal,
): Promise<KeepReason | undefined> {
  const { record, tag } = item;
  const watch = claims.watches.get(watchKey(record.watch));
  if (watch === undefined) return { rule: "wanted", reason: "its watch is gone or cannot be read" };
  const { site } = record.handling;
  return whyItStays(item, {
    watch,
    claims: claims.byRepository.get(formatRepository(record.target)) ?? [],
    followed: claims.followed,
    retained: [...ports.retained, ...retained],
    graceMs: ports.graceMs,
    lock: tag === undefined ? undefined : locks.get(tag),
    registryLock: await registryLock(record.target, item, ports, signal),
    site: site === undefined ? "none" : (await ports.siteHas(site, record, signal)) ? "arrived" : "awaited",
    now: ports.now(),
  });
}

/** By its receipts; one that it refused is still to come. */
export function siteHas(sites: Sites): ClaimPorts["siteHas"] {
  return async (site, { target, digest }, signal) => {
    const image = { repository: target.path, digest, ...(target.tag !== undefined && { tag: target.tag }) };
    const told = await sites.outcomeOf(site, image, signal);
    return told !== undefined && told.outcome !== "refused";
  };
}

async function registryLock(
  { host, path }: Repository,
  { tag, digest }: Superseded,
  { openTarget }: ClaimPorts,
  signal: AbortSignal,
): Promise<"open" | "locked" | "none"> {
  const registry = openTarget(host);
  try {
    const ofTag = tag === undefined ? "open" : await registry.lockOf(path, tag, signal);
    return ofTag === "open" ? await registry.lockOf(path, digest, signal) : ofTag;
  } catch (error) {
    const name = formatReference({ host, path, digest });
    throw toFailure(error, `reading the lock of ${name}`);
  }
}
