import type { Digest } from "../model/digest.ts";
import type { CopyPlan } from "./copy-plan.ts";

/** What the calls of one copy have found out and done so far, within one process. */
export interface BegunCopy {
  plan?: CopyPlan;
  /** Blobs that are at the target. */
  readonly settled: Set<Digest>;
  /** Bytes of each blob that have arrived. */
  readonly arrived: Map<Digest, number>;
  /** Bytes that have been moved from source to target. */
  moved: number;
}

export function beginCopy(): BegunCopy {
  return { settled: new Set(), arrived: new Map(), moved: 0 };
}

/** Bytes of blobs that may still have to be moved; undefined before there is a plan. */
export function leftBytesOf({ plan, settled, arrived }: BegunCopy): number | undefined {
  return plan?.blobs
    .filter(({ digest }) => !settled.has(digest))
    .reduce((sum, { digest, size }) => sum + size - (arrived.get(digest) ?? 0), 0);
}

/** Copies that wait for their next call. What a copy has found out spares the next call the questions, for a while. */
export interface BegunCopies {
  /** The copy as it was left, or a new one. */
  take(key: string): BegunCopy;
  keep(key: string, copy: BegunCopy): void;
  forget(key: string): void;
}

const most = 500;
/** Longer ago, a target may have collected what no manifest names. */
const validMs = 10 * 60_000;

export function createBegunCopies(now: () => number = Date.now): BegunCopies {
  const copies = new Map<string, { readonly copy: BegunCopy; readonly at: number }>();
  return {
    take(key) {
      const found = copies.get(key);
      copies.delete(key);
      return found !== undefined && now() - found.at <= validMs ? found.copy : beginCopy();
    },
    keep(key, copy) {
      copies.set(key, { copy, at: now() });
      const oldest = copies.size > most ? copies.keys().next().value : undefined;
      if (oldest !== undefined) copies.delete(oldest);
    },
    forget: (key) => void copies.delete(key),
  };
}
