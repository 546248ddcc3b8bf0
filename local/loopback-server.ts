import { createServer, type RequestListener, type Server, type ServerOptions } from "node:http";
import { createServer as createTlsServer } from "node:https";
import type { AddressInfo } from "node:net";
import { listen, type WantedPort } from "./listen.ts";
import { refusalFor } from "./loopback-guard.ts";

export interface LoopbackServer {
  /** `http://127.0.0.1:5000` */
  readonly origin: string;
  /** `127.0.0.1:5000` */
  readonly host: string;
  readonly port: number;
  /** Ends open connections too. */
  close(): Promise<void>;
}

export interface LoopbackOptions {
  readonly handler: RequestListener;
  /** 0, the default, takes a free one. */
  readonly port?: WantedPort;
  readonly address?: "127.0.0.1" | "::1";
  /** PEM; makes it an https server. */
  readonly tls?: { readonly key: string; readonly cert: string };
  /** Whole request, headers and body; default 30 s. */
  readonly requestTimeoutMs?: number;
}

const maxHeaderBytes = 64 * 1024;
const headersTimeoutMs = 15_000;
/** Ends a connection on which nothing moves; longer than any answer of the Functions host may take (230 s). */
const idleTimeoutMs = 300_000;

/** Listens on loopback only and refuses foreign Host and Origin headers; `conflict` when the port is taken. */
export async function startLoopbackServer(options: LoopbackOptions): Promise<LoopbackServer> {
  const { handler, port = 0, address = "127.0.0.1", tls, requestTimeoutMs = 30_000 } = options;
  const limits: ServerOptions = {
    maxHeaderSize: maxHeaderBytes,
    headersTimeout: Math.min(headersTimeoutMs, requestTimeoutMs),
    requestTimeout: requestTimeoutMs,
  };
  const guarded: RequestListener = (request, response) => {
    const { host, origin } = request.headers;
    const refusal = refusalFor({ host, origin }, (server.address() as AddressInfo).port);
    if (refusal === undefined) return handler(request, response);
    response.writeHead(403, { "Content-Type": "text/plain; charset=utf-8" }).end(`${refusal}\n`);
  };
  const server =
    tls === undefined ? createServer(limits, guarded) : createTlsServer({ ...limits, ...tls }, guarded);
  server.setTimeout(idleTimeoutMs);
  const bound = await listen(server, port, address);
  const host = `${address === "::1" ? "[::1]" : address}:${bound}`;
  return {
    origin: `${tls === undefined ? "http" : "https"}://${host}`,
    host,
    port: bound,
    close: () => close(server),
  };
}

async function close(server: Server): Promise<void> {
  if (!server.listening) return;
  await new Promise<void>((resolve) => {
    server.close(() => resolve());
    server.closeAllConnections();
  });
}
