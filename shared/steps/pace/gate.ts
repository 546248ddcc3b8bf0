/** Lets so many calls through at once; the others wait in their order. 0 lets all through. */
export function createGate(limit: number): <T>(call: () => Promise<T>) => Promise<T> {
  const waiting: (() => void)[] = [];
  let inside = 0;
  return async (call) => {
    if (limit > 0 && inside >= limit) await new Promise<void>((resolve) => waiting.push(resolve));
    else inside += 1;
    try {
      return await call();
    } finally {
      // The place goes on to the next one, or is free.
      const next = waiting.shift();
      if (next === undefined) inside -= 1;
      else next();
    }
  };
}
