import type { Digest } from "../model/digest.ts";
import type { BlobUpload } from "./registry.ts";
import type { BlobHash } from "./verified-blob.ts";

/**
 * What the copies of one process know of the blobs at one target registry, so that a blob is sent once, whoever needs it. Share
 * one between all copies to a target.
 */
export interface KnownBlobs {
  /** In which repository a blob was last seen: it can be mounted from there instead of sent again. */
  find(digest: Digest): string | undefined;
  add(digest: Digest, repository: string): void;
  /** Says that the caller now brings the blob; to be called when that has ended. Undefined: somebody else does. */
  begin(digest: Digest): (() => void) | undefined;
  /** Resolves when nobody brings the blob any more. */
  ended(digest: Digest): Promise<void>;
  /** Keeps a blob that went over in part, for the next call that brings it to this repository. */
  park(half: HalfSent): void;
  /** Gives it out, once. */
  unpark(digest: Digest, repository: string): HalfSent | undefined;
  /** Whether asking for a mount tells what is in a repository already; `unknown` until somebody has tried. */
  mounts: "unknown" | "yes" | "no";
  /** Whether the target has stored a manifest by its very digest: then a tag alone is enough for the next ones. */
  keepsDigests: boolean;
}

/** An upload that is open at the target, and the hash of what was read for it. */
export interface HalfSent {
  readonly digest: Digest;
  readonly repository: string;
  readonly upload: BlobUpload;
  readonly hash: BlobHash;
}

const most = 20_000;
const mostParked = 100;

export function createKnownBlobs(): KnownBlobs {
  const repositories = new Map<Digest, string>();
  const underWay = new Map<Digest, PromiseWithResolvers<void>>();
  const parked = new Map<string, HalfSent>();
  return {
    mounts: "unknown",
    keepsDigests: false,
    find: (digest) => repositories.get(digest),
    add: (digest, repository) => setBounded(repositories, { key: digest, value: repository, most }),
    begin(digest) {
      if (underWay.has(digest)) return undefined;
      const end = Promise.withResolvers<void>();
      underWay.set(digest, end);
      return () => {
        underWay.delete(digest);
        end.resolve();
      };
    },
    ended: async (digest) => underWay.get(digest)?.promise,
    park: (half) => setBounded(parked, { key: keyOf(half), value: half, most: mostParked }),
    unpark(digest, repository) {
      const key = keyOf({ digest, repository });
      const half = parked.get(key);
      parked.delete(key);
      return half;
    },
  };
}

function keyOf({ digest, repository }: Pick<HalfSent, "digest" | "repository">): string {
  return `${repository}@${digest}`;
}

/** Maps keep the order of insertion: the oldest goes first. */
function setBounded<K, V>(
  map: Map<K, V>,
  { key, value, most }: { readonly key: K; readonly value: V; readonly most: number },
): void {
  map.delete(key);
  map.set(key, value);
  if (map.size <= most) return;
  for (const oldest of map.keys()) {
    map.delete(oldest);
    return;
  }
}
