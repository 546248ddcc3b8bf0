import type { Digest } from "../model/digest.ts";
import type { FailureCode } from "../model/failure.ts";
import type { Platform } from "../model/platform.ts";
import type { Repository } from "../model/reference.ts";

/** One image to bring in. The source is always named by digest: a tag may move while we import. */
export interface ImportOrder {
  /** The import's key (64 hex digits), for correlation and for idempotent names. */
  readonly key: string;
  readonly source: Repository & { readonly digest: Digest };
  /** Repository and tag at the target registry. Without a tag the manifest is brought in by its digest alone, as referrers are. */
  readonly target: Repository & { readonly tag?: string };
  /** What to do with a target tag that has another digest: `replace` only for tracked floating tags. */
  readonly existing: "keep" | "replace";
  /** Reference to the source's credential, such as `env:DOCKERHUB`; never the secret. */
  readonly credential?: string;
  /** The children of an index that are brought in, the index itself staying as it is. Absent: all of them. */
  readonly only?: readonly Platform[];
  /** Layers that their owner does not let registries distribute: left where their `urls` say (default), or brought in too. */
  readonly nondistributable?: "leave" | "bring";
  /** The disconnected site that it is for. */
  readonly site?: string;
}

/** What a method must remember between `start` and `check`: small, JSON, no secrets. Kept in the ledger row. */
export type Operation = Readonly<Record<string, string | number>>;

/** How an import goes, for people and as evidence. */
export interface Account {
  /** Where people can watch it, such as a run's log. */
  readonly link?: string;
  /**
   * Bytes moved by all calls so far; where it is known, how many there are to move, and how many went a second while the method was
   * at work.
   */
  readonly bytes?: { readonly moved: number; readonly of?: number; readonly perSecond?: number };
  /** The method that does the work, where the one that was asked chose another; and why. */
  readonly via?: string;
  readonly why?: string;
}

/**
 * Where an import stands. `running`: ask again with `check` after `checkAfterMs`, until the operation's deadline unless it
 * has none. `done`: the method says that it has finished; the digest proof follows, or `receipt` names what is the proof.
 * `refused`: it cannot work, `code` tells whether a retry may help.
 */
export type Progress = Account &
  (
    | {
        readonly kind: "running";
        readonly operation: Operation;
        readonly checkAfterMs: number;
        readonly deadline?: "none";
      }
    | { readonly kind: "done"; readonly receipt?: string }
    | { readonly kind: "refused"; readonly code: FailureCode; readonly reason: string }
  );

/**
 * A way in. Calls are short (seconds) and repeatable: a second `start` of the same order must do no harm. Throws a
 * transient `Failure` when the same call may work later.
 */
export interface Method {
  /**
   * What proves that the image is in: the digest at the target (default), or a signed receipt of a site whose registry
   * cannot be asked from here.
   */
  readonly proof?: "target" | "receipt";
  start(order: ImportOrder, signal: AbortSignal): Promise<Progress>;
  check(order: ImportOrder, operation: Operation, signal: AbortSignal): Promise<Progress>;
  /** Gives up a running operation after its deadline, where the method can; else a no-op. */
  cancel(order: ImportOrder, operation: Operation, signal: AbortSignal): Promise<void>;
}
