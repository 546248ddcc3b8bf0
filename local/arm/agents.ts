/** The agents of the pools: each takes one job at a time, in the order in which they came. */
export interface Agents {
  /** Undefined for a pool that does not exist; 0 for one that is scaled to nothing. */
  count(pool: string): number | undefined;
  queueLength(pool: string): number;
  /** Runs `job` as soon as an agent of `pool` is free; returns how to take it out of the queue. */
  submit(pool: string, job: () => Promise<void>): () => void;
}

interface Pool {
  readonly agents: number;
  busy: number;
  readonly queue: (() => Promise<void>)[];
}

export function createAgents(counts: Readonly<Record<string, number>>): Agents {
  const pools = new Map<string, Pool>(
    Object.entries(counts).map(([name, agents]) => [name.toLowerCase(), { agents, busy: 0, queue: [] }]),
  );
  const poolOf = (name: string) => pools.get(name.toLowerCase());
  return {
    count: (name) => poolOf(name)?.agents,
    queueLength: (name) => poolOf(name)?.queue.length ?? 0,
    submit(name, job) {
      const pool = poolOf(name);
      pool?.queue.push(job);
      if (pool !== undefined) startNext(pool);
      return () => {
        const place = pool?.queue.indexOf(job) ?? -1;
        if (place >= 0) pool?.queue.splice(place, 1);
      };
    },
  };
}

function startNext(pool: Pool): void {
  if (pool.busy >= pool.agents) return;
  const job = pool.queue.shift();
  if (job === undefined) return;
  pool.busy += 1;
  void job().finally(() => {
    pool.busy -= 1;
    startNext(pool);
  });
}
