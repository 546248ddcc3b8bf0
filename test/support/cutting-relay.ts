import { type AddressInfo, connect, createServer, type Socket } from "node:net";

export interface CuttingRelay {
  readonly host: string;
  /** The most connections of clients at one time. */
  readonly highest: number;
  /** Connections that were cut. */
  readonly cuts: number;
  /** From now on, each new connection breaks when so many bytes have gone up (or down) on it, in turn; then no more. */
  cutAfter(way: "up" | "down", ...bytes: readonly number[]): void;
  close(): Promise<void>;
}

/**
 * Passes bytes between its clients and a server on loopback, and breaks connections where it is told to. `as: "server"` makes clients
 * name the server itself, for one that answers to nothing else.
 */
export async function startCuttingRelay(
  port: number,
  { as = "relay" }: { readonly as?: "relay" | "server" } = {},
): Promise<CuttingRelay> {
  const sockets = new Set<Socket>();
  let planned: { readonly way: "up" | "down"; readonly bytes: number }[] = [];
  let cuts = 0;
  let clients = 0;
  let highest = 0;

  const server = createServer((client) => {
    const upstream = connect(port, "127.0.0.1");
    clients += 1;
    highest = Math.max(highest, clients);
    client.on("close", () => {
      clients -= 1;
    });
    const passed = { up: 0, down: 0 };
    const pass = (from: Socket, to: Socket, way: "up" | "down") => {
      sockets.add(from);
      from
        .on("error", () => {})
        .on("close", () => {
          sockets.delete(from);
          to.destroy();
        });
      from.on("data", (piece: Buffer) => {
        const chunk = way === "up" && as === "server" ? renamed(piece) : piece;
        passed[way] += chunk.length;
        const cut = planned[0];
        // Connections are used for many requests: what counts is the first one that carries as much.
        if (cut?.way === way && passed[way] >= cut.bytes) {
          planned = planned.slice(1);
          cuts += 1;
          to.end(chunk.subarray(0, Math.max(0, chunk.length - (passed[way] - cut.bytes))), () =>
            from.destroy(),
          );
          return;
        }
        if (!to.write(chunk)) {
          from.pause();
          to.once("drain", () => from.resume());
        }
      });
    };
    pass(client, upstream, "up");
    pass(upstream, client, "down");
  });
  const renamed = (chunk: Buffer): Buffer => {
    const own = (server.address() as AddressInfo).port;
    const text = chunk.toString("latin1");
    return Buffer.from(
      text.replaceAll(`host: 127.0.0.1:${own}\r\n`, `host: 127.0.0.1:${port}\r\n`),
      "latin1",
    );
  };
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    host: `127.0.0.1:${(server.address() as AddressInfo).port}`,
    get highest() {
      return highest;
    },
    get cuts() {
      return cuts;
    },
    cutAfter(way, ...bytes) {
      planned.push(...bytes.map((each) => ({ way, bytes: each })));
    },
    async close() {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
