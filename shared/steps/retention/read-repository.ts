import { mapConcurrent } from "../../model/concurrency.ts";
import { type Manifest, mediaTypes } from "../../model/descriptor.ts";
import type { Digest } from "../../model/digest.ts";
import { Failure } from "../../model/failure.ts";
import { tagsOf } from "../../model/tag-list.ts";
import type { Registry } from "../../registry/registry.ts";
import { type Candidate, type Contents, type Node, subjectOfTag } from "./removal-graph.ts";

/** All tags of a repository, and the manifests that were read of it. */
export interface Snapshot {
  readonly tags: Map<string, Digest>;
  readonly read: Map<Digest, Manifest>;
}

/** A repository as it is now, with the bytes of what may go: manifests, configs and layers, by digest. */
export interface RepositoryNow extends Contents {
  readonly sizes: ReadonlyMap<Digest, ReadonlyMap<Digest, number>>;
}

const questionsAtOnce = 8;
const deepest = 4;
const indexTypes: ReadonlySet<string> = new Set([mediaTypes.ociIndex, mediaTypes.dockerList]);

/** Reads all tags with what their manifests name, one GET each. Nothing is left out: whatever cannot be read ends it. */
export async function readTags(
  registry: Registry,
  repository: string,
  signal: AbortSignal,
): Promise<Snapshot> {
  const snapshot: Snapshot = { tags: new Map(), read: new Map() };
  await readNewTags(registry, repository, { snapshot, signal });
  return snapshot;
}

/** Adds the tags that have come in since: a list, and one GET for each of them. */
export async function readNewTags(
  registry: Registry,
  repository: string,
  { snapshot: { tags, read }, signal }: { readonly snapshot: Snapshot; readonly signal: AbortSignal },
): Promise<void> {
  const names = (await tagNames(registry, repository, signal)).filter((tag) => !tags.has(tag));
  await mapConcurrent(names, questionsAtOnce, async (tag) => {
    const manifest = await registry.getManifest(repository, tag, signal);
    // It went between the list and the question.
    if (manifest === undefined) return;
    tags.set(tag, manifest.descriptor.digest);
    read.set(manifest.descriptor.digest, manifest);
  });
  if (names.length > 0) await readNested(registry, repository, read, signal);
}

/** Reads what is below candidates as well, and what refers to them. */
export async function readBelow(
  registry: Registry,
  repository: string,
  { snapshot, candidates }: { readonly snapshot: Snapshot; readonly candidates: readonly Candidate[] },
  signal: AbortSignal,
): Promise<RepositoryNow> {
  const { tags, read } = snapshot;
  const referrers = new Map<Digest, readonly Digest[]>();
  let layer = [...new Set(candidates.map(({ digest }) => digest))];
  const seen = new Set<Digest>();
  for (let depth = 0; layer.length > 0 && depth < deepest; depth += 1) {
    for (const digest of layer) seen.add(digest);
    const below = await mapConcurrent(layer, questionsAtOnce, async (digest) => {
      const manifest = read.get(digest) ?? (await registry.getManifest(repository, digest, signal));
      if (manifest === undefined) return [];
      read.set(digest, manifest);
      const attached = await registry.listReferrers(repository, digest, signal);
      referrers.set(
        digest,
        attached.map((each) => each.digest),
      );
      const companions = [...tags].flatMap(([tag, held]) => (subjectOfTag(tag) === digest ? [held] : []));
      return [...manifest.manifests, ...attached].map((each) => each.digest).concat(companions);
    });
    layer = [...new Set(below.flat())].filter((digest) => !seen.has(digest));
  }

  const nodes = new Map(
    [...read].map(([digest, { manifests, subject }]): [Digest, Node] => [
      digest,
      {
        children: manifests.map((each) => each.digest),
        referrers: referrers.get(digest) ?? [],
        ...(subject && { subject: subject.digest }),
      },
    ]),
  );
  const sizes = new Map([...seen].flatMap((digest) => sizesOf(read.get(digest))));
  return { tags, nodes, sizes };
}

/** Indexes that other indexes name: what they name stays with them. */
async function readNested(
  registry: Registry,
  repository: string,
  read: Map<Digest, Manifest>,
  signal: AbortSignal,
): Promise<void> {
  const unread = (manifests: Iterable<Manifest>) =>
    [...manifests]
      .flatMap((manifest) => manifest.manifests)
      .filter(({ digest, mediaType }) => indexTypes.has(mediaType) && !read.has(digest));
  let layer = unread(read.values());
  for (let depth = 0; layer.length > 0 && depth < deepest; depth += 1) {
    const nested = await mapConcurrent(layer, questionsAtOnce, ({ digest }) =>
      registry.getManifest(repository, digest, signal),
    );
    const found = nested.filter((manifest) => manifest !== undefined);
    for (const manifest of found) read.set(manifest.descriptor.digest, manifest);
    layer = unread(found);
  }
}

function sizesOf(manifest: Manifest | undefined): [Digest, ReadonlyMap<Digest, number>][] {
  if (manifest === undefined) return [];
  const { descriptor, blobs } = manifest;
  return [[descriptor.digest, new Map([descriptor, ...blobs].map(({ digest, size }) => [digest, size]))]];
}

async function tagNames(
  registry: Registry,
  repository: string,
  signal: AbortSignal,
): Promise<readonly string[]> {
  try {
    return [...new Set(tagsOf(await registry.listTags(repository, signal)))];
  } catch (error) {
    if (error instanceof Failure && error.code === "not-found") return [];
    throw error;
  }
}

/** Of so many manifests and all that they name, each blob once. */
export function bytesOf({ sizes }: RepositoryNow, manifests: Iterable<Digest>): number {
  const blobs = new Map([...manifests].flatMap((digest) => [...(sizes.get(digest) ?? [])]));
  return [...blobs.values()].reduce((sum, size) => sum + size, 0);
}
