import { createServer } from "node:net";

export interface FoundPort {
  readonly port: number;
  /** `usual`: the one that was asked for. `other`: that one is taken. */
  readonly kind: "usual" | "other";
}

/** The usual port where it is free on 127.0.0.1, else any free one; never one of `not`. */
export async function findPort(usual: number, not: ReadonlySet<number> = new Set()): Promise<FoundPort> {
  if (!not.has(usual) && (await isFree(usual))) return { port: usual, kind: "usual" };
  for (;;) {
    const port = await anyFree();
    if (!not.has(port)) return { port, kind: "other" };
  }
}

async function isFree(port: number): Promise<boolean> {
  return (await tryListen(port)) !== undefined;
}

async function anyFree(): Promise<number> {
  const port = await tryListen(0);
  if (port === undefined) throw new Error("no port is free on 127.0.0.1");
  return port;
}

function tryListen(port: number): Promise<number | undefined> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once("error", () => resolve(undefined));
    server.listen({ port, host: "127.0.0.1", exclusive: true }, () => {
      const address = server.address();
      server.close(() => resolve(typeof address === "object" && address !== null ? address.port : undefined));
    });
  });
}
