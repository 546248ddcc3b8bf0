/** Work that a stop must wait for. */
export interface InFlight {
  readonly size: number;
  /** Counts `work` until it settles; its failure stays the caller's matter. */
  track<T>(work: Promise<T>): Promise<T>;
  /** Settles as soon as some work is done, at once when there is none. */
  oneDone(): Promise<void>;
  /** Settles when nothing is left. */
  allDone(): Promise<void>;
}

export function createInFlight(): InFlight {
  const running = new Set<Promise<void>>();
  return {
    get size() {
      return running.size;
    },
    track: (work) => {
      const done: Promise<void> = work.then(
        () => void running.delete(done),
        () => void running.delete(done),
      );
      running.add(done);
      return work;
    },
    oneDone: async () => {
      if (running.size > 0) await Promise.race(running);
    },
    allDone: async () => {
      while (running.size > 0) await Promise.all(running);
    },
  };
}
