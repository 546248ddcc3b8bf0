import type { AddressInfo } from "node:net";
import { createServer, type Socket } from "node:net";

/** A server that writes bytes as they are, proper HTTP or not, and keeps every byte that it is sent. */
export interface RawServer {
  readonly port: number;
  readonly connections: number;
  /** Heads of requests: request line and headers. */
  readonly requests: readonly string[];
  /** All that came, as latin1. */
  received(): string;
  /** To all who are connected. */
  write(text: string): void;
  close(): Promise<void>;
}

/** Calls `answer` for the head of each request. */
export async function startRawServer(
  answer: (socket: Socket, head: string) => void = (socket) => socket.destroy(),
): Promise<RawServer> {
  const sockets = new Set<Socket>();
  const requests: string[] = [];
  const bytes: Buffer[] = [];
  let connections = 0;
  const server = createServer((socket) => {
    connections += 1;
    sockets.add(socket);
    let pending = "";
    // The client goes away in the middle, as most of these tests want it to.
    socket.on("error", () => {});
    socket.on("close", () => sockets.delete(socket));
    socket.on("data", (chunk: Buffer) => {
      bytes.push(chunk);
      pending += chunk.toString("latin1");
      for (let end = pending.indexOf("\r\n\r\n"); end >= 0; end = pending.indexOf("\r\n\r\n")) {
        const head = pending.slice(0, end);
        pending = pending.slice(end + 4);
        requests.push(head);
        answer(socket, head);
      }
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    port: (server.address() as AddressInfo).port,
    get connections() {
      return connections;
    },
    requests,
    received: () => Buffer.concat(bytes).toString("latin1"),
    write: (text) => {
      for (const socket of sockets) socket.write(text);
    },
    close: async () => {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

/** Writes `piece` for as long as the other side reads. */
export function endlessly(socket: Socket, piece: Buffer): void {
  const more = (): void => {
    while (!socket.destroyed && socket.write(piece));
  };
  socket.on("drain", more);
  more();
}
