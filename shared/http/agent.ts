import { createSecureContext, getCACertificates, type SecureContext } from "node:tls";
import type undici from "undici";
import { guardedLookup, type Resolve } from "./address-guard.ts";
import type { ClientCertificate } from "./client-certificate.ts";
import type { Proxies } from "./proxies.ts";
import type { Reach } from "./reach.ts";
import { tunnelThrough } from "./tunnel.ts";
import { Agent, Pool } from "./undici.ts";

/** How connections are made: where they may go, whom they trust, as whom they come, and through which proxy. */
export interface AgentOptions {
  readonly reach: Reach;
  /** PEM certificates to trust beside the default ones. */
  readonly ca?: string;
  /** By a URL's `host[:port]`: each is offered there and nowhere else. */
  readonly clientCertificates?: ReadonlyMap<string, ClientCertificate>;
  readonly proxies?: Proxies;
  /** Connections for each origin. Default 32. */
  readonly connections?: number;
  /** Of the connections to a plain http origin. Default: none are wires. */
  readonly wires?: WireBounds;
  readonly resolve?: Resolve;
}

export interface WireBounds {
  /** How many carry bodies, each way. */
  readonly bodies: number;
  /** How many carry HEADs. */
  readonly heads: number;
  /** How many are taken out of `connections` for all that. */
  readonly taken: number;
}

const connectMs = 10_000;
const keepAliveMs = 15_000;

/** One pool per origin, whose sockets may only go where the reach permits at that origin. */
export function createAgent(options: AgentOptions): undici.Agent {
  const { reach, ca, clientCertificates, proxies, connections = 32, wires, resolve } = options;
  const anonymous = ca === undefined ? undefined : secureContextOf(ca);
  return new Agent({
    allowH2: false,
    factory: (origin, poolOptions) => {
      const url = new URL(origin);
      const addresses = reach.permit(url);
      const certificate = url.protocol === "https:" ? clientCertificates?.get(url.host) : undefined;
      const secureContext = certificate === undefined ? anonymous : secureContextOf(ca, certificate);
      const tls = { timeout: connectMs, ...(secureContext === undefined ? {} : { secureContext }) };
      const proxy = proxies?.find(url);
      return new Pool(origin, {
        ...(poolOptions as undici.Pool.Options),
        connections: url.protocol === "http:" ? connections - (wires?.taken ?? 0) : connections,
        keepAliveTimeout: keepAliveMs,
        connect:
          proxy === undefined
            ? { ...tls, lookup: guardedLookup(addresses, resolve) }
            : tunnelThrough(proxy, { url, tls, ...(anonymous === undefined ? {} : { trust: anonymous }) }),
      }) as undici.Dispatcher;
    },
  });
}

/** Made once: reading some 150 root certificates for each connection would cost more than the request. */
function secureContextOf(ca: string | undefined, certificate?: ClientCertificate): SecureContext {
  return createSecureContext({
    ...(ca === undefined ? {} : { ca: [...getCACertificates("default"), ca] }),
    ...certificate,
  });
}
