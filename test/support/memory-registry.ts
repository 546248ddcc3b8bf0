import { abortFailure } from "../../shared/http/network-failure.ts";
import type { Manifest } from "../../shared/model/descriptor.ts";
import { type Digest, digestOf } from "../../shared/model/digest.ts";
import { Failure } from "../../shared/model/failure.ts";
import { tagListOf, tagPageOf } from "../../shared/model/tag-list.ts";
import type { BlobUpload, Registry, UploadBody } from "../../shared/registry/registry.ts";
import { createBlobHash, verifiedBlob } from "../../shared/registry/verified-blob.ts";
import type { TestImage } from "./images.ts";

/** A registry in memory that notes its calls and fails where it is told to. */
export interface MemoryRegistry extends Registry {
  /** `verb repository reference`, without reads of what was not there. */
  readonly calls: string[];
  /** `repository@digest` and `repository:tag`. */
  readonly manifests: Map<string, Manifest>;
  /** `repository@digest` */
  readonly blobs: Map<string, Buffer>;
  readonly highest: { readonly uploads: number };
  put(repository: string, image: TestImage, tag?: string): void;
  /** Throws before (or, for reads and writes, within) the next calls of a verb; undefined lets one through. */
  failNext(verb: string, ...errors: readonly (Failure | undefined)[]): void;
  /** Called at the beginning of each call. */
  onCall?: (call: string) => void;
  /** Bytes of a blob that are given out before a `getBlob` failure, and taken before a `write` failure. */
  partBytes: number;
  readonly requires: { manifests: "parts" | "nothing" };
}

