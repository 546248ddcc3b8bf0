import { type Manifest, mediaTypes } from "../../shared/model/descriptor.ts";
import type { Digest } from "../../shared/model/digest.ts";
import { Failure } from "../../shared/model/failure.ts";
import type { Platform } from "../../shared/model/platform.ts";
import { tagListOf, tagPageOf } from "../../shared/model/tag-list.ts";
import type { Registry } from "../../shared/registry/registry.ts";

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
    return [...registry.tags.values()].find((digest) => digest === reference);
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
      };
      return index;
    },
    putManifest: unused,
    headBlob: unused,
    getBlob: unused,
    mountBlob: unused,
    startUpload: unused,
    listRepositories: unused,
    listReferrers: unused,
    deleteTag: unused,
    deleteManifest: unused,
    lockOf: unused,
    setLock: unused,
  };
  return registry;
}
