import { Failure } from "../model/failure.ts";
import { abortFailure } from "./network-failure.ts";
import { openWire, type Wire, type WireOptions } from "./wire.ts";

/** The connections of one origin that carry bodies one way, at most so many at a time. */
export interface Wires {
  /** `reused`: it has carried something before, so that the other side may have closed it meanwhile. */
  take(signal: AbortSignal): Promise<{ readonly wire: Wire; readonly reused: boolean }>;
  /** Back to the others, or, if it is not fit for that, to its end. */
  give(wire: Wire, state: "fit" | "unfit"): void;
  close(): void;
}

/** Many servers close a connection that has been idle for five seconds. */
const keptMs = 4_000;

export function createWires(url: URL, { most, ...opening }: WireOptions & { readonly most: number }): Wires {
  const idle: Wire[] = [];
  const open = new Set<Wire>();
  const waiting: (() => void)[] = [];
  let taken = 0;
  let closed = false;

  return {
    async take(signal) {
      await turn(signal);
      try {
        for (let wire = idle.pop(); wire !== undefined; wire = idle.pop()) {
          if (!wire.waiting) return { wire, reused: true };
          drop(wire);
        }
        const wire = await openWire(url, opening);
        open.add(wire);
        if (!closed) return { wire, reused: false };
        drop(wire);
        throw new Failure("canceled", `${url.origin}: the connections are closed`);
      } catch (error) {
        release();
        throw error;
      }
    },
    give(wire, state) {
      if (state === "unfit" || wire.broken || closed) drop(wire);
      else {
        wire.onIdle(keptMs, () => {
          const at = idle.indexOf(wire);
          if (at >= 0) drop(...idle.splice(at, 1));
        });
        idle.push(wire);
      }
      release();
    },
    close() {
      closed = true;
      drop(...open);
      idle.length = 0;
    },
  };

  /** Waits until fewer than `most` are taken. */
  async function turn(signal: AbortSignal): Promise<void> {
    if (signal.aborted) throw abortFailure(signal.reason, url.origin);
    if (taken < most) {
      taken += 1;
      return;
    }
    await new Promise<void>((resolve, reject) => {
      const next = () => {
        signal.removeEventListener("abort", leave);
        resolve();
      };
      const leave = () => {
        waiting.splice(waiting.indexOf(next), 1);
        reject(abortFailure(signal.reason, url.origin));
      };
      waiting.push(next);
      signal.addEventListener("abort", leave, { once: true });
    });
  }

  /** Whoever waits gets the place. */
  function release(): void {
    const next = waiting.shift();
    if (next === undefined) taken -= 1;
    else next();
  }

  function drop(...wires: readonly Wire[]): void {
    for (const wire of wires) {
      open.delete(wire);
      wire.destroy();
    }
  }
}
