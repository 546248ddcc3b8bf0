import { createServer, type IncomingMessage } from "node:http";
import { createServer as createTlsServer } from "node:https";
import { type AddressInfo, connect, type Socket } from "node:net";
import type { TLSSocket, TlsOptions } from "node:tls";

/** What a CONNECT asked for, and the head of what then went through, which must look like TLS or a request. */
export interface Tunnel {
  readonly authority: string;
  readonly headers: IncomingMessage["headers"];
  /** All bytes that the client sent, as Latin-1. */
  sent: string;
}

/** An HTTP proxy that leads every name to loopback, at the port that was asked for, and notes all it sees. */
export interface ConnectProxy {
  readonly origin: string;
  readonly host: string;
  readonly tunnels: readonly Tunnel[];
  /** Requests that came without CONNECT. */
  readonly others: readonly string[];
  /** Whether each TLS connection to the proxy came with a client certificate. */
  readonly offered: readonly ("certificate" | "none")[];
  stop(): Promise<void>;
}

export interface ConnectProxyOptions {
  readonly tls?: TlsOptions;
  /** Answered instead of opening a tunnel: a status line's rest, such as `403 Forbidden`. */
  readonly refuse?: string;
  /** Sent right behind the 200, before the client has said a word. */
  readonly chatter?: string;
  /** Takes the connection and never answers. */
  readonly mute?: boolean;
  /** The port on loopback that a name leads to, in place of the one that was asked for; undefined refuses it. */
  readonly route?: (hostname: string) => number | undefined;
}

export async function startConnectProxy(options: ConnectProxyOptions = {}): Promise<ConnectProxy> {
  const { tls, refuse, chatter = "", mute = false, route } = options;
  const tunnels: Tunnel[] = [];
  const others: string[] = [];
  const offered: ("certificate" | "none")[] = [];
  const sockets = new Set<Socket>();
  const server = tls === undefined ? createServer() : createTlsServer(tls);
  server.on("connection", (socket: Socket) => {
    sockets.add(socket.on("error", () => {}));
  });
  server.on("secureConnection", (socket: TLSSocket) => {
    offered.push(Object.keys(socket.getPeerCertificate() ?? {}).length > 0 ? "certificate" : "none");
  });
  server.on("request", (request, response) => {
    others.push(`${request.method} ${request.url}`);
    response.writeHead(599).end();
  });
  server.on("connect", (request: IncomingMessage, client: Socket) => {
    const tunnel: Tunnel = { authority: request.url ?? "", headers: request.headers, sent: "" };
    tunnels.push(tunnel);
    if (mute) return;
    const [hostname = "", asked] = tunnel.authority.split(":");
    const port = route === undefined ? Number(asked) : route(hostname);
    if (refuse !== undefined || port === undefined) {
      client.end(`HTTP/1.1 ${refuse ?? "403 Forbidden"}\r\ncontent-length: 0\r\n\r\n`);
      return;
    }
    const upstream = connect(port, "127.0.0.1", () => {
      client.write(`HTTP/1.1 200 Connection established\r\n\r\n${chatter}`);
      client.pipe(upstream).pipe(client);
    });
    sockets.add(upstream.on("error", () => client.destroy()));
    client.on("error", () => upstream.destroy());
    client.on("data", (chunk: Buffer) => {
      tunnel.sent += chunk.toString("latin1");
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  return {
    origin: `${tls === undefined ? "http" : "https"}://127.0.0.1:${port}`,
    host: `127.0.0.1:${port}`,
    tunnels,
    others,
    offered,
    async stop() {
      for (const socket of sockets) socket.destroy();
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
