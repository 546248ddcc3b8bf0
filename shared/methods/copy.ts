import { Failure } from "../model/failure.ts";
import { createBegunCopies, leftBytesOf } from "../registry/begun-copies.ts";
import { copyImage } from "../registry/copy-image.ts";
import { createKnownBlobs, type KnownBlobs } from "../registry/known-blobs.ts";
import type { ForeignLayers, Registries } from "../registry/registry.ts";
import type { ImportOrder, Method, Operation, Progress } from "./method.ts";
import type { MethodMember } from "./method-member.ts";
import { refuseLasting } from "./refuse.ts";

export interface CopyPorts {
  readonly registries: Registries;
  /** Where layers come from that the source does not have, for orders that bring these. */
  readonly foreign?: ForeignLayers;
  /** Reference to the target's credential, such as `env:TARGET` or `entra`. */
  readonly targetCredential?: string;
  /**
   * Milliseconds after which a call begins nothing more, if not sooner; after twice that it breaks off. Default 4 minutes.
   */
  readonly budgetMs?: number;
}

// So that people see how far a long copy is: the ledger learns it between calls.
const mostMs = 20_000;

/** Wharfgate itself, registry to registry: for targets that are no ACR. */
export const copy = {
  kind: "copy",
  pulls:
    "the app itself pulls what the target lacks, against the credential's quota, or without one against that of its outgoing address",
  create: createCopy,
} as const satisfies MethodMember;

/**
 * A copy that has used up its time is simply running: what is at the target stays, so that `check` goes on. The same process
 * goes on where it was, half a layer included; another one asks the target what it has.
 */
export function createCopy(ports: CopyPorts): Method {
  const { registries, foreign = "source", targetCredential, budgetMs = 240_000 } = ports;
  const knownByTarget = new Map<string, KnownBlobs>();
  const begunCopies = createBegunCopies();

  return {
    start: (order, signal) => refuseLasting(() => advance(order, {}, signal)),
    check: (order, operation, signal) => refuseLasting(() => advance(order, operation, signal)),
    // Nothing goes on between calls, and blobs without a manifest are the target's garbage collection's to remove.
    cancel: async ({ key }) => begunCopies.forget(key),
  };

  async function advance(order: ImportOrder, operation: Operation, signal: AbortSignal): Promise<Progress> {
    const { source, target, existing, only, nondistributable } = order;
    const limit = AbortSignal.timeout(budgetMs * 2);
    const begun = begunCopies.take(order.key);
    const before = Number(operation.moved ?? 0) - begun.moved;
    const began = performance.now();
    const account = () => {
      const moved = before + begun.moved;
      const workedMs = Number(operation.workedMs ?? 0) + Math.ceil(performance.now() - began);
      const left = leftBytesOf(begun);
      const of = left === undefined ? {} : { of: moved + left };
      return { workedMs, bytes: { moved, ...of, perSecond: Math.round(moved / (workedMs / 1000)) } };
    };
    const running = (): Progress => {
      begunCopies.keep(order.key, begun);
      const { workedMs, bytes } = account();
      const kept = { digest: source.digest, moved: bytes.moved, workedMs };
      return { kind: "running", operation: kept, checkAfterMs: 0, bytes };
    };
    try {
      const { kind } = await copyImage(
        {
          from: registries.open(source.host, order.credential),
          fromRepository: source.path,
          to: registries.open(target.host, targetCredential),
          toRepository: target.path,
          digest: source.digest,
          ...(target.tag === undefined ? {} : { tag: target.tag }),
          ...(only === undefined ? {} : { only }),
        },
        {
          signal: AbortSignal.any([signal, limit]),
          pause: AbortSignal.timeout(Math.min(budgetMs, mostMs)),
          existing,
          known: knownAt(target.host),
          begun,
          ...(nondistributable === "bring" && { foreign }),
        },
      );
      return kind === "complete" ? { kind: "done", bytes: account().bytes } : running();
    } catch (error) {
      if (limit.aborted && !signal.aborted && error instanceof Failure && error.code === "timeout") {
        return running();
      }
      if (error instanceof Failure && error.transient) begunCopies.keep(order.key, begun);
      throw error;
    }
  }

  function knownAt(host: string): KnownBlobs {
    const known = knownByTarget.get(host) ?? createKnownBlobs();
    knownByTarget.set(host, known);
    return known;
  }
}
