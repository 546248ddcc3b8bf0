import { type Descriptor, type Manifest, mediaTypes } from "../model/descriptor.ts";
import { digestOf, shortDigest } from "../model/digest.ts";
import { Failure } from "../model/failure.ts";
import { fallbackTagOf } from "./cosign-tags.ts";
import { forEachLimited } from "./limited.ts";
import { getManifest, headManifest, putManifest } from "./manifests.ts";
import { largestManifest, parseManifest } from "./parse-manifest.ts";
import type { ListReferrers } from "./referrers.ts";
import type { Session } from "./session.ts";

interface Attachment {
  readonly repository: string;
  /** As it stands in the repository. */
  readonly referrer: Manifest;
  readonly signal: AbortSignal;
}

const mostTries = 5;
const questionsAtOnce = 4;

export type AttachReferrer = (attachment: Attachment) => Promise<void>;

/**
 * Sees to it that a referrer is found by its subject. A registry with the referrers API does that by itself; at any other the
 * index under the fallback tag is read, added to and read again, as others may write it at the same time. Referrers of one
 * subject take turns within this process.
 * Source: OCI distribution specification 1.1, "Pushing Manifests with Subject", "Referrers Tag Schema".
 */
export function createAttachReferrer(session: Session, listReferrers: ListReferrers): AttachReferrer {
  const turns = new Map<string, Promise<void>>();

  return async (attachment) => {
    const { repository, referrer, signal } = attachment;
    const { subject } = referrer;
    if (subject === undefined) return;
    const list = await listReferrers({ repository, digest: subject.digest, signal });
    if (list.kind === "api") return;
    if (list.referrers.some(({ digest }) => digest === referrer.descriptor.digest)) return;
    const tag = fallbackTagOf(subject.digest);
    const place = `${repository}:${tag}`;
    const turn = (turns.get(place) ?? Promise.resolve()).then(() => addToIndex(session, tag, attachment));
    const settled = turn.catch(() => {});
    turns.set(place, settled);
    try {
      await turn;
    } finally {
      if (turns.get(place) === settled) turns.delete(place);
    }
  };
}

async function addToIndex(
  session: Session,
  tag: string,
  { repository, referrer, signal }: Attachment,
): Promise<void> {
  const target = { repository, reference: tag, signal };
  for (let tries = 0; tries < mostTries; tries += 1) {
    const index = await getManifest(session, target);
    if (index !== undefined && index.kind !== "index") {
      throw new Failure(
        "conflict",
        `${session.host}/${repository}:${tag} should be an index of referrers and is an image: remove that tag`,
      );
    }
    if (index?.manifests.some(({ digest }) => digest === referrer.descriptor.digest)) return;
    const entries = entriesOf(index);
    const own = descriptorOf(referrer);
    try {
      await putManifest(session, { ...target, manifest: indexOf([...entries, own]) });
    } catch (error) {
      // A registry does not take an index that names what is no longer there.
      if (!(error instanceof Failure) || error.transient || entries.length === 0) throw error;
      const present = await thoseThere(session, entries, { repository, signal });
      if (present.length === entries.length) throw error;
      await putManifest(session, { ...target, manifest: indexOf([...present, own]) });
    }
  }
  const digest = shortDigest(referrer.descriptor.digest);
  throw new Failure(
    "unavailable",
    `${session.host}/${repository}:${tag} does not keep ${digest}: others write that list of referrers, too`,
  );
}

type Entry = Readonly<Record<string, unknown>> & { readonly digest: string };

/** As they stand there, with whatever other clients have put into them. */
function entriesOf(index: Manifest | undefined): readonly Entry[] {
  if (index === undefined) return [];
  // It was parsed before, so that each entry has its digest.
  return (JSON.parse(Buffer.from(index.bytes).toString("utf8")) as { manifests: readonly Entry[] }).manifests;
}

function descriptorOf({ descriptor, blobs, annotations }: Manifest): Descriptor & Entry {
  const artifactType = descriptor.artifactType ?? blobs[0]?.mediaType;
  const { mediaType, digest, size } = descriptor;
  return {
    mediaType,
    digest,
    size,
    ...(artifactType === undefined ? {} : { artifactType }),
    ...(annotations === undefined ? {} : { annotations }),
  };
}

function indexOf(manifests: readonly Entry[]): Manifest {
  const document = { schemaVersion: 2, mediaType: mediaTypes.ociIndex, manifests };
  const bytes = Buffer.from(JSON.stringify(document));
  if (bytes.length > largestManifest) {
    throw new Failure(
      "too-large",
      `an index of ${manifests.length} referrers is larger than registries take`,
    );
  }
  return parseManifest(bytes, { contentType: mediaTypes.ociIndex, digest: digestOf(bytes) });
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
