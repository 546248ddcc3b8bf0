import { request as secureRequest } from "node:https";
import type { Socket } from "node:net";
import type { SecureContext } from "node:tls";
import type undici from "undici";
import { Failure } from "../model/failure.ts";
import { networkFailure } from "./network-failure.ts";
import type { HttpProxy } from "./proxies.ts";
import { buildConnector } from "./undici.ts";

// An import of it would load the fetch and WebSocket that it also names: 30 ms and 9 MiB of every process.
const { request: plainRequest } = process.getBuiltinModule("node:http");

interface TunnelOptions {
  /** Where the tunnel ends: the origin that is asked for. */
  readonly url: URL;
  /** For the connection to that origin, inside the tunnel. */
  readonly tls: { readonly timeout: number; readonly secureContext?: SecureContext };
  /** For the connection to a proxy that is reached by https; never with a client certificate. */
  readonly trust?: SecureContext;
}

/**
 * Makes undici's connections to one origin through a proxy by CONNECT, plain http too: the proxy sees a host and a port,
 * and TLS is spoken with the origin itself. Source: RFC 9110, section 9.3.6.
 */
export function tunnelThrough(proxy: HttpProxy, options: TunnelOptions): undici.buildConnector.connector {
  const { url, tls } = options;
  const secure = buildConnector({ ...tls, allowH2: false });
  return (target, callback) => {
    openTunnel(proxy, options).then(
      (socket) => {
        if (url.protocol === "https:") secure({ ...target, httpSocket: socket }, callback);
        else callback(null, socket);
      },
      (error: Error) => callback(error, null),
    );
  };
}

function openTunnel(proxy: HttpProxy, { url, tls, trust }: TunnelOptions): Promise<Socket> {
  const authority = `${url.hostname}:${url.port || (url.protocol === "https:" ? 443 : 80)}`;
  const place = `CONNECT ${authority} through the proxy ${proxy.url.host}`;
  return new Promise((resolve, reject) => {
    const send = proxy.url.protocol === "https:" ? secureRequest : plainRequest;
    const request = send({
      method: "CONNECT",
      path: authority,
      host: proxy.url.hostname.replace(/^\[(.*)\]$/, "$1"),
      port: proxy.url.port || (proxy.url.protocol === "https:" ? 443 : 80),
      agent: false,
      headers: {
        host: authority,
        "user-agent": "wharfgate",
        ...(proxy.authorization === undefined ? {} : { "proxy-authorization": proxy.authorization }),
      },
      ...(trust === undefined ? {} : { secureContext: trust }),
    });
    const late = setTimeout(() => {
      request.destroy(new Failure("timeout", `${place}: no answer within ${tls.timeout} ms`));
    }, tls.timeout);
    request.once("connect", (answer, socket: Socket, head) => {
      clearTimeout(late);
      const failure = refusal(answer.statusCode ?? 0, head, place);
      if (failure === undefined) {
        resolve(socket);
        return;
      }
      socket.on("error", () => {}).destroy();
      reject(failure);
    });
    request.once("error", (error) => {
      clearTimeout(late);
      reject(networkFailure(error, place));
    });
    request.end();
  });
}

function refusal(status: number, head: Uint8Array, place: string): Failure | undefined {
  const context = { status };
  if (status === 407) {
    const advice = "the proxy wants a user name and a password, or others: put them into its URL";
    return new Failure("forbidden", `${place}: ${advice}`, { context });
  }
  if (status >= 500) return new Failure("unavailable", `${place}: the proxy says ${status}`, { context });
  if (status < 200 || status > 299) {
    return new Failure("forbidden", `${place}: the proxy says ${status}: it must let this host through`, {
      context,
    });
  }
  // Whoever speaks before we have asked anything is not the server that we want.
  if (head.length === 0) return undefined;
  return new Failure("protocol", `${place}: the proxy sends something of its own`, { context });
}
