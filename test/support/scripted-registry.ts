import { type Manifest, mediaTypes } from "../../shared/model/descriptor.ts";
import type { Digest } from "../../shared/model/digest.ts";
import { Failure } from "../../shared/model/failure.ts";
import type { Platform } from "../../shared/model/platform.ts";
import { tagListOf, tagPageOf } from "../../shared/model/tag-list.ts";
import type { Registry } from "../../shared/registry/registry.ts";
import type { Effect } from "./scripted-ways.ts";

/** A registry of tags alone, which notes what it is asked and fails where it is told to. */
export interface ScriptedRegistry extends Registry {
  /** `repository:tag` to digest. */
  readonly tags: Map<string, Digest>;
  /** `list repository`, `head repository:reference`, `get …`. */
  readonly calls: string[];
  /** Repositories that were announced, a list for each time. */
  readonly prepared: (readonly string[])[];
  /** Thrown by every call that begins with the key, until it is deleted. */
  readonly faults: Map<string, Error>;
  /** What is there by its digest, `repository@digest`, whether a tag has it or not. */
  readonly manifests: Map<string, Partial<Manifest>>;
  /** Tags and digests, `repository:reference`, that are locked; undefined where the registry has no locks. */
  locks: Set<string> | undefined;
  /** What was listed under its subject, `repository@digest`. */
  readonly attached: Set<string>;
  /** Runs what changes something. */
  onWrite: Effect;
  /** What every index offers. */
  platforms: readonly Platform[];
  /** Called before each answer. */
  onCall: (call: string) => void | Promise<void>;
}

export function createScriptedRegistry(host: string): ScriptedRegistry {
  const answer = async (call: string): Promise<void> => {
    registry.calls.push(call);
    await registry.onCall(call);
    for (const [start, fault] of registry.faults) if (call.startsWith(start)) throw fault;
  };
  const find = (repository: string, reference: string): Digest | undefined => {
    if (!reference.includes(":")) return registry.tags.get(`${repository}:${reference}`);
    if (registry.manifests.has(`${repository}@${reference}`)) return reference as Digest;
    return [...registry.tags.values()].find((digest) => digest === reference);
  };
  const write = async <T>(call: string, run: () => T): Promise<T> => {
    await answer(call);
    return registry.onWrite(`target ${call.split(" ", 1)[0]}`, async () => run());
  };
  const tagsOf = (repository: string, digest: Digest): string[] =>
    [...registry.tags].flatMap(([name, held]) =>
      held === digest && name.startsWith(`${repository}:`) ? [name] : [],
    );
  const assertOpen = (names: readonly string[]): void => {
    for (const name of names)
      if (registry.locks?.has(name)) throw new Failure("conflict", `${host}/${name} is locked`);
  };
  const descriptor = (digest: Digest) => ({ mediaType: mediaTypes.ociIndex, digest, size: 100 });
  const unused = (): never => {
    throw new Error("this registry has tags alone");
  };
  const registry: ScriptedRegistry = {
    host,
    tags: new Map(),
    calls: [],
    prepared: [],
    faults: new Map(),
    manifests: new Map(),
    locks: undefined,
    attached: new Set(),
    onWrite: (_name, run) => run(),
    platforms: [],
    onCall: () => {},
    prepare: (repositories) => void registry.prepared.push(repositories),
    listTags: async (repository) => {
      await answer(`list ${repository}`);
      const start = `${repository}:`;
      const tags = [...registry.tags.keys()].filter((name) => name.startsWith(start));
      if (tags.length === 0) throw new Failure("not-found", `${host}/${repository} does not exist`);
      return tagListOf([tagPageOf(tags.map((name) => name.slice(start.length)))]);
    },
    headManifest: async (repository, reference) => {
      await answer(`head ${repository}:${reference}`);
      const digest = find(repository, reference);
      return digest && descriptor(digest);
    },
    digestAt: async (repository, tag, { signal }) =>
      (await registry.headManifest(repository, tag, signal))?.digest,
    getManifest: async (repository, reference) => {
      await answer(`get ${repository}:${reference}`);
      const digest = find(repository, reference);
      if (digest === undefined) return undefined;
      const manifests = registry.platforms.map((platform) => ({ ...descriptor(digest), platform }));
      const index: Manifest = {
        kind: manifests.length === 0 ? "image" : "index",
        descriptor: descriptor(digest),
        bytes: new Uint8Array(),
        manifests,
        blobs: [],
        ...registry.manifests.get(`${repository}@${digest}`),
      };
      return index;
    },
    putManifest: (repository, reference, { descriptor: { digest } }) =>
      write(`put ${repository}:${reference}`, () => {
        if (reference.includes(":")) registry.manifests.set(`${repository}@${reference}`, {});
        else {
          assertOpen([`${repository}:${reference}`]);
          registry.tags.set(`${repository}:${reference}`, digest);
        }
        return digest;
      }),
    headBlob: unused,
    getBlob: unused,
    mountBlob: unused,
    startUpload: unused,
    listRepositories: unused,
    listReferrers: async (repository, subject) => {
      await answer(`referrers ${repository}@${subject}`);
      return [...registry.manifests].flatMap(([name, manifest]) =>
        name.startsWith(`${repository}@`) && manifest.subject?.digest === subject
          ? [{ ...descriptor(name.slice(repository.length + 1) as Digest), ...manifest.descriptor }]
          : [],
      );
    },
    attachReferrer: (repository, { descriptor: { digest } }) =>
      write(`attach ${repository}@${digest}`, () => void registry.attached.add(`${repository}@${digest}`)),
    deleteTag: (repository, tag) =>
      write(`untag ${repository}:${tag}`, () => {
        assertOpen([`${repository}:${tag}`]);
        const digest = registry.tags.get(`${repository}:${tag}`);
        // The manifest stays.
        if (digest !== undefined && !registry.manifests.has(`${repository}@${digest}`))
          registry.manifests.set(`${repository}@${digest}`, {});
        return registry.tags.delete(`${repository}:${tag}`) ? "deleted" : "absent";
      }),
    deleteManifest: (repository, digest) =>
      write(`delete ${repository}@${digest}`, () => {
        const tags = tagsOf(repository, digest);
        assertOpen([`${repository}:${digest}`, ...tags]);
        for (const name of tags) registry.tags.delete(name);
        const known = registry.manifests.delete(`${repository}@${digest}`);
        return known || tags.length > 0 ? "deleted" : "absent";
      }),
    lockOf: async (repository, reference) => {
      await answer(`lock-of ${repository}:${reference}`);
      if (registry.locks === undefined) return "none";
      return registry.locks.has(`${repository}:${reference}`) ? "locked" : "open";
    },
    setLock: async (repository, reference, { lock }) => {
      const { locks } = registry;
      if (locks === undefined) return "none";
      return write(`${lock === "locked" ? "lock" : "unlock"} ${repository}:${reference}`, () => {
        if (lock === "locked") locks.add(`${repository}:${reference}`);
        else locks.delete(`${repository}:${reference}`);
        return "set";
      });
    },
  };
  return registry;
}
