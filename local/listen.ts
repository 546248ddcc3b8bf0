import type { AddressInfo, Server } from "node:net";
import { Failure } from "../shared/model/failure.ts";

/** Where to listen. A number: there, or `conflict`; 0: at any free port. `usual`: there, or where somebody else is, at any free port. */
export type WantedPort = number | { readonly usual: number };

/** Listens on loopback and tells the port. It binds and does not look first: between a look and a bind another process may come. */
export async function listen(
  server: Server,
  wanted: WantedPort,
  address: "127.0.0.1" | "::1" = "127.0.0.1",
): Promise<number> {
  if (typeof wanted === "number") return bind(server, wanted, address);
  try {
    return await bind(server, wanted.usual, address);
  } catch (error) {
    if (!(error instanceof Failure) || error.code !== "conflict") throw error;
    return bind(server, 0, address);
  }
}

function bind(server: Server, port: number, address: string): Promise<number> {
  return new Promise((resolve, reject) => {
    const refuse = (cause: NodeJS.ErrnoException): void => {
      server.off("listening", accept);
      const taken = cause.code === "EADDRINUSE";
      const message = taken
        ? `port ${port} on ${address} is taken: free it or choose another`
        : `cannot listen on port ${port} of ${address}: ${cause.code ?? cause.message}`;
      reject(new Failure(taken ? "conflict" : "network", message, { cause }));
    };
    const accept = (): void => {
      server.off("error", refuse);
      resolve((server.address() as AddressInfo).port);
    };
    server.once("error", refuse);
    server.once("listening", accept);
    server.listen({ port, host: address, exclusive: true });
  });
}