export function createMemoryRegistry(host: string): MemoryRegistry {
  const faults = new Map<string, (Failure | undefined)[]>();
  let uploads = 0;
  const highest = { uploads: 0 };

  const note = (verb: string, what: string): Failure | undefined => {
    const call = `${verb} ${what}`;
    registry.calls.push(call);
    registry.onCall?.(call);
    return faults.get(verb)?.shift();
  };
  const begin = (verb: string, what: string, signal: AbortSignal) => {
    const fault = note(verb, what);
    if (signal.aborted) throw abortFailure(signal.reason, "the call");
    if (fault !== undefined) throw fault;
  };
  const key = (repository: string, reference: string) =>
    `${repository}${reference.includes(":") ? "@" : ":"}${reference}`;

  const registry: MemoryRegistry = {
    host,
    calls: [],
    manifests: new Map(),
    blobs: new Map(),
    highest,
    partBytes: 0,
    requires: { manifests: "parts" },

    put(repository, { manifest, blobs }, tag) {
      registry.manifests.set(key(repository, manifest.descriptor.digest), manifest);
      if (tag !== undefined) registry.manifests.set(key(repository, tag), manifest);
      for (const { descriptor, bytes } of blobs)
        registry.blobs.set(key(repository, descriptor.digest), bytes);
    },
    failNext: (verb, ...errors) => void faults.set(verb, [...(faults.get(verb) ?? []), ...errors]),

    prepare: () => {},
    listTags: async (repository, signal) => {
      begin("listTags", repository, signal);
      const start = `${repository}:`;
      const names = [...registry.manifests.keys()].filter((name) => name.startsWith(start));
      return tagListOf([tagPageOf(names.map((name) => name.slice(start.length)))]);
    },
    headManifest: async (repository, reference, signal) => {
      begin("headManifest", `${repository} ${reference}`, signal);
      return registry.manifests.get(key(repository, reference))?.descriptor;
    },
    digestAt: async (repository, tag, { signal }) =>
      (await registry.headManifest(repository, tag, signal))?.digest,
    getManifest: async (repository, reference, signal) => {
      begin("getManifest", `${repository} ${reference}`, signal);
      return registry.manifests.get(key(repository, reference));
    },
    putManifest: async (repository, reference, manifest, signal) => {
      begin("putManifest", `${repository} ${reference}`, signal);
      for (const { digest, urls } of [...manifest.blobs, ...manifest.manifests]) {
        const there =
          registry.blobs.has(key(repository, digest)) || registry.manifests.has(key(repository, digest));
        if (!there && urls === undefined && registry.requires.manifests === "parts") {
          throw new Failure("unsupported", `${reference} lacks ${digest}`);
        }
      }
      registry.manifests.set(key(repository, reference), manifest);
      registry.manifests.set(key(repository, manifest.descriptor.digest), manifest);
      return manifest.descriptor.digest;
    },
    headBlob: async (repository, digest, signal) => {
      begin("headBlob", `${repository} ${digest}`, signal);
      return registry.blobs.get(key(repository, digest))?.length;
    },
    getBlob: async (repository, { digest, size }, { signal, offset = 0, hash }) => {
      const fault = note("getBlob", `${repository} ${digest} ${offset}`);
      const bytes = registry.blobs.get(key(repository, digest));
      if (bytes === undefined) throw new Failure("not-found", `no blob ${digest}`);
      const rest = bytes.subarray(offset, fault === undefined ? undefined : offset + registry.partBytes);
      const seen = hash ?? (offset === 0 ? createBlobHash(digest) : undefined);
      return verifiedBlob(pieces(rest), { digest, size, offset, hash: seen, place: host });

      async function* pieces(rest: Buffer) {
        for (let at = 0; at < rest.length; at += 1000) {
          if (signal.aborted) throw abortFailure(signal.reason, "the call");
          yield rest.subarray(at, at + 1000);
        }
        if (fault !== undefined) throw fault;
      }
    },
    mountBlob: async (repository, { digest, from, signal }) => {
      begin("mountBlob", `${repository} ${digest} ${from}`, signal);
      const bytes = registry.blobs.get(key(from, digest));
      if (bytes === undefined) return { kind: "upload", upload: upload(repository) };
      registry.blobs.set(key(repository, digest), bytes);
      return { kind: "mounted" };
    },
    startUpload: async (repository, signal) => {
      begin("startUpload", repository, signal);
      return upload(repository);
    },
    listRepositories: async () => [],
    deleteTag: async (repository, tag, signal) => {
      begin("deleteTag", `${repository} ${tag}`, signal);
      return registry.manifests.delete(key(repository, tag)) ? "deleted" : "absent";
    },
    deleteManifest: async (repository, digest, signal) => {
      begin("deleteManifest", `${repository} ${digest}`, signal);
      for (const [name, { descriptor }] of registry.manifests)
        if (name.startsWith(`${repository}:`) && descriptor.digest === digest)
          registry.manifests.delete(name);
      return registry.manifests.delete(key(repository, digest)) ? "deleted" : "absent";
    },
    lockOf: async () => "none",
    setLock: async () => "none",
    listReferrers: async (repository, digest, signal) => {
      begin("listReferrers", `${repository} ${digest}`, signal);
      const here = [...registry.manifests].filter(([name]) => name.startsWith(`${repository}@`));
      return here.flatMap(([, { subject, descriptor, annotations }]) =>
        subject?.digest === digest ? [{ ...descriptor, ...(annotations && { annotations }) }] : [],
      );
    },
    attachReferrer: async (repository, { descriptor }, signal) =>
      begin("attachReferrer", `${repository} ${descriptor.digest}`, signal),
  };
  return registry;

  function upload(repository: string): BlobUpload {
    let held = Buffer.alloc(0);
    highest.uploads = Math.max(highest.uploads, ++uploads);
    const session = {
      offset: 0,
      minChunkBytes: 0,
      async write(chunk: UploadBody) {
        const fault = note("write", `${repository} ${session.offset}+${lengthOf(chunk)}`);
        if (session.offset !== held.length) throw new Failure("conflict", "another offset");
        held = Buffer.concat([held, await gather(chunk, fault && registry.partBytes)]);
        if (fault !== undefined) throw fault;
        session.offset = held.length;
      },
      async resume(signal: AbortSignal) {
        begin("resume", repository, signal);
        session.offset = held.length;
      },
      async commit(digest: Digest, signal: AbortSignal, tail: UploadBody = new Uint8Array()) {
        const fault = note("commit", `${repository} ${session.offset}+${lengthOf(tail)}`);
        const stored = fault === undefined || fault.context.stored === 1;
        const whole = Buffer.concat([held, await gather(tail, stored ? undefined : registry.partBytes)]);
        if (signal.aborted) throw abortFailure(signal.reason, "the call");
        if (!stored) {
          held = whole;
          throw fault;
        }
        if (digestOf(whole) !== digest) throw new Failure("integrity", "the target sees another digest");
        session.offset = whole.length;
        registry.blobs.set(key(repository, digest), whole);
        uploads--;
        if (fault !== undefined) throw fault;
      },
    };
    return session;
  }
}

function lengthOf(body: UploadBody): number {
  return body instanceof Uint8Array ? body.length : body.bytes;
}

/** All of a body, or no more than so many bytes of it. */
async function gather(body: UploadBody, most: number = Number.POSITIVE_INFINITY): Promise<Buffer> {
  if (body instanceof Uint8Array) return Buffer.from(body.subarray(0, most));
  const pieces: Buffer[] = [];
  let left = most;
  if (left > 0) {
    for await (const piece of body.pieces) {
      // A piece is valid until the next one is asked for.
      pieces.push(Buffer.from(piece.subarray(0, left)));
      left -= piece.length;
      if (left <= 0) break;
    }
  }
  return Buffer.concat(pieces);
}
