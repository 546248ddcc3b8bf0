import type { Digest } from "../model/digest.ts";
import { Failure } from "../model/failure.ts";
import { copyImage } from "../registry/copy-image.ts";
import { createKnownBlobs, type KnownBlobs } from "../registry/known-blobs.ts";
import type { Registries } from "../registry/registry.ts";
import type { ImportOrder, Method, Progress } from "./method.ts";
import type { MethodMember } from "./method-member.ts";
import { refuseLasting } from "./refuse.ts";

export interface CopyPorts {
  readonly registries: Registries;
  /** Reference to the target's credential, such as `env:TARGET` or `entra`. */
  readonly targetCredential?: string;
  /** Milliseconds after which a call begins no further blob; after twice that it breaks off. Default 4 minutes. */
  readonly budgetMs?: number;
}

// The host hands one process up to 24 imports at a time, each with four blobs: 4 MiB each keep that under 400 MiB.
const chunkBytes = 4 * 1024 * 1024;

/** Wharfgate itself, registry to registry: for targets that are no ACR. */
export const copy = {
  kind: "copy",
  pulls:
    "the app itself pulls what the target lacks, against the credential's quota, or without one against that of its outgoing address",
  create: createCopy,
} as const satisfies MethodMember;

/** A copy that has used up its time is simply running: what is at the target stays, so that `check` goes on. */
export function createCopy({ registries, targetCredential, budgetMs = 240_000 }: CopyPorts): Method {
  const knownByTarget = new Map<string, KnownBlobs>();

  return {
    start: (order, signal) => refuseLasting(() => advance(order, signal)),
    check: (order, _operation, signal) => refuseLasting(() => advance(order, signal)),
    // Nothing goes on between calls, and blobs without a manifest are the target's garbage collection's to remove.
    cancel: async () => {},
  };

  async function advance(order: ImportOrder, signal: AbortSignal): Promise<Progress> {
    const { source, target, existing } = order;
    const limit = AbortSignal.timeout(budgetMs * 2);
    try {
      const result = await copyImage(
        {
          from: registries.open(source.host, order.credential),
          fromRepository: source.path,
          to: registries.open(target.host, targetCredential),
          toRepository: target.path,
          digest: source.digest,
          ...(target.tag === undefined ? {} : { tag: target.tag }),
        },
        {
          signal: AbortSignal.any([signal, limit]),
          pause: AbortSignal.timeout(budgetMs),
          existing,
          known: knownAt(target.host),
          chunkBytes,
        },
      );
      return result.kind === "complete" ? { kind: "done" } : running(source.digest);
    } catch (error) {
      if (limit.aborted && !signal.aborted && error instanceof Failure && error.code === "timeout") {
        return running(source.digest);
      }
      throw error;
    }
  }

  function knownAt(host: string): KnownBlobs {
    const known = knownByTarget.get(host) ?? createKnownBlobs();
    knownByTarget.set(host, known);
    return known;
  }
}

function running(digest: Digest): Progress {
  return { kind: "running", operation: { digest }, checkAfterMs: 0 };
}
