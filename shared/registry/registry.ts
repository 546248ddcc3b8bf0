import type { StreamedBody } from "../http/client.ts";
import type { Descriptor, Manifest } from "../model/descriptor.ts";
import type { Digest } from "../model/digest.ts";
import type { TagList } from "../model/tag-list.ts";
import type { BlobHash } from "./verified-blob.ts";

/** One registry, as one client with its own connections, tokens and limits. Repositories are paths, without host. */
export interface Registry {
  /** `docker.io`, `registry.example:5000`: as in references, not as in URLs. */
  readonly host: string;

  /** Tells which repositories will be read soon, so that one token may do for many of them. */
  prepare(repositories: readonly string[]): void;

  /**
   * All tags in the registry's order, repeats and all. `not-found` when the repository does not exist; `protocol` when the
   * listing cannot be trusted to be whole.
   * Source: OCI distribution specification 1.1, end-8a and end-8b.
   */
  listTags(repository: string, signal: AbortSignal): Promise<TagList>;

  /**
   * The repositories of the catalogue, in its order. `unsupported`, with the reason, where the registry has none or does not
   * show it to us.
   */
  listRepositories(signal: AbortSignal): Promise<readonly string[]>;

  /** By HEAD (which costs no pull at Docker Hub); undefined means exactly 404. */
  headManifest(repository: string, reference: string, signal: AbortSignal): Promise<Descriptor | undefined>;

  /**
   * The digest that a tag has, by HEAD; undefined means exactly 404. Costs the registry less when it is `likely`. A shortcut: what is
   * to be proven asks by `headManifest`.
   */
  digestAt(
    repository: string,
    tag: string,
    options: { readonly likely: Digest; readonly signal: AbortSignal },
  ): Promise<Digest | undefined>;

  /** Bytes checked against the digest; undefined means exactly 404. */
  getManifest(repository: string, reference: string, signal: AbortSignal): Promise<Manifest | undefined>;

  /** Stores the exact bytes under a tag or a digest; returns what the registry says it stored, checked. */
  putManifest(
    repository: string,
    reference: string,
    manifest: Manifest,
    signal: AbortSignal,
  ): Promise<Digest>;

  /** Size in bytes, or undefined on 404. */
  headBlob(repository: string, digest: Digest, signal: AbortSignal): Promise<number | undefined>;

  /**
   * Streams a blob from `offset` (bytes, default 0); ends in `integrity`, before its last bytes, when a whole read does not
   * match the digest. A piece is valid until the next one is asked for. Whoever resumes a broken read passes the `hash` of
   * the read before it, so that the whole is still checked.
   */
  getBlob(
    repository: string,
    descriptor: Descriptor,
    options: { readonly signal: AbortSignal; readonly offset?: number; readonly hash?: BlobHash },
  ): Promise<AsyncIterable<Uint8Array>>;

  /** Asks for a cross-repository mount; `mounted`, or the upload session that the registry opened instead. */
  mountBlob(
    repository: string,
    options: { readonly digest: Digest; readonly from: string; readonly signal: AbortSignal },
  ): Promise<{ readonly kind: "mounted" } | { readonly kind: "upload"; readonly upload: BlobUpload }>;

  startUpload(repository: string, signal: AbortSignal): Promise<BlobUpload>;

  /** Manifests that refer to `digest`: by the referrers API, else by the fallback tag. At most 10,000; of more `too-large`. */
  listReferrers(repository: string, digest: Digest, signal: AbortSignal): Promise<readonly Descriptor[]>;

  /**
   * Takes a tag away and leaves its manifest: by ACR's own endpoint where there is one, else by end-9. `by-digest`: this registry
   * deletes by digest alone. `conflict` when the tag is locked.
   */
  deleteTag(
    repository: string,
    tag: string,
    signal: AbortSignal,
  ): Promise<"deleted" | "absent" | "by-digest">;

  /**
   * Takes a manifest away, with all tags that it has. `conflict` when it is locked; `unsupported`, with how to mend it, where
   * the registry's deletion is switched off.
   */
  deleteManifest(repository: string, digest: Digest, signal: AbortSignal): Promise<"deleted" | "absent">;

  /** Whether a tag or manifest is locked, by ACR's attributes; what is not there is not. `none`: the registry has no locks. */
  lockOf(repository: string, reference: string, signal: AbortSignal): Promise<Lock | "none">;

  /** Locks a tag or manifest against writes and deletes, or takes that back. `none`: the registry has no locks. */
  setLock(
    repository: string,
    reference: string,
    options: { readonly lock: Lock; readonly signal: AbortSignal },
  ): Promise<"set" | "none">;

  /** Lists a referrer that is in the repository under its subject, where the registry does not do so by itself. */
  attachReferrer(repository: string, referrer: Manifest, signal: AbortSignal): Promise<void>;
}

export type Lock = "open" | "locked";

/** A blob upload session: chunks go in order, `commit` ends it. `offset` is what the registry has confirmed, in bytes. */
export interface BlobUpload {
  readonly offset: number;
  /** Every chunk but the last must have at least so many bytes; 0 when the registry does not care. */
  readonly minChunkBytes: number;
  /** A stream may be taken in part only: `offset` tells how far. */
  write(chunk: UploadBody, signal: AbortSignal): Promise<void>;
  /** Asks the registry how much it has, after a broken `write`; sets `offset`. */
  resume(signal: AbortSignal): Promise<void>;
  /** `tail` is what is left of the blob, sent with the closing request: a small blob takes one request less. */
  commit(digest: Digest, signal: AbortSignal, tail?: UploadBody): Promise<void>;
}

/** What is at hand, or what comes while it is sent. */
export type UploadBody = Uint8Array | StreamedBody;

/** Layers that a registry does not hold, from where their `urls` say. */
export interface ForeignLayers {
  /**
   * As `getBlob`, on behalf of the registry whose image names the layer. Asks without any credential, and only hosts of the
   * allow-list: throws `blocked` for others.
   */
  getLayer(
    registry: string,
    layer: Descriptor,
    options: { readonly signal: AbortSignal; readonly offset?: number; readonly hash?: BlobHash },
  ): Promise<AsyncIterable<Uint8Array>>;
}

/** Opens clients: one per host and credential, kept for reuse. Throws `blocked` for hosts outside the allow-list. */
export interface Registries {
  open(host: string, credential?: string): Registry;
}
