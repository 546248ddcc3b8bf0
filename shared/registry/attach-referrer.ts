import type { Sleep } from "../model/clock.ts";
import type { Manifest } from "../model/descriptor.ts";
import { shortDigest } from "../model/digest.ts";
import { Failure } from "../model/failure.ts";
import { fallbackTagOf } from "./cosign-tags.ts";
import { forEachLimited } from "./limited.ts";
import { headManifest, putManifest, readManifest } from "./manifests.ts";
import { type Entry, entriesOf, entryOf, referrerIndexOf } from "./referrer-index.ts";
import type { ListReferrers } from "./referrers.ts";
import { createTries } from "./retry.ts";
import type { Session } from "./session.ts";

interface Attachment {
  readonly repository: string;
  /** As it stands in the repository. */
  readonly referrer: Manifest;
  readonly signal: AbortSignal;
}

const mostTries = 8;
const questionsAtOnce = 4;
/**
 * Longer than another writer takes between reading the list and writing it: one that had read it before we wrote has undone us
 * by then. The random part keeps two that undo each other from doing so in step.
 */
const undoneWithinMs = 1_000;

export type AttachReferrer = (attachment: Attachment) => Promise<void>;

/**
 * Sees to it that a referrer is found by its subject. A registry with the referrers API does that by itself; at any other the
 * index under the fallback tag is read, added to and written on condition that nobody wrote it meanwhile, as far as the registry
 * heeds conditions. It is read again at once and a moment later, and put right where another process has undone it. Referrers
 * of one subject take turns within this process, and who has the turn writes for all that wait.
 * Source: OCI distribution specification 1.1, "Pushing Manifests with Subject", "Referrers Tag Schema"; RFC 9110, 13.1.
 */
export function createAttachReferrer(
  session: Session,
  listReferrers: ListReferrers,
  sleep: Sleep,
): AttachReferrer {
  const turns = new Map<string, Promise<void>>();
  const waiting = new Map<string, Set<Manifest>>();

  return async (attachment) => {
    const { repository, referrer, signal } = attachment;
    const { subject } = referrer;
    if (subject === undefined) return;
    const list = await insist(() => listReferrers({ repository, digest: subject.digest, signal }), signal);
    if (list.kind === "api") return;
    if (list.referrers.some(({ digest }) => digest === referrer.descriptor.digest)) return;
    const tag = fallbackTagOf(subject.digest);
    const place = `${repository}:${tag}`;
    for (let tries = 0; tries < mostTries; tries += 1) {
      const together = waiting.get(place) ?? new Set();
      waiting.set(place, together.add(referrer));
      try {
        await inTurn(place, () => addToIndex(session, { tag, together, sleep }, attachment));
      } finally {
        together.delete(referrer);
        if (together.size === 0) waiting.delete(place);
      }
      await sleep(undoneWithinMs * (1 + Math.random() / 2), signal);
      if (await isListed(session, tag, attachment)) return;
    }
    throw undone(session, tag, attachment);
  };

  async function inTurn(place: string, call: () => Promise<void>): Promise<void> {
    const turn = (turns.get(place) ?? Promise.resolve()).then(call);
    const settled = turn.catch(() => {});
    turns.set(place, settled);
    try {
      await turn;
    } finally {
      if (turns.get(place) === settled) turns.delete(place);
    }
  }
}

interface Addition {
  readonly tag: string;
  /** What is to be added, the attachment's own included. */
  readonly together: ReadonlySet<Manifest>;
  readonly sleep: Sleep;
}

/** Returns once the attachment's own referrer is in. */
async function addToIndex(
  session: Session,
  { tag, together, sleep }: Addition,
  attachment: Attachment,
): Promise<void> {
  const { repository, referrer, signal } = attachment;
  const target = { repository, reference: tag, signal };
  for (let tries = 0; tries < mostTries; tries += 1) {
    // Several that begin anew in step would undo each other again.
    if (tries > 1) await sleep(Math.random() * undoneWithinMs, signal);
    const { manifest: index, etag } = await readIndex(session, tag, attachment);
    const entries = entriesOf(index);
    if (holds(entries, referrer)) return;
    // A registry that heeds neither ignores both.
    const condition =
      index === undefined ? { "if-none-match": "*" } : etag === undefined ? {} : { "if-match": etag };
    const added = [...together].filter((each) => !holds(entries, each)).map(entryOf);
    const write = (those: readonly Entry[]) =>
      putManifest(session, { ...target, manifest: referrerIndexOf([...those, ...added]), condition });
    try {
      await write(entries);
    } catch (error) {
      if (!(error instanceof Failure) || error.transient) throw error;
      // Another one wrote it since we read it.
      if (error.context.status === 412) continue;
      // A registry does not take an index that names what is no longer there.
      if (entries.length === 0) throw error;
      const present = await thoseThere(session, entries, { repository, signal });
      if (present.length === entries.length) throw error;
      await write(present);
    }
  }
  throw undone(session, tag, attachment);
}

async function isListed(session: Session, tag: string, attachment: Attachment): Promise<boolean> {
  const { manifest } = await readIndex(session, tag, attachment);
  return holds(entriesOf(manifest), attachment.referrer);
}

function holds(entries: readonly Entry[], { descriptor }: Manifest): boolean {
  return entries.some(({ digest }) => digest === descriptor.digest);
}

async function readIndex(session: Session, tag: string, { repository, signal }: Attachment) {
  const read = await insist(() => readManifest(session, { repository, reference: tag, signal }), signal);
  if (read.manifest === undefined || read.manifest.kind === "index") return read;
  throw new Failure(
    "conflict",
    `${session.host}/${repository}:${tag} should be an index of referrers and is an image: remove that tag`,
  );
}

/** docker-registry answers 500 to who reads a tag at the moment in which another one writes it. */
async function insist<T>(call: () => Promise<T>, signal: AbortSignal): Promise<T> {
  for (const tries = createTries(); ; ) {
    try {
      return await call();
    } catch (error) {
      await tries.next(error, signal);
    }
  }
}

function undone({ host }: Session, tag: string, { repository, referrer }: Attachment): Failure {
  const digest = shortDigest(referrer.descriptor.digest);
  return new Failure(
    "unavailable",
    `${host}/${repository}:${tag} does not keep ${digest}: others write that list of referrers, too`,
  );
}

async function thoseThere(
  session: Session,
  entries: readonly Entry[],
  { repository, signal }: Pick<Attachment, "repository" | "signal">,
): Promise<readonly Entry[]> {
  const gone = new Set<Entry>();
  await forEachLimited(entries, { limit: questionsAtOnce, signal }, async (entry, within) => {
    const found = await headManifest(session, { repository, reference: entry.digest, signal: within });
    if (found === undefined) gone.add(entry);
  });
  return entries.filter((entry) => !gone.has(entry));
}
